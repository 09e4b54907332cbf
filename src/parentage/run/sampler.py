# SPDX-License-Identifier: Apache-2.0
"""Reads what a plan says, block by block, into samples that tests understand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.checkpoint import Checkpoint
from parentage.artifact.dtypes import count_non_finite
from parentage.artifact.entry import Problem
from parentage.evidence.samples import BlockSamples, Floats, Sample
from parentage.model.description import Module, Range, Tensor, View
from parentage.model.rectangle import read_rectangle
from parentage.run.pairing import BlockPair, ModulePair, RolePair, Slot
from parentage.run.plan import Cut, Plan, block_key, selected

Watch = Callable[[View, Cut, Floats], None]
"""Told of every rectangle that a reader gives out."""


class Rectangles(Protocol):
    """What gives rectangles of canonical tensors: a file, or values held of it."""

    def rectangle(self, tensor: Tensor, cut: Cut) -> Floats:
        """Float32 values; NaN and infinities are zero."""

    def prefetch(self, wanted: Iterable[tuple[View, Cut]]) -> None:
        """Told of rectangles that will be read next."""


class Reader:
    """Reads canonical rectangles of one model and remembers what was odd.

    Rectangles are kept by key for the references that follow, as long as they are
    the same: the candidate's bytes are read once however many references there are.

    Attributes:
        problems: blocks that held NaN or infinite values.
    """

    def __init__(self, checkpoint: Checkpoint, *, keep: bool = False) -> None:
        self._checkpoint = checkpoint
        self._kept: dict[tuple[View, Cut], Floats] | None = {} if keep else None
        self._held: dict[tuple[View, Cut], list[Floats]] = {}
        self._watch: Watch | None = None
        self.problems: list[Problem] = []

    @property
    def remote(self) -> bool:
        """Whether reading costs round trips."""
        return self._checkpoint.remote

    def rectangle(self, tensor: Tensor, cut: Cut) -> Floats:
        """Float32 values of a canonical rectangle; NaN and infinities become zero."""
        return self.values(tensor.view, cut)

    def values(self, view: View, cut: Cut) -> Floats:
        """The same, of a view."""
        key = (view, cut)
        value = None if self._kept is None else self._kept.get(key)
        if value is None:
            held = self._held.get(key)
            value = held.pop(0) if held else self._read(view, cut)
        if self._kept is not None:
            self._kept[key] = value
        if self._watch is not None:
            self._watch(view, cut, value)
        return value

    def prefetch(self, wanted: Iterable[tuple[View, Cut]]) -> None:
        """Begin to fetch rectangles that will be read next; see the checkpoint's."""
        kept = self._kept or {}
        self._checkpoint.prefetch(
            (view.tensor, view.grid, view.narrow(ranges))
            for view, cut in wanted
            if (view, cut) not in kept and (view, cut) not in self._held
            for ranges in itertools.product(*cut)
        )

    def watch(self, seen: Watch | None) -> None:
        """Call ``seen`` with everything that is given out from now on."""
        self._watch = seen

    def hold(self, view: View, cut: Cut, values: Floats) -> None:
        """Give these values, already read, out once more instead of reading."""
        self._held.setdefault((view, cut), []).append(values)

    def release(self) -> None:
        """Let go of what :meth:`hold` was given."""
        self._held.clear()

    def _read(self, view: View, cut: Cut) -> Floats:
        out = read_rectangle(self._checkpoint.read_float32, view, cut, np.float32)
        bad = count_non_finite(out)
        if bad:
            entry = self._checkpoint.entries[view.tensor]
            self.problems.append(
                Problem(
                    "non-finite",
                    "warning",
                    f"{bad} of {out.size} values read are NaN or infinite and were "
                    "taken as zero",
                    entry.file,
                    entry.name,
                    entry.begin,
                )
            )
            out = np.nan_to_num(out, nan=0.0, posinf=0.0, neginf=0.0)
        return out


def read_block(
    pair: ModulePair,
    block: BlockPair,
    plan: Plan,
    candidate: Rectangles,
    reference: Rectangles,
) -> BlockSamples | None:
    """Read one block of a pair of modules; ``None`` where no role could be read."""
    key = block_key(pair, block)
    experts = plan.experts[key]
    left_layers = _layers((r.candidate for r in block.roles), experts)
    right_layers = _layers((r.reference for r in block.roles), experts)
    samples: dict[str, Sample] = {}
    _ask_ahead(pair, block, plan, candidate, reference)
    for role in block.roles:
        cut = plan.cuts.get((*key, role.role))
        if cut is None:
            continue
        sample = _sample(
            pair,
            role,
            cut,
            experts,
            readers=(candidate, reference),
            layers=(left_layers, right_layers),
        )
        if sample is not None:
            samples[role.role] = sample
    if not samples:
        return None
    return _block_samples(pair, block, samples)


def _ask_ahead(
    pair: ModulePair,
    block: BlockPair,
    plan: Plan,
    candidate: Rectangles,
    reference: Rectangles,
) -> None:
    """Begin to fetch everything that a block is going to read, in both models."""
    key = block_key(pair, block)
    wanted: tuple[list[tuple[View, Cut]], list[tuple[View, Cut]]] = ([], [])
    for role in block.roles:
        cut = plan.cuts.get((*key, role.role))
        if cut is None:
            continue
        matched = [pair.matched(axis, role) for axis in range(len(cut))]
        for side, tensors, dims in zip(
            wanted,
            (role.candidate, role.reference),
            (
                [None if m is None else m.candidate for m in matched],
                [None if m is None else m.reference for m in matched],
            ),
            strict=True,
        ):
            cover, _ = _cover(cut, dims)
            chosen = selected(tensors, plan.experts[key])
            side += [(tensor.view, cover) for tensor in chosen.values()]
    candidate.prefetch(wanted[0])
    reference.prefetch(wanted[1])


def _layers(
    sides: Iterable[dict[Slot, Tensor]], experts: tuple[int, ...]
) -> tuple[int | None, ...]:
    found = {s[0] for side in sides for s in selected(side, experts)}
    return tuple(sorted(found, key=lambda x: -1 if x is None else x))


def _sample(
    pair: ModulePair,
    role: RolePair,
    cut: Cut,
    experts: tuple[int, ...],
    *,
    readers: tuple[Rectangles, Rectangles],
    layers: tuple[tuple[int | None, ...], tuple[int | None, ...]],
) -> Sample | None:
    sides = [selected(role.candidate, experts), selected(role.reference, experts)]
    routed = any(e is not None for _, e in sides[0])
    slots: tuple[int | None, ...] = experts if routed else (None,)
    arrays, shapes, formats, missing = [], [], [], []
    chosen = [pair.matched(axis, role) for axis in range(len(cut))]
    numbers = (
        [None if m is None else m.candidate for m in chosen],
        [None if m is None else m.reference for m in chosen],
    )
    for side, reader, rows, dims in zip(sides, readers, layers, numbers, strict=True):
        first = next(iter(side.values()))
        size = tuple(sum(b - a for a, b in axis) for axis in cut)
        stack = np.zeros((len(rows), len(slots), *size), dtype=np.float32)
        for i, layer in enumerate(rows):
            for j, slot in enumerate(slots):
                # A dense reference serves every expert of the candidate.
                tensor = side.get((layer, slot)) or side.get((layer, None))
                if tensor is not None:
                    stack[i, j] = _matched_rectangle(reader, tensor, cut, dims)
        missing.append(frozenset(rows) - {layer for layer, _ in side})
        arrays.append(stack if routed else stack[:, 0])
        shapes.append(first.shape)
        formats.append(first.dtype)
    index: list[NDArray[np.int64]] = [
        np.concatenate([np.arange(a, b) for a, b in axis])
        if axis
        else np.zeros(0, dtype=np.int64)
        for axis in cut
    ]
    axes = role.axes
    if routed:
        index.insert(0, np.array([e for e in slots if e is not None], dtype=np.int64))
        axes = ("slot", *axes)
        shapes = [(len(slots), *shape) for shape in shapes]
    return Sample(
        role.role,
        axes,
        arrays[0],
        arrays[1],
        layers[0],
        layers[1],
        tuple(index),
        shapes[0],
        shapes[1],
        missing=(missing[0], missing[1]),
        dtypes=(formats[0], formats[1]),
    )


def _matched_rectangle(
    reader: Rectangles,
    tensor: Tensor,
    cut: Cut,
    dims: list[NDArray[np.int64] | None],
) -> Floats:
    """A rectangle at matched dims: the range that covers them is read, then chosen."""
    if all(d is None for d in dims):
        return reader.rectangle(tensor, cut)
    cover, picks = _cover(cut, dims)
    values = reader.rectangle(tensor, cover)
    for axis_number, pick in enumerate(picks):
        if pick is not None:
            values = np.take(values, pick, axis=axis_number)
    return values


def _cover(
    cut: Cut, dims: list[NDArray[np.int64] | None]
) -> tuple[Cut, list[NDArray[np.int64] | None]]:
    """The range that covers matched dims on each axis, and which of it to take."""
    cover: list[tuple[Range, ...]] = []
    picks: list[NDArray[np.int64] | None] = []
    for axis, numbers in zip(cut, dims, strict=True):
        if numbers is None:
            cover.append(axis)
            picks.append(None)
            continue
        wanted = np.concatenate([numbers[a:b] for a, b in axis])
        cover.append(((int(wanted[0]), int(wanted[-1]) + 1),))
        picks.append(wanted - wanted[0])
    return tuple(cover), picks


def _block_samples(
    pair: ModulePair, block: BlockPair, samples: dict[str, Sample]
) -> BlockSamples:
    left, right = pair.candidate, pair.reference
    a, b = left.attention, right.attention
    heads = None if a is None else (a.heads, a.kv_heads, a.head_dim, a.rotary_dims)
    return BlockSamples(
        module=left.name,
        block=block.block,
        reference_block=block.reference_block,
        samples=samples,
        heads=heads,
        grouped=a is None or b is None or _group(left) == _group(right),
        same_rotary=a is None
        or b is None
        or (a.head_dim, a.rotary_dims) == (b.head_dim, b.rotary_dims),
        signed_glu=left.signed_glu and right.signed_glu,
        signed_query_key=not any(
            t.role in {"q_norm_bias", "k_norm_bias"} for t in left.tensors
        ),
        symmetric_residual=left.symmetric_residual,
    )


def _group(module: Module) -> int | None:
    a = module.attention
    if a is None or not a.heads or not a.kv_heads:
        return None
    return a.heads // a.kv_heads
