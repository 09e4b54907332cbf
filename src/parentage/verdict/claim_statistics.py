# SPDX-License-Identifier: Apache-2.0
"""The statistics that published claims name, as data: ``claim_statistics.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final, Literal

ControlKind = Literal["shuffled", "independent", "mismatched", "random", "positive"]

CONTROL_KINDS: Final[tuple[ControlKind, ...]] = (
    "shuffled",
    "random",
    "mismatched",
    "independent",
    "positive",
)
"""Controls from the cheapest to the one that needs a further, related model."""

NEGATIVE: Final[frozenset[str]] = frozenset(
    {"shuffled", "random", "mismatched", "independent"}
)
"""Controls in which nothing is related: what reaches the claimed value is an error."""


@dataclass(frozen=True)
class Statistic:
    """A statistic of one subject, such as the cosine of norm gains.

    Attributes:
        id: ``statistic/subject``.
        related: on which side related models lie.
        never: why no value of it is evidence of descent; ``None`` if it may be.
        scores: name of its scores on known pairs, if they were measured.
        baseline: name of the published method in the accuracy benchmark.
        controls: what must be shown beside it.
        exact: agreement cannot come about by chance.
    """

    id: str
    related: Literal["high", "low"]
    never: str | None = None
    scores: str | None = None
    baseline: str | None = None
    controls: tuple[ControlKind, ...] = ()
    exact: bool = False

    def reaches(self, value: float, claimed: float) -> bool:
        """Whether a value speaks for a relation at least as much as the claimed one."""
        return value >= claimed if self.related == "high" else value <= claimed


@cache
def statistics() -> Mapping[str, Statistic]:
    """Every known statistic by ``statistic/subject``."""
    file = resources.files("parentage.verdict").joinpath("claim_statistics.toml")
    rows = tomllib.loads(file.read_text("utf-8"))
    found = {}
    for name, row in rows.items():
        row["controls"] = tuple(row["controls"])
        found[name] = Statistic(name, **row)
    return MappingProxyType(found)
