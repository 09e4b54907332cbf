# SPDX-License-Identifier: Apache-2.0
"""Read what a description of descent needs, of modules already found dependent.

Which bytes are read depends on shapes, budget and seed alone. Small models are read
whole. Of large ones every tensor gets a run of whole stored rows (grids of quantisers
and merges are seen there) and some matrices a square piece (ranks are seen there).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from parentage.artifact.dtypes import DTYPES
from parentage.evidence.descent import Descent, Piece, describe
from parentage.evidence.samples import Floats
from parentage.model.description import Module, Range, Tensor
from parentage.model.roles import COLUMNS
from parentage.run.cache import NO_CACHE, Cache
from parentage.run.plan import Cut, seeded
from parentage.run.sampler import Reader
from parentage.verdict.finding import ACCUSING, Finding

if TYPE_CHECKING:
    from parentage.run.audit import Opened

DEFAULT_BUDGET = 16_000_000
"""Bytes that descriptions may read of each model."""

SQUARES = 12
"""Matrices of a module that are read as squares, where it is not read whole."""

SQUARE_SHARE = 4
"""Of a budget one part in this many goes to squares."""

LARGEST_SQUARE = 512


@dataclass(frozen=True)
class _Match:
    """A candidate's tensor with its counterpart in each related reference."""

    tensor: Tensor
    others: dict[str, Tensor]
    shape: tuple[int, ...]


def describe_descents(
    own: Opened,
    references: Sequence[Opened],
    findings: Sequence[Finding],
    *,
    budget: int = DEFAULT_BUDGET,
    seed: int = 0,
    cache: Cache = NO_CACHE,
) -> list[Descent]:
    """Describe every module that exact tests found to depend on a reference.

    Args:
        own: the candidate.
        references: all references of the audit.
        findings: of the judge; only accusing ones are looked at.
        budget: bytes to read of each model at most, beyond what was read before.
        seed: decides which bytes, and draws of the bootstrap.
        cache: where descriptions of earlier runs are looked for.
    """
    related: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.word in ACCUSING and finding.reference is not None:
            related.setdefault(finding.module, []).append(finding)
    if not related or budget <= 0:
        return []
    readers = {r.label: Reader(r.checkpoint) for r in references}
    reader = Reader(own.checkpoint)
    models = {r.label: r for r in references}
    sizes = {
        m.name: sum(t.size for t in m.tensors)
        for m in own.model.modules
        if m.name in related
    }
    total = max(sum(sizes.values()), 1)
    found: dict[str, Descent] = {}
    base: str | None = None
    # Modules with layers first: what they show of a merge helps with single tables.
    for module in sorted(own.model.modules, key=lambda m: -m.layers):
        if module.name not in related:
            continue
        matches = _matches(module, related[module.name], models)
        share = int(budget * sizes[module.name] / total)
        pieces = _read(matches, reader, readers, share, seed)
        names = list(
            dict.fromkeys(f.reference for f in related[module.name] if f.reference)
        )
        descent = cache.of_values(
            "descent",
            (module.name, pieces, names, seed, base),
            partial(describe, module.name, pieces, names, seed=seed, base=base),
        )
        if descent.mixture is not None and descent.mixture.base is not None:
            base = base or descent.mixture.base
        found[module.name] = descent
    return [found[m.name] for m in own.model.modules if m.name in found]


def _matches(
    module: Module, findings: Sequence[Finding], models: dict[str, Opened]
) -> list[_Match]:
    """Counterparts of every tensor, in the layers that the findings name."""
    others: dict[int, dict[str, Tensor]] = {}
    for finding in findings:
        label = finding.reference or ""
        target = models[label].model.module(finding.reference_module or "")
        if target is None:
            continue
        place = _placed(finding)
        index = {(t.role, t.layer, t.expert): t for t in reversed(target.tensors)}
        for number, tensor in enumerate(module.tensors):
            layer = _partner(tensor, place, whole=not finding.parts)
            if layer is _NOWHERE:
                continue
            other = index.get((tensor.role, layer, tensor.expert)) or index.get(
                (tensor.role, layer, None)
            )
            if other is not None and _comparable(tensor, other):
                others.setdefault(number, {}).setdefault(label, other)
    return [
        _Match(
            tensor,
            others[n],
            tuple(
                min(sizes)
                for sizes in zip(
                    tensor.shape, *(o.shape for o in others[n].values()), strict=True
                )
            ),
        )
        for n, tensor in enumerate(module.tensors)
        if n in others
    ]


_NOWHERE = -1
"""Stands for a layer that the finding does not call reused."""


def _placed(finding: Finding) -> dict[tuple[str | None, int | None], int | None]:
    """(block, layer) of the candidate -> layer of the reference; block None: any."""
    found: dict[tuple[str | None, int | None], int | None] = {}
    for part in finding.parts:
        for own, theirs in part.layers:
            found[part.block, own] = theirs
            found.setdefault((None, own), theirs)
        if not part.layers:
            found[part.block, None] = None
    return found


BESIDE = frozenset({"norms", "router", "other"})
"""Blocks without tests of their own: they follow the rest of their layer."""


def _partner(
    tensor: Tensor,
    placed: dict[tuple[str | None, int | None], int | None],
    *,
    whole: bool,
) -> int | None:
    key = (tensor.block, tensor.layer)
    if tensor.layer is None or whole:
        return tensor.layer
    if key in placed:
        return placed[key]
    if tensor.block in BESIDE:
        return placed.get((None, tensor.layer), _NOWHERE)
    return _NOWHERE


def _comparable(tensor: Tensor, other: Tensor) -> bool:
    """Equal shapes; tables of tokens may differ in length."""
    if tensor.axes != other.axes or "slot" in tensor.axes:
        return False
    return all(
        a == b or axis == "vocab"
        for axis, a, b in zip(tensor.axes, tensor.shape, other.shape, strict=True)
    )


def _read(
    matches: Sequence[_Match],
    reader: Reader,
    readers: dict[str, Reader],
    budget: int,
    seed: int,
) -> list[Piece]:
    matches = [m for m in matches if m.tensor.role != "other" and _bytes(m) > 0]
    needed = sum(_bytes(m) for m in matches)
    if needed <= budget:
        cuts: list[Cut] = [_whole(m) for m in matches]
        return _pieces(list(zip(matches, cuts, strict=True)), reader, readers)
    cap = _cap(matches, budget - budget // SQUARE_SHARE)
    rows = [(m, _rows(m, cap, seed)) for m in matches]
    pieces = _pieces([(m, c) for m, c in rows if c is not None], reader, readers)
    inner = [m for m in matches if m.tensor.layer is not None and len(m.shape) > 1]
    every = max(1, len(inner) // SQUARES)
    chosen = inner[::every][:SQUARES]
    room = budget // SQUARE_SHARE // max(len(chosen), 1)
    squares = [
        (match, _square(match, room // _itemsize(match), seed)) for match in chosen
    ]
    pieces += [
        replace(piece, square=True) for piece in _pieces(squares, reader, readers)
    ]
    return pieces


def _bytes(match: _Match) -> int:
    return math.prod(match.shape) * _itemsize(match)


def _itemsize(match: _Match) -> int:
    sizes = [
        max(DTYPES[t.dtype].itemsize, 1) if t.dtype in DTYPES else 4
        for t in (match.tensor, *match.others.values())
    ]
    return max(sizes)


def _whole(match: _Match) -> Cut:
    return tuple(((0, size),) for size in match.shape)


def _cap(matches: Sequence[_Match], budget: int) -> int:
    """Largest number of bytes of one tensor that keeps all within the budget."""
    sizes = sorted(_bytes(m) for m in matches)
    left = budget
    for place, size in enumerate(sizes):
        share = left // (len(sizes) - place)
        if size > share:
            return share
        left -= size
    return sizes[-1] if sizes else 0


def _rows(match: _Match, cap: int, seed: int) -> Cut | None:
    """A run of whole stored rows of at most ``cap`` bytes; ``None`` for none at all."""
    shape, role = match.shape, match.tensor.role
    if _bytes(match) <= cap:
        return _whole(match)
    if len(shape) == 1:
        return None
    axis = len(shape) - 1 if role in COLUMNS else 0
    cut: list[tuple[Range, ...]] = [((0, size),) for size in shape]
    each = math.prod(shape) // shape[axis] * _itemsize(match)
    keep = cap // each
    rng = seeded(seed, "descent", role, match.tensor.layer, shape)
    if keep < 1 and len(shape) == 3 and axis == 0:
        head = int(rng.integers(0, shape[0]))
        rows = cap // (shape[2] * _itemsize(match))
        if rows < 1:
            return None
        return (((head, head + 1),), ((0, min(rows, shape[1])),), ((0, shape[2]),))
    if keep < 1:
        return None
    start = int(rng.integers(0, shape[axis] - keep + 1))
    cut[axis] = ((start, start + keep),)
    return tuple(cut)


def _square(match: _Match, elements: int, seed: int) -> Cut:
    """As square a piece as fits, of the first axis against the last."""
    shape = match.shape
    rng = seeded(seed, "square", match.tensor.role, match.tensor.layer, shape)
    side = max(1, min(LARGEST_SQUARE, math.isqrt(max(elements, 1))))
    cut: list[tuple[Range, ...]] = [((0, size),) for size in shape]
    if len(shape) == 3:
        heads = max(1, min(shape[0], side // max(shape[1], 1)))
        first = int(rng.integers(0, shape[0] - heads + 1))
        cut[0] = ((first, first + heads),)
        cut[1] = ((0, min(shape[1], side)),)
    else:
        rows = min(side, shape[0])
        first = int(rng.integers(0, shape[0] - rows + 1))
        cut[0] = ((first, first + rows),)
    columns = min(side, shape[-1])
    start = int(rng.integers(0, shape[-1] - columns + 1))
    cut[-1] = ((start, start + columns),)
    return tuple(cut)


def _pieces(
    wanted: Sequence[tuple[_Match, Cut]], reader: Reader, readers: dict[str, Reader]
) -> list[Piece]:
    """Read pieces, each model's side by side where they lie elsewhere."""
    reader.prefetch((match.tensor.view, cut) for match, cut in wanted)
    for label, other in readers.items():
        other.prefetch(
            (m.others[label].view, cut) for m, cut in wanted if label in m.others
        )
    return [_piece(match, cut, reader, readers) for match, cut in wanted]


def _piece(
    match: _Match, cut: Cut, reader: Reader, readers: dict[str, Reader]
) -> Piece:
    tensor = match.tensor
    turned = tensor.role in COLUMNS
    return Piece(
        tensor.role,
        tensor.block,
        tensor.layer,
        tensor.expert,
        _flat(reader.rectangle(tensor, cut), turned=turned),
        {
            label: _flat(readers[label].rectangle(other, cut), turned=turned)
            for label, other in match.others.items()
        },
        tensor.dtype,
        {label: other.dtype for label, other in match.others.items()},
        layers={label: other.layer for label, other in match.others.items()},
    )


def _flat(values: Floats, *, turned: bool) -> Floats:
    """Two axes: stored rows and what they hold; vectors become one row."""
    if values.ndim < 2:
        return values.reshape(1, -1)
    flat = values.reshape(-1, values.shape[-1])
    return np.ascontiguousarray(flat.T) if turned else flat
