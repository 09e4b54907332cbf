# SPDX-License-Identifier: Apache-2.0
"""Names by content: when a model's names say nothing, its values still do.

Every tensor whose role is unknown is compared with every tensor of equal shape in
the other model, on a small rectangle of each. Matches that no chance explains lend
their names, so that the ordinary tests can run. The search is paid for: every exact
p-value that follows is multiplied by the number of ways in which names could have
been given (a union bound over all assignments, valid however the best is chosen).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.checkpoint import Checkpoint
from parentage.artifact.dtypes import DTYPES
from parentage.artifact.entry import Entry
from parentage.evidence.base import Evidence, Subject
from parentage.evidence.residual_profile import CONSTANT_NORM
from parentage.model.description import Model, Module
from parentage.model.resolve import describe

STRONG_Z = 8.0
"""Correlation times root of the sample size that a match must exceed."""

CLOSE = 0.5
"""Correlation from which tensors of unknown role are said to correspond.

Descriptive, so never an accusation. Over 1,108 independent pairs of the full zoo the
closest tensors correlate by 0.24 at most (``benchmarks/calibration/content.json``).
"""

ROUNDING = 1e-5
"""What is left of equal rows after centring, relative to their size, at most."""

SHARE_OF_BUDGET = 8
"""One part in so many of the byte budget goes to the search."""

LEAST_ELEMENTS = 256
"""Matrices of fewer elements are alike by chance too often."""

FEW_VALUES = 8
"""A matrix with no more different values than this is a mask, not weights."""

MOST_ELEMENTS = 16384
"""Elements of a tensor that are compared at most."""


@dataclass(frozen=True)
class Adopted:
    """A description under names borrowed from another model.

    Attributes:
        model: the new description; views still point at the stored names.
        matched: number of tensors that were recognised by content.
        compared: number of pairs that were compared.
        log10_options: stored name -> ``log10`` of the number of names it could have
            been given.
    """

    model: Model
    matched: int
    compared: int
    log10_options: dict[str, float]


def unknown_names(model: Model) -> set[str]:
    """Stored tensors whose role was not read from their names."""
    names = {s.name for s in model.unrecognised}
    for module in model.modules:
        if module.family in {"structure", "unrecognised"}:
            names |= {t.view.tensor for t in module.tensors}
    return names


def adopt_names(
    own: Checkpoint, model: Model, other: Checkpoint, known: Model, *, budget: int
) -> Adopted | None:
    """Describe a model under the names of another where contents agree.

    Args:
        own, model: the model with unknown names.
        other, known: the model that lends names.
        budget: bytes that the search may read of each model.

    Returns:
        The new description, or ``None`` if nothing agreed beyond chance.
    """
    wanted = unknown_names(model)
    if not wanted:
        return None
    lenders = {t.view.tensor for m in known.modules for t in m.tensors}
    lenders -= unknown_names(known) | (own.entries.keys() - wanted)
    left = _by_shape(own, wanted)
    right = _by_shape(other, lenders)
    tensors = sum(len(left[s]) + len(right[s]) for s in left if s in right)
    if not tensors:
        return None
    room = budget // SHARE_OF_BUDGET // tensors
    names: dict[str, str] = {}
    compared = 0
    options: dict[str, float] = {}
    for shape, mine in left.items():
        theirs = right.get(shape, [])
        if not theirs:
            continue
        compared += len(mine) * len(theirs)
        found = _match(own, mine, other, theirs, room)
        names |= found
        choices = math.log10(max(len(mine), len(theirs)))
        options |= dict.fromkeys(found, choices)
    if not names:
        return None
    return Adopted(_renamed(own, model, known, names), len(names), compared, options)


def compare_unrecognised(
    own: Checkpoint, model: Model, other: Checkpoint, *, budget: int
) -> Evidence | None:
    """How far tensors of unknown role agree with any tensor of equal shape.

    Their symmetry is unknown, so no exact test applies: the result is descriptive,
    and at most a reason to look closer.

    Args:
        own, model: the candidate; its unrecognised matrices are looked for.
        other: the reference; all of its matrices are held against them.
        budget: bytes that the search may read of each model.

    Returns:
        The share of unrecognised elements (of matrices) whose best match correlates
        by :data:`CLOSE` or more, or ``None`` where no two shapes are equal.
    """
    left = _by_shape(own, (s.name for s in model.unrecognised if len(s.shape) > 1))
    right = _by_shape(other, other.entries)
    shapes = [shape for shape in left if shape in right]
    tensors = sum(len(left[s]) + len(right[s]) for s in shapes)
    if not tensors:
        return None
    room = budget // SHARE_OF_BUDGET // tensors
    elements = close = compared = 0
    largest = 0.0
    for shape in shapes:
        found = _correlations(own, left[shape], other, right[shape], room)
        if found is None:
            continue
        compared += found.size
        best = found.max(axis=1)
        largest = max(largest, float(best.max()))
        elements += left[shape][0].size * len(left[shape])
        close += left[shape][0].size * int((best >= CLOSE).sum())
    return Evidence(
        "content-search",
        "descriptive",
        Subject("unrecognised"),
        "share of elements with a close match",
        close / elements,
        compared,
        effect=largest,
        details={"elements": elements, "pairs of tensors compared": compared},
    )


def _correlations(
    own: Checkpoint,
    mine: list[Entry],
    other: Checkpoint,
    theirs: list[Entry],
    room: int,
) -> NDArray[np.float64] | None:
    """Correlation of a corner of every tensor with that of every other.

    ``None`` where too few elements are there, or may be read, to tell anything.
    """
    width = max(DTYPES[e.dtype].itemsize for e in (*mine, *theirs))
    elements = min(MOST_ELEMENTS, room // width)
    vector = len(mine[0].shape) == 1
    if min(elements, mine[0].size) < (2 if vector else LEAST_ELEMENTS):
        return None
    left = np.stack([_signature(own, e, elements) for e in mine])
    right = np.stack([_signature(other, e, elements) for e in theirs])
    found: NDArray[np.float64] = left @ right.T
    return found


def _by_shape(
    checkpoint: Checkpoint, names: Iterable[str]
) -> dict[tuple[int, ...], list[Entry]]:
    found: dict[tuple[int, ...], list[Entry]] = defaultdict(list)
    for name in sorted(names):
        entry = checkpoint.entries[name]
        if entry.size > 1 and DTYPES[entry.dtype].itemsize and entry.shape:
            found[entry.shape].append(entry)
    return found


def _match(
    own: Checkpoint,
    mine: list[Entry],
    other: Checkpoint,
    theirs: list[Entry],
    room: int,
) -> dict[str, str]:
    """Own name -> other name, for tensors of one shape."""
    # Imported here: only models with unknown names pay for its start-up.
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    found = _correlations(own, mine, other, theirs, room)
    if found is None:
        return {}
    # Signatures are of equal shape; z is what independent entries would give.
    size = math.sqrt(_signature_size(mine[0], theirs[0], room))
    z = found * size
    rows, columns = linear_sum_assignment(-z)
    needed = min(STRONG_Z, 0.9 * size)
    return {
        mine[i].name: theirs[j].name
        for i, j in zip(rows, columns, strict=True)
        if z[i, j] > needed
    }


def _corner(shape: tuple[int, ...], elements: int) -> tuple[int, int]:
    """Rows and columns of the corner that stands for a tensor."""
    rows = shape[0]
    columns = math.prod(shape[1:])
    wide = min(columns, max(1, math.isqrt(elements)))
    tall = min(rows, max(1, elements // wide))
    return tall, min(columns, max(1, elements // tall))


def _fixed(table: NDArray[np.float64]) -> bool:
    """Masks and tables of sines: the same in every model, so evidence of nothing."""
    if len(np.unique(table)) <= FEW_VALUES:
        return True
    squares = np.square(table).sum(axis=1)
    squares = squares[squares > 0]
    spread = CONSTANT_NORM * squares.mean() if len(squares) else 0.0
    return len(squares) >= 8 and bool(squares.std() < spread)


def _signature_size(mine: Entry, theirs: Entry, room: int) -> int:
    width = max(DTYPES[e.dtype].itemsize for e in (mine, theirs))
    return math.prod(_corner(mine.shape, min(MOST_ELEMENTS, room // width)))


def _signature(
    checkpoint: Checkpoint, entry: Entry, elements: int
) -> NDArray[np.float64]:
    """A corner of a tensor, centred and of length 1.

    A matrix is centred by rows and by columns: some tensors begin as the same numbers
    in every row of every model (the state matrix of a state-space layer), and output
    matrices share what is common to all of their rows.
    """
    tall, wide = _corner(entry.shape, elements)
    values = checkpoint.read_float32(
        entry.name,
        (entry.shape[0], entry.size // entry.shape[0]),
        ((0, tall), (0, wide)),
    )
    table = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    if tall > 1 and wide > 1:
        if _fixed(table):
            return np.zeros(table.size)
        scale = float(np.abs(table).max())
        table = table - table.mean(axis=0)
        table = table - table.mean(axis=1, keepdims=True)
        if float(np.abs(table).max()) <= ROUNDING * scale:
            return np.zeros(table.size)
    flat = table.ravel()
    flat = flat - flat.mean()
    norm = float(np.linalg.norm(flat))
    unit: NDArray[np.float64] = flat / norm if norm > 0 else flat
    return unit


def _renamed(
    own: Checkpoint, model: Model, known: Model, names: dict[str, str]
) -> Model:
    back = {new: old for old, new in names.items()}
    entries = {names.get(n, n): entry for n, entry in own.entries.items()}
    described = describe(model.name, entries, own.config or known.config)

    def restored(module: Module) -> Module:
        tensors = tuple(
            replace(
                t, view=replace(t.view, tensor=back.get(t.view.tensor, t.view.tensor))
            )
            for t in module.tensors
        )
        return replace(module, tensors=tensors)

    note = (
        f"names of {len(names)} tensors were recognised by comparing values with "
        f"{known.name}"
    )
    return replace(
        described,
        modules=tuple(restored(m) for m in described.modules),
        unrecognised=tuple(
            replace(s, name=back.get(s.name, s.name)) for s in described.unrecognised
        ),
        notes=(*described.notes, note),
    )
