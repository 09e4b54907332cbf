# SPDX-License-Identifier: Apache-2.0
"""Numbers of a neuron that no rotation of the residual stream changes.

With them neurons are recognised where the embedding was replaced *and* the stream
was rotated: nothing of two such models can be compared dim by dim. Inner products
between the vectors of one neuron survive a rotation, and so do quadratic forms
``x^T A y`` whose matrix ``A = mean of w w^T`` is formed from the model's own rows
``w``. Forms of one's own layer and of all layers together know nothing of a layer's
number, so layers may have been moved.

Every number below also stays as it is when neurons, heads or value dims change
their order, when ``up`` and ``down`` are flipped or scaled against each other, and
when rotary pairs or value dims are flipped. So a matching that rests on them tells
nothing about the signs that :mod:`parentage.evidence.alignment.coins` counts.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from parentage.evidence.alignment.units import Floats, Heads, Neurons, Stream
from parentage.stats.assignment import unit_rows


def signatures(stream: Stream) -> list[Floats]:
    """One row of numbers per neuron, standardised, for every set of neurons."""
    own = [_moments(neurons) for neurons in stream.neurons]
    attention = {heads.layer: _head_moments(heads) for heads in stream.heads}
    pooled = _mean(own)
    pooled_attention = _mean(list(attention.values()))
    mean: Floats = np.mean([n.match.mean(axis=0) for n in stream.neurons], axis=0)
    found = []
    for neurons, moments in zip(stream.neurons, own, strict=True):
        heads = attention.get(neurons.layer, pooled_attention)
        groups = ({**pooled, **moments}, heads, pooled, pooled_attention)
        forms = [group[kind] for group in groups for kind in sorted(group)]
        found.append(_standardised(_numbers(neurons, forms, mean)))
    return found


def _moment(rows: Floats) -> Floats:
    width = rows.shape[1]
    out: Floats = rows.T @ rows / np.float32(max(len(rows), 1))
    out[np.diag_indices(width)] -= np.float32(1.0 / width)
    return out


def _moments(neurons: Neurons) -> dict[str, Floats]:
    sides = {"match": neurons.match, "up": neurons.up, "down": neurons.down}
    return {k: _moment(side) for k, side in sides.items() if side is not None}


def _head_moments(heads: Heads) -> dict[str, Floats]:
    sides = {
        "query": heads.query,
        "key": heads.key,
        "value": heads.value,
        "output": heads.output,
    }
    return {k: _moment(unit_rows(s).reshape(-1, s.shape[-1])) for k, s in sides.items()}


def _mean(groups: list[dict[str, Floats]]) -> dict[str, Floats]:
    by_kind: dict[str, list[Floats]] = defaultdict(list)
    for group in groups:
        for kind, matrix in group.items():
            by_kind[kind].append(matrix)
    return {k: np.mean(m, axis=0, dtype=np.float32) for k, m in by_kind.items()}


def _numbers(neurons: Neurons, forms: list[Floats], mean: Floats) -> Floats:
    """The features of each neuron, ``(neurons, features)``."""
    a, b, c = neurons.match, neurons.up, neurons.down

    def inner(x: Floats, y: Floats) -> Floats:
        out: Floats = np.einsum("ij,ij->i", x, y)
        return out

    columns = [neurons.lengths, a @ mean, a @ a.mean(axis=0)]
    ac = inner(a, c)
    if b is None:
        columns.append(ac)
    else:
        ab = inner(a, b)
        columns += [np.abs(ab), np.abs(ac), inner(b, c), ab * ac]
    for form in forms:
        turned = c @ form
        columns += [inner(a @ form, a), inner(turned, c)]
        columns.append(inner(turned, a) if b is None else inner(turned, b))
        if b is not None:
            columns.append(inner(b @ form, b))
    return np.stack(columns, axis=1)


def _standardised(numbers: Floats) -> Floats:
    spread = numbers.std(axis=0)
    out: Floats = numbers - numbers.mean(axis=0)
    np.divide(out, spread, out=out, where=spread > 0)
    return unit_rows(out)
