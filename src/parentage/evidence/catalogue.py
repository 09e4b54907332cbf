# SPDX-License-Identifier: Apache-2.0
"""The catalogue of methods: what each asks, assumes and cannot see.

The texts are data (``catalogue.toml``): the command line, the HTML report and the
pages under ``docs/methods`` all show the same words. A new method is one file beside
this one, one table there and one page in the docs.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from parentage.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parentage.evidence.base import Grade


@dataclass(frozen=True)
class Method:
    """One entry of the catalogue.

    Attributes:
        id: stable name, such as ``sign-coins``.
        title: name for people.
        grade: ``exact``, ``calibrated`` or ``descriptive``.
        question: what it asks.
        statistic: the number it computes.
        null: the hypothesis under which that number has a known distribution.
        assumptions: what the p-value rests on.
        blind_spots: what it cannot see.
        cost: what has to be read and computed.
        reference: where it comes from.
    """

    id: str
    title: str
    grade: Grade
    question: str
    statistic: str
    null: str
    assumptions: tuple[str, ...]
    blind_spots: tuple[str, ...]
    cost: str
    reference: str

    def to_json(self) -> dict[str, object]:
        """The entry as plain data."""
        return {
            "id": self.id,
            "title": self.title,
            "grade": self.grade,
            "question": self.question,
            "statistic": self.statistic,
            "null": self.null,
            "assumptions": list(self.assumptions),
            "blind_spots": list(self.blind_spots),
            "cost": self.cost,
            "reference": self.reference,
        }


@cache
def methods() -> Mapping[str, Method]:
    """All methods by id, in the order in which reports show them."""
    text = resources.files("parentage.evidence").joinpath("catalogue.toml")
    data = tomllib.loads(text.read_text("utf-8"))
    return MappingProxyType(
        {
            name: Method(
                id=name,
                title=row["title"],
                grade=row["grade"],
                question=row["question"],
                statistic=row["statistic"],
                null=row["null"],
                assumptions=tuple(row["assumptions"]),
                blind_spots=tuple(row["blind_spots"]),
                cost=row["cost"],
                reference=row["reference"],
            )
            for name, row in data.items()
        }
    )


def method(name: str) -> Method:
    """One method by id.

    Raises:
        UsageError: there is no such method; the message lists those there are.
    """
    found = methods().get(name)
    if found is None:
        raise UsageError(
            f"there is no method {name!r}", expected="one of " + ", ".join(methods())
        )
    return found
