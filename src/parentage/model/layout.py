# SPDX-License-Identifier: Apache-2.0
"""From storage to canonical views: fused, transposed and stacked tensors taken apart.

Every stored weight lands in exactly one view. Where the size of the heads is not
known, a role that needs it gives way to one that does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from parentage.model.description import Range, Stored, View
from parentage.model.families import Rule
from parentage.model.geometry import Geometry
from parentage.model.roles import COLUMNS, ROLES

_WITHOUT_HEADS: Final = {
    "q_proj": "q_rows",
    "k_proj": "k_rows",
    "v_proj": "v_rows",
    "o_proj": "o_rows",
}
MAX_EXPERTS: Final = 4096
"""A longer first axis does not count experts."""

_SIZES: Final = {
    "q_proj": ("heads", "head_dim"),
    "q_bias": ("heads", "head_dim"),
    "q_norm_wide": ("heads", "head_dim"),
    "k_proj": ("kv_heads", "head_dim"),
    "k_bias": ("kv_heads", "head_dim"),
    "k_norm_wide": ("kv_heads", "head_dim"),
    "v_proj": ("kv_heads", "value_dim"),
    "v_bias": ("kv_heads", "value_dim"),
    "o_proj": ("heads", "value_dim"),
    "q_nope": ("heads", "nope_dim"),
    "q_rope": ("heads", "rope_dim"),
    "q_b_nope": ("heads", "nope_dim"),
    "q_b_rope": ("heads", "rope_dim"),
    "k_b_proj": ("heads", "nope_dim"),
    "v_b_proj": ("heads", "value_dim"),
}
"""Role -> the sizes of its two leading axes, by their names in a geometry."""

_FLEXIBLE: Final = frozenset({"patch_embedding", "input_conv"})
"""Roles whose stored axes after the first are one canonical axis."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A canonical tensor before it knows its module and layer."""

    role: str
    axes: tuple[str, ...]
    expert: int | None
    view: View


def sides(
    rule: Rule, stored: Stored, *, flip: bool = False
) -> tuple[int, int | None] | None:
    """Lengths of the unit axes (heads, neurons, rows) and of the other axis.

    Returns:
        The second is ``None`` for a vector; the whole is ``None`` where the stored
        shape cannot be what the rule says.
    """
    inner = stored.shape[1:] if rule.stacked else stored.shape
    role = rule.roles[0]
    if rule.stacked and not 0 < (*stored.shape, 0)[0] <= MAX_EXPERTS:
        return None
    if _is_vector(role):
        if any(n != 1 for n in inner[:-1]):
            return None
        return math.prod(inner), None
    pair = _as_matrix(role, inner)
    if pair is None:
        return None
    return (pair[1], pair[0]) if swapped(rule, flip=flip) else pair


def swapped(rule: Rule, *, flip: bool) -> bool:
    """Whether the unit axes come second in storage."""
    return (rule.transposed != flip) != (rule.roles[0] in COLUMNS)


def whole(stored: Stored, role: str = "other") -> Piece:
    """The stored tensor as it is."""
    rank = len(stored.shape)
    axes = ROLES[role] or ("other",) * rank
    full: tuple[Range, ...] = tuple((0, n) for n in stored.shape)
    return Piece(
        role=role,
        axes=axes,
        expert=None,
        view=View(stored.name, stored.shape, full, tuple(range(rank))),
    )


def expand(
    rule: Rule, stored: Stored, geometry: Geometry, *, flip: bool = False
) -> list[Piece]:
    """Canonical tensors of one stored tensor.

    Args:
        rule: what its name means.
        stored: its name and shape.
        geometry: sizes of the heads around it.
        flip: stored the other way round than the rule says.

    Returns:
        The pieces, or the whole tensor as ``other`` where its shape is not what its
        role needs.
    """
    found = sides(rule, stored, flip=flip)
    if found is None or rule.roles == ("other",):
        return [whole(stored)]
    unit, width = found
    parts = list(_parts(rule, unit, geometry))
    if not parts and "residual" in ROLES[rule.roles[0]] and width is not None:
        parts = [("residual_rows", (unit,), ((0, unit),), (0,))]
    if not parts:
        return [whole(stored)]
    lead = stored.shape[:1] if rule.stacked else ()
    swap = width is not None and swapped(rule, flip=flip)
    return [
        piece for part in parts for piece in _place(part, lead, stored, width, swap)
    ]


_Part = tuple[str, tuple[int, ...], tuple[Range, ...], tuple[int, ...]]


def _is_vector(role: str) -> bool:
    axes = ROLES[role]
    return len(axes) == 1 or axes in {("head", "head_dim"), ("kv_head", "head_dim")}


def _as_matrix(role: str, inner: tuple[int, ...]) -> tuple[int, int] | None:
    """Stored shape as two axes: leading ones dropped, kernels flattened."""
    if role in _FLEXIBLE and len(inner) >= 2:
        return inner[0], math.prod(inner[1:])
    while len(inner) > 2 and inner[0] == 1:
        inner = inner[1:]
    return (inner[0], inner[1]) if len(inner) == 2 else None


def _heads(role: str, geometry: Geometry) -> tuple[int | None, int | None]:
    """Heads and dims of the two leading axes of a role."""
    heads, dim = _SIZES.get(role, ("", ""))
    return getattr(geometry, heads, None), getattr(geometry, dim, None)


def _parts(rule: Rule, unit: int, geometry: Geometry) -> Iterator[_Part]:
    """Grid, ranges and kept axes of each role along the unit axis."""
    roles = rule.roles
    if len(roles) == 1:
        yield from _single(roles[0], unit, geometry)
    elif rule.split == "interleaved":
        if unit % len(roles) == 0:
            grid = (unit // len(roles), len(roles))
            for i, role in enumerate(roles):
                yield role, grid, ((0, grid[0]), (i, i + 1)), (0,)
    elif rule.split == "heads":
        yield from _by_head(roles, unit, geometry)
    else:
        yield from _blocks(roles, unit, geometry)


def _single(role: str, unit: int, geometry: Geometry) -> Iterator[_Part]:
    axes = ROLES[role]
    if axes[:2] in {("head", "head_dim"), ("kv_head", "head_dim")}:
        heads, dim = _heads(role, geometry)
        if heads and dim and heads * dim == unit:
            yield role, (heads, dim), ((0, heads), (0, dim)), (0, 1)
        elif role in _WITHOUT_HEADS:
            yield _WITHOUT_HEADS[role], (unit,), ((0, unit),), (0,)
        return
    if role in {"q_norm", "k_norm"} and geometry.head_dim not in {None, unit}:
        yield from _single(f"{role}_wide", unit, geometry)
        return
    yield role, (unit,), ((0, unit),), (0,)


def _by_head(roles: tuple[str, ...], unit: int, geometry: Geometry) -> Iterator[_Part]:
    sizes = [_heads(role, geometry) for role in roles]
    heads = sizes[0][0]
    dims = [dim for count, dim in sizes if dim and count == heads]
    if not heads or len(dims) != len(roles) or heads * sum(dims) != unit:
        return
    start = 0
    for role, dim in zip(roles, dims, strict=True):
        select = ((0, heads), (start, start + dim))
        yield role, (heads, sum(dims)), select, (0, 1)
        start += dim


def _blocks(roles: tuple[str, ...], unit: int, geometry: Geometry) -> Iterator[_Part]:
    if len(ROLES[roles[0]]) > 1 and ROLES[roles[0]][1] == "head_dim":
        counts = [_heads(role, geometry) for role in roles]
        dim = geometry.head_dim
        sizes = [count for count, own in counts if count and own == dim]
        grid: tuple[int, ...] = (sum(sizes), dim or 0)
        if not dim or len(sizes) != len(roles) or sum(sizes) * dim != unit:
            rows = geometry.rows
            if rows is None or sum(rows) != unit or roles[0] not in _WITHOUT_HEADS:
                return
            roles = tuple(_WITHOUT_HEADS[role] for role in roles)
            sizes, grid = list(rows), (unit,)
    elif roles == ("kv_a_proj", "k_rope_proj"):
        rope = geometry.rope_dim or 0
        if not 0 < rope < unit:
            return
        sizes, grid = [unit - rope, rope], (unit,)
    else:
        if unit % len(roles):
            return
        sizes, grid = [unit // len(roles)] * len(roles), (unit,)
    start = 0
    for role, count in zip(roles, sizes, strict=True):
        rest = tuple((0, n) for n in grid[1:])
        yield role, grid, ((start, start + count), *rest), tuple(range(len(grid)))
        start += count


def _place(
    part: _Part,
    lead: tuple[int, ...],
    stored: Stored,
    residual: int | None,
    swap: bool,
) -> Iterator[Piece]:
    """Views of one role, one for each stacked expert."""
    role, units, ranges, kept = part
    width = () if residual is None else (residual,)
    full = tuple((0, n) for n in width)
    shift = len(lead)
    if swap:
        grid, select = (*width, *units), (*full, *ranges)
        order = (*(shift + 1 + axis for axis in kept), shift)
    else:
        grid, select = (*units, *width), (*ranges, *full)
        last = range(shift + len(units), shift + len(grid))
        order = (*(shift + axis for axis in kept), *last)
    for expert in range(lead[0]) if lead else (None,):
        front = () if expert is None else ((expert, expert + 1),)
        view = View(stored.name, (*lead, *grid), (*front, *select), order)
        yield Piece(role=role, axes=ROLES[role], expert=expert, view=view)
