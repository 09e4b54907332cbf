# SPDX-License-Identifier: Apache-2.0
"""Neurons of one layer before and after undoing relabellings, for an explanation."""

from __future__ import annotations

import numpy as np

from parentage.evidence.alignment.align import Alignment, align
from parentage.evidence.alignment.matches import NeuronMatch
from parentage.evidence.alignment.units import Floats, Neurons, Stream
from parentage.report.descent_explain import AlignedView
from parentage.run.alignment import DEFAULT_UNDO_BUDGET
from parentage.run.alignment_reader import read_stream
from parentage.run.audit import Opened
from parentage.run.sampler import Reader
from parentage.stats.assignment import unit_rows


def aligned_view(
    own: Opened,
    other: Opened,
    module: str,
    reference_module: str,
    layer: int | None,
    *,
    units: int,
    seed: int,
) -> AlignedView | None:
    """Cosines of neurons by number, and of those that were matched, in one basis.

    What is shown, ``up_proj`` rows (``down_proj`` columns without a gate), took no
    part in the matching; so a diagonal after it is no product of the search.

    Args:
        own, other: candidate and reference.
        module, reference_module: names of the two modules.
        layer: layer of the candidate; the one that agrees most by default.
        units: neurons shown of each side.
        seed: decides which neurons are read where not all fit.

    Returns:
        ``None`` where a module has no neurons, or none of the layer was matched.
    """
    sides = _stream(own, module, seed), _stream(other, reference_module, seed)
    if sides[0] is None or sides[1] is None:
        return None
    candidate, reference = sides[0], sides[1]
    found = align(candidate, reference)
    if found is None:
        return None
    matches = [m for m in found.neurons if layer in (None, m.layer) and len(m.rows)]
    if not matches:
        return None
    best = max(matches, key=lambda m: m.effect)
    return _view(candidate, reference, best, found, units=units, label=other.label)


def _view(
    candidate: Stream,
    reference: Stream,
    match: NeuronMatch,
    found: Alignment,
    *,
    units: int,
    label: str,
) -> AlignedView:
    mine = _neurons(candidate, match.layer, match.expert)
    theirs = _neurons(reference, match.reference_layer, match.reference_expert)
    gated = mine.up is not None and theirs.up is not None
    a, b = (n.up if gated and n.up is not None else n.down for n in (mine, theirs))
    before: Floats | None = None
    if candidate.width == reference.width:
        before = unit_rows(a[:units]) @ unit_rows(b[:units]).T
    # Those that agree most: pruned neurons' partners are strangers at the far end.
    order = np.sort(np.argsort(-np.abs(match.down), kind="stable")[:units])
    rows, columns = match.rows[order], match.columns[order]
    after = (
        unit_rows(a[rows] @ found.frame.left)
        @ unit_rows(b[columns] @ found.frame.right).T
    )
    return AlignedView(
        reference=label,
        basis=found.basis,
        layer=match.layer,
        expert=match.expert,
        reference_layer=match.reference_layer,
        reference_expert=match.reference_expert,
        role="up_proj" if gated else "down_proj",
        units=match.units,
        matched=len(match.rows),
        in_place=int(np.count_nonzero(match.rows == match.columns)),
        effect=match.effect,
        before=() if before is None else _rounded(before),
        after=_rounded(after),
    )


def _rounded(table: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in table.astype(np.float64).round(4).tolist())


def _neurons(stream: Stream, layer: int | None, expert: int | None) -> Neurons:
    return next(n for n in stream.neurons if (n.layer, n.expert) == (layer, expert))


def _stream(opened: Opened, name: str, seed: int) -> Stream | None:
    module = opened.model.module(name)
    if module is None:
        return None
    reader = Reader(opened.checkpoint)
    return read_stream(
        opened.model, module, reader, budget=DEFAULT_UNDO_BUDGET, seed=seed
    )
