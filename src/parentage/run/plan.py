# SPDX-License-Identifier: Apache-2.0
"""Read plans: which rectangle of each tensor to read, decided before looking.

A plan depends on shapes, budget and seed only, never on values or on how a tensor is
stored, so that the same weights give the same numbers in any layout. Every tensor of
a role is cut to the same rectangle in all layers (all pairs of layers are compared),
and tensors larger than a common cap are cut down to it, so that no module, layer or
role is left without bytes.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from parentage.evidence.units import rotary_classes
from parentage.model.description import Attention, Range, Tensor
from parentage.run.pairing import BlockPair, ModulePair, RolePair, Slot

Cut = tuple[tuple[Range, ...], ...]
"""For each canonical axis, the half-open ranges to read."""

CUT_AXIS = {
    "down_proj": "residual",
    "fc_out": "residual",
    "mlp_columns": "residual",
    "projector_out": "residual",
    "o_proj": "residual",
    "router": "residual",
    "token_embedding": "vocab",
    "lm_head": "vocab",
    "position_embedding": "position",
    "token_type_embedding": "position",
    "k_b_proj": "head",
    "v_b_proj": "head",
    "q_b_nope": "head",
    "q_b_rope": "head",
    "q_nope": "head",
    "q_rope": "head",
    "residual_rows": "other",
}
"""Axis to shorten when a tensor is larger than the cap; the first axis otherwise.

Tensors whose *columns* are units (``down_proj``) are cut along the features, so that
every unit is seen; tensors whose rows are units are cut along the units.
"""

LEAST_ROWS = 32
"""Rows that a tensor gets in any case, if its module's share of the budget allows.

A common cap alone would leave the embedding of a model with tens of thousands of
tensors a single row, from which nothing can be told.
"""

SHARE_OF_MODULE = 32
"""One part in so many of the budget is a module's share, however few its tensors."""

MIN_EXPERT_BYTES = 32 << 10
"""Experts are left out before each gets less than this."""


@dataclass(frozen=True)
class Plan:
    """What to read of a pair of models.

    Attributes:
        cuts: (module, reference module, block, reference block, role) -> rectangle.
        experts: (module, reference module, block, reference block) -> experts read.
        cap: bytes of each tensor that are read at most.
        predicted: bytes that the plan reads of candidate and reference.
        sizes: the same for each role of each block.
    """

    cuts: dict[tuple[str, str, str, str, str], Cut]
    experts: dict[tuple[str, str, str, str], tuple[int, ...]]
    cap: int
    predicted: tuple[int, int]
    sizes: dict[tuple[str, str, str, str, str], tuple[int, int]] = field(
        default_factory=dict
    )

    def of_modules(self, module: str, reference_module: str) -> tuple[int, int]:
        """Bytes that are read of one module and one of the reference."""
        chosen = [
            size
            for key, size in self.sizes.items()
            if key[:2] == (module, reference_module)
        ]
        return sum(a for a, _ in chosen), sum(b for _, b in chosen)

    def digest(self) -> str:
        """SHA-256 of every rectangle and expert, whatever the order they are in."""
        content = sorted((repr(key), repr(cut)) for key, cut in self.cuts.items())
        content += sorted((repr(key), repr(e)) for key, e in self.experts.items())
        return hashlib.sha256(repr(content).encode()).hexdigest()


@dataclass(frozen=True)
class _Item:
    key: tuple[str, str, str, str, str]
    role: RolePair
    shape: tuple[int, ...]
    count: tuple[int, int]
    itemsize: tuple[int, int]
    attention: Attention | None
    least: int = 0

    def cap(self, cap: int) -> int:
        """Bytes of each tensor: the common cap, or some rows for a small module."""
        return max(cap, self.least)


def block_key(pair: ModulePair, block: BlockPair) -> tuple[str, str, str, str]:
    """Key of a block in a plan."""
    return (
        pair.candidate.name,
        pair.reference.name,
        block.block,
        block.reference_block,
    )


def common_shape(pair: ModulePair, role: RolePair) -> tuple[int, ...]:
    """Shape of the index range that all tensors of a role share.

    Matched residual dims are counted from 0; the reader knows their numbers.
    """
    shapes = [t.shape for t in (*role.candidate.values(), *role.reference.values())]
    shape = [min(sizes) for sizes in zip(*shapes, strict=True)]
    for axis in range(len(shape)):
        dims = pair.matched(axis, role)
        if dims is not None:
            shape[axis] = len(dims.candidate)
    return tuple(shape)


def make_plan(
    pairs: list[ModulePair],
    *,
    budgets: tuple[int, int],
    itemsize: dict[str, int],
    seed: int,
) -> Plan:
    """Spread the byte budgets of both models over the pairs of modules.

    Args:
        pairs: from :func:`parentage.run.pairing.pair_modules`.
        budgets: bytes that may be read of candidate and reference.
        itemsize: bytes per element of each stored format.
        seed: decides where rectangles begin.
    """
    known = [
        _Known.of(pair, block, role, itemsize)
        for pair in pairs
        for block in pair.blocks
        for role in block.roles
    ]
    experts = _choose_experts(pairs, known, budgets, seed)
    items = _items(known, experts, budgets)
    cap = _cap(items, budgets)
    cuts = {item.key: _cut(item, item.cap(cap), seed) for item in items}
    sizes: dict[tuple[str, str, str, str, str], tuple[int, int]] = {}
    for item in items:
        elements = math.prod(
            sum(stop - start for start, stop in axis) for axis in cuts[item.key]
        )
        left, right = (
            elements * count * itemsize
            for count, itemsize in zip(item.count, item.itemsize, strict=True)
        )
        sizes[item.key] = (left, right)
    totals = [sum(size[side] for size in sizes.values()) for side in (0, 1)]
    return Plan(cuts, experts, cap, (totals[0], totals[1]), sizes)


def selected(role: dict[Slot, Tensor], experts: Iterable[int]) -> dict[Slot, Tensor]:
    """Tensors that a plan reads: all without an expert, and the chosen experts."""
    chosen = frozenset(experts)
    return {s: t for s, t in role.items() if s[1] is None or s[1] in chosen}


@dataclass(frozen=True)
class _Known:
    """What plans need of a role, found out once.

    ``tallies`` holds, for both sides and each expert, the number of tensors and the
    largest bytes of an element.
    """

    key: tuple[str, str, str, str, str]
    role: RolePair
    shape: tuple[int, ...]
    tallies: tuple[dict[int | None, tuple[int, int]], ...]
    attention: Attention | None

    @classmethod
    def of(
        cls,
        pair: ModulePair,
        block: BlockPair,
        role: RolePair,
        itemsize: dict[str, int],
    ) -> _Known:
        tallies = []
        for side in (role.candidate, role.reference):
            tally: dict[int | None, tuple[int, int]] = {}
            for (_, expert), tensor in side.items():
                count, size = tally.get(expert, (0, 0))
                larger = max(size, itemsize.get(tensor.dtype, 0))
                tally[expert] = (count + 1, larger)
            tallies.append(tally)
        return cls(
            (*block_key(pair, block), role.role),
            role,
            common_shape(pair, role),
            tuple(tallies),
            pair.candidate.attention,
        )


def _items(
    known: list[_Known],
    experts: dict[tuple[str, str, str, str], tuple[int, ...]],
    budgets: tuple[int, int],
) -> list[_Item]:
    items = []
    for one in known:
        chosen = (None, *experts[one.key[:4]])
        sides = [[t[e] for e in chosen if e in t] for t in one.tallies]
        counts = [sum(count for count, _ in side) for side in sides]
        sizes = [max((size for _, size in side), default=0) for side in sides]
        if 0 in counts or 0 in sizes:
            continue
        items.append(
            _Item(
                one.key,
                one.role,
                one.shape,
                (counts[0], counts[1]),
                (sizes[0], sizes[1]),
                one.attention,
            )
        )
    tensors: Counter[tuple[str, ...]] = Counter()
    for item in items:
        tensors[item.key[:2]] += max(item.count)
    room = min(budgets) // max(SHARE_OF_MODULE, 2 * len(tensors))
    return [
        replace(
            item,
            least=min(
                room // tensors[item.key[:2]],
                LEAST_ROWS * item.shape[-1] * max(item.itemsize),
            ),
        )
        for item in items
    ]


def _cap(items: list[_Item], budgets: tuple[int, int]) -> int:
    """Largest cap per tensor that keeps both models within their budgets."""

    def needed(cap: int, side: int) -> int:
        total = 0
        for item in items:
            whole = math.prod(item.shape) * max(item.itemsize)
            vector = len(item.shape) == 1
            share = item.itemsize[side] / max(item.itemsize)
            part = whole if vector else min(whole, item.cap(cap))
            total += int(part * share) * item.count[side]
        return total

    low, high = 0, max((math.prod(i.shape) * max(i.itemsize) for i in items), default=1)
    if all(needed(high, side) <= budgets[side] for side in (0, 1)):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if all(needed(middle, side) <= budgets[side] for side in (0, 1)):
            low = middle
        else:
            high = middle
    return low


def seeded(seed: int, *words: object) -> np.random.Generator:
    """Draws that depend on a seed and on what they are for, nothing else."""
    text = "/".join(str(w) for w in (seed, *words))
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def _cut(item: _Item, cap: int, seed: int) -> Cut:
    shape, role = item.shape, item.role.role
    whole: Cut = tuple(((0, size),) for size in shape)
    size = max(item.itemsize)
    if math.prod(shape) * size <= cap or len(shape) == 1:
        return whole  # vectors share one relabelling: all dims of all of them
    rng = seeded(seed, item.key[0], item.key[2], role, shape)
    if role in {"q_proj", "k_proj"}:
        return _cut_heads(item, cap // size, seed)
    axis = item.role.axes.index(CUT_AXIS.get(role, item.role.axes[0]))
    if role in {"v_proj", "v_rows"} and len(shape) == 3:
        return _cut_values(shape, cap // size)
    per_index = math.prod(shape) // shape[axis] * size
    keep = max(0, cap // max(per_index, 1))
    if keep >= 2:
        keep -= keep % 2
    start = int(rng.integers(0, shape[axis] - keep + 1))
    start -= start % 2  # pairs (2k, 2k+1) must be read together
    cut = list(whole)
    cut[axis] = ((start, start + keep),)
    return tuple(cut)


def _cut_values(shape: tuple[int, ...], elements: int) -> Cut:
    """Value rows: whole heads, or the first rows of one."""
    rows = elements // shape[2]
    heads = min(shape[0], rows // shape[1])
    if heads >= 1:
        return (((0, heads),), ((0, shape[1]),), ((0, shape[2]),))
    return (((0, min(1, shape[0])),), ((0, rows),), ((0, shape[2]),))


def _cut_heads(item: _Item, elements: int, seed: int) -> Cut:
    """Query and key rows: the same few dims of the same key-value heads in both.

    Dims are chosen in sets that rotary positions keep together. Of the query heads
    that share a key-value head one is read.
    """
    heads, head_dim, residual = item.shape
    attention = item.attention
    kv_heads = (attention.kv_heads if attention else None) or heads
    all_heads = (attention.heads if attention else None) or heads
    group = max(1, all_heads // kv_heads) if item.role.role == "q_proj" else 1
    groups = max(1, heads // group)
    rows = elements // residual
    count = min(groups, max(1, rows // head_dim))
    dims: tuple[Range, ...] = ((0, head_dim),)
    if rows < head_dim:
        rotary = attention.rotary_dims if attention else None
        dims = _some_dims(head_dim, rotary, rows)
    # Query and key must begin at the same key-value head: one draw for both.
    rng = seeded(seed, item.key[0], item.key[2], "query-key", groups, head_dim)
    first = int(rng.integers(0, groups - count + 1))
    chosen = ranges_of([(first + g) * group for g in range(count)])
    return (chosen, dims, ((0, residual),))


def _some_dims(head_dim: int, rotary: int | None, rows: int) -> tuple[Range, ...]:
    if rotary is None:
        return ((0, min(rows, head_dim)),)
    classes = rotary_classes(head_dim, rotary)
    chosen: list[int] = []
    for label in dict.fromkeys(classes.tolist()):
        members = np.flatnonzero(classes == label).tolist()
        if len(chosen) + len(members) > rows:
            break
        chosen += members
    return ranges_of(sorted(chosen))


def ranges_of(indices: list[int]) -> tuple[Range, ...]:
    """Half-open ranges that cover sorted indices."""
    ranges: list[Range] = []
    for i in indices:
        if ranges and ranges[-1][1] == i:
            ranges[-1] = (ranges[-1][0], i + 1)
        else:
            ranges.append((i, i + 1))
    return tuple(ranges)


def _choose_experts(
    pairs: list[ModulePair],
    known: list[_Known],
    budgets: tuple[int, int],
    seed: int,
) -> dict[tuple[str, str, str, str], tuple[int, ...]]:
    chosen: dict[tuple[str, str, str, str], tuple[int, ...]] = {}
    for pair in pairs:
        for block in pair.blocks:
            present: set[int] = set()
            for role in block.roles:
                left = {e for _, e in role.candidate if e is not None}
                right = {e for _, e in role.reference if e is not None}
                present |= left & right if right else left
            chosen[block_key(pair, block)] = tuple(sorted(present))
    while _expert_bytes(known, chosen, budgets) < MIN_EXPERT_BYTES:
        largest = max(chosen, key=lambda k: len(chosen[k]))
        if len(chosen[largest]) <= 1:
            break
        rng = seeded(seed, *largest, len(chosen[largest]))
        half = len(chosen[largest]) // 2
        picked = rng.choice(np.array(chosen[largest]), size=half, replace=False)
        chosen[largest] = tuple(sorted(int(e) for e in picked))
    return chosen


def _expert_bytes(
    known: list[_Known],
    chosen: dict[tuple[str, str, str, str], tuple[int, ...]],
    budgets: tuple[int, int],
) -> int:
    """Bytes that every expert tensor would get; large when all fit."""
    items = _items(known, chosen, budgets)
    routed = [i for i in items if chosen[i.key[:4]]]
    if not routed:
        return MIN_EXPERT_BYTES
    cap = _cap(items, budgets)
    smallest = max(math.prod(i.shape) * max(i.itemsize) for i in routed)
    return MIN_EXPERT_BYTES if cap >= smallest else cap
