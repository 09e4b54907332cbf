# SPDX-License-Identifier: Apache-2.0
"""Names of what has points: ``total``, ``part``, ``part.item``, its criteria."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from parentage.program.stage import Stage

TOTAL: Final = "total"


def paths_of(stage: Stage) -> dict[str, Decimal]:
    """Every path and its points, from the total down."""
    found = {TOTAL: stage.points}
    for part in stage.parts:
        found[part.id] = part.points
        for item in part.items:
            found[f"{part.id}.{item.id}"] = item.points
            for criterion in item.criteria:
                found[f"{part.id}.{item.id}.{criterion.id}"] = criterion.points
    return found


def items_under(stage: Stage, path: str) -> tuple[str, ...]:
    """The items that add up to a total, a part or an item."""
    every = tuple(name for name, _ in stage.items())
    if path == TOTAL:
        return every
    return tuple(name for name in every if name == path or name.startswith(f"{path}."))
