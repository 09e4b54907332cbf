# SPDX-License-Identifier: Apache-2.0
"""The models of the full zoo, parents before children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from zoo.full.bases import BASES, CHECKPOINTS
from zoo.full.spec import Item
from zoo.full.trained import trained
from zoo.full.untrained import untrained

PLAN: tuple[Item, ...] = (*BASES, *CHECKPOINTS, *trained(), *untrained())

SEEDS = frozenset({"seed", "init_seed", "data_seed"})
OFFSET = 100_000


def replica(number: int) -> tuple[Item, ...]:
    """The same plan with other seeds throughout: models that no choice has looked at.

    Args:
        number: 0 for the plan itself, 1 and up for replicas of it.
    """
    if number == 0:
        return PLAN
    return tuple(
        replace(item, recipe=_shifted_recipe(item.recipe, number * OFFSET))
        for item in PLAN
    )


def _shifted_recipe(recipe: Mapping[str, object], by: int) -> dict[str, object]:
    return {
        key: value + by
        if key in SEEDS and isinstance(value, int)
        else _shifted(value, by)
        for key, value in recipe.items()
    }


def _shifted(value: object, by: int) -> object:
    if isinstance(value, Mapping):
        return _shifted_recipe(value, by)
    if isinstance(value, (list, tuple)):
        return [_shifted(inner, by) for inner in value]
    return value
