# SPDX-License-Identifier: Apache-2.0
"""The catalogue of checks of training records: what each proves and how it is forged.

The texts are data (``record_catalogue.toml``), as those of the methods on weights are;
``docs/training.md`` and the report show the same words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from parentage.evidence.base import Grade

Part = Literal["packet", "curves", "compute", "initialisation", "chain", "replay"]


@dataclass(frozen=True)
class RecordCheck:
    """One entry of the catalogue.

    Attributes:
        id: stable name, such as ``loss-start``.
        title: name for people.
        part: the part of the report that it belongs to.
        grade: ``exact``, ``calibrated`` or ``descriptive``.
        question: what it asks.
        proves: what a good outcome shows, and what it does not.
        forged_by: how a record could be made to pass it.
        needs: id of the piece of the packet that it needs.
    """

    id: str
    title: str
    part: Part
    grade: Grade
    question: str
    proves: str
    forged_by: str
    needs: str


@cache
def record_checks() -> Mapping[str, RecordCheck]:
    """All checks by id, in the order in which reports show them."""
    text = resources.files("parentage.evidence").joinpath("record_catalogue.toml")
    data = tomllib.loads(text.read_text("utf-8"))
    return MappingProxyType({n: RecordCheck(n, **row) for n, row in data.items()})
