# SPDX-License-Identifier: Apache-2.0
"""What the stored shapes of a module tell: width, orientation, sizes of the heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from parentage.model.assign import Item
from parentage.model.geometry import HIDDEN, Claims, Geometry, size, solve
from parentage.model.layout import sides
from parentage.model.roles import ROLES

PACKED: Final = frozenset(
    {"BOOL", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "F8_E8M0"}
)
"""Formats in which a matrix cannot be read as one number per weight."""

_FACTS: Final[dict[tuple[str, ...], str]] = {
    ("q_proj",): "q",
    ("k_proj",): "k",
    ("v_proj",): "v",
    ("o_proj",): "o",
    ("q_proj", "k_proj", "v_proj"): "qkv",
    ("q_norm",): "q_norm",
    ("attention_sinks",): "sinks",
    ("q_b_nope", "q_b_rope"): "q_b",
    ("q_nope", "q_rope"): "q_b",
    ("kv_a_proj", "k_rope_proj"): "kv_a",
    ("kv_a_norm",): "kv_a_norm",
    ("k_b_proj", "v_b_proj"): "kv_b",
}


def width_of(items: Sequence[Item], config: Mapping[str, object]) -> int | None:
    """Width of the residual stream: the length that most norms have."""
    lengths: Counter[int] = Counter()
    for item in items:
        if ROLES[item.rule.roles[0]] == ("residual",) and not item.rule.stacked:
            lengths[item.stored.size] += 1
    if lengths:
        return lengths.most_common(1)[0][0]
    return size(config, *HIDDEN)


def turned(items: Sequence[Item], width: int | None) -> dict[int, bool]:
    """Which matrices are stored the other way round than their rule says.

    Shapes decide where the width of the residual stream stands on one side only;
    square matrices follow the others.
    """
    decided: dict[int, bool] = {}
    open_items: list[int] = []
    for number, item in enumerate(items):
        rule = item.rule
        if item.rule.block in {"embedding", "head", "other", "norms"}:
            continue
        found = sides(rule, item.stored)
        if found is None or found[1] is None:
            continue
        if ROLES[rule.roles[0]][-1:] != ("residual",):
            continue
        unit, other = found
        if width is not None and (unit == width) != (other == width):
            decided[number] = unit == width
        else:
            open_items.append(number)
    plain = [decided[n] for n in decided if not items[n].rule.stacked]
    everywhere = bool(plain) and all(plain)
    return decided | dict.fromkeys(open_items, everywhere)


def geometries(
    items: Sequence[Item], flips: dict[int, bool], claim: Claims
) -> dict[tuple[int | None, str], Geometry]:
    """Sizes of the heads for each attention block of each layer."""
    facts: dict[tuple[int | None, str], dict[str, int]] = {}
    for number, item in enumerate(items):
        word = _FACTS.get(item.rule.roles)
        if word is None or item.stored.dtype in PACKED:
            continue
        found = sides(item.rule, item.stored, flip=flips.get(number, False))
        if found is not None and found[0] > 0:
            facts.setdefault((item.layer, item.rule.block), {})[word] = found[0]

    @cache
    def solved(known: tuple[tuple[str, int], ...]) -> Geometry:
        return solve(dict(known), claim)

    return {
        place: solved(tuple(sorted(known.items()))) for place, known in facts.items()
    }
