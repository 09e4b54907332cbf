# SPDX-License-Identifier: Apache-2.0
r"""Signs of matched units: exact coins that survive a relabelling.

Question: do units that were matched by other tensors point the same way, beyond
chance?

Why the coins are fair
----------------------
Let ``G`` be the group that flips, independently for every unit, both sides of a GLU
neuron (``up`` row and ``down`` column), of a value dim (``v_proj`` row, ``o_proj``
columns), or of a rotary set (its ``q_proj`` and ``k_proj`` rows). A flip leaves the
function unchanged, initialisers are symmetric about zero, and the optimisers in use
are odd in a weight's sign; so, under the null hypothesis that the candidate's
initial weights were drawn independently of the reference, the candidate's weights
have the same law after any ``g`` in ``G``, *given the reference and given everything
that* ``G`` *leaves alone* (its orbit). Conditionally on reference and orbit the flips
are therefore independent fair signs.

Let the alignment (basis, partner layers, matched neurons and heads, the choice among
several bases) be any function of the reference and of what ``G`` leaves alone:

* a rotation or permutation from the embedding: no tensor that ``G`` touches;
* matching by gate rows, or by query-key products, which a rotary flip leaves alone
  because it enters them twice;
* signatures and second moments (:mod:`~parentage.evidence.alignment.signatures`), in
  which every flipped row enters twice;
* the basis chosen by the mean product of up and down cosines: both change sign.

Given all of that, the matched unit's statistic ``m_i = <u_i B, u'_p(i) B'> + <d_i B,
d'_p(i) B'>`` changes sign with the candidate's unit ``i`` and with nothing else. Its
sign is a fair coin, independent of the others, *whatever* the alignment did and
however well it fits: choosing the best of a thousand alignments costs nothing. Value
dims are matched inside a head by ``|m_ij|``, which flips leave alone as well.

No assumption is made about the reference, and the candidate may have been relabelled
or rotated by anybody, as long as that did not look at the signs. Who drew the signs
anew made the coins fair: then this test finds nothing, and only calibrated scores
are left. Layers that began as copies of one another share their flips, so of each
such set one layer is counted in tests over several layers; of the experts of a layer,
which may have begun as copies, one.

Effective relabelling that the p-value conditions on: the basis and the matching. A
rejection says "not independent *given that matching*", which is dependence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.alignment.matches import HeadMatch, NeuronMatch
from parentage.evidence.alignment.units import Floats, Heads, Stream
from parentage.stats.assignment import assign, unit_rows

KINDS = ("GLU neuron", "value dim", "rotary pair")
"""Kinds of coins; each is pooled on its own, because each may have been attacked."""

COPIED_Z = 6.0
"""Layers of one model that agree beyond this began as copies."""


@dataclass(frozen=True)
class Flips:
    """Coins of one kind in one layer.

    Attributes:
        kind: one of :data:`KINDS`.
        block: part of a layer, in the words of a description.
        layer, reference_layer: where.
        heads, trials: how many agree, of how many that fell.
        effect: element correlation of the layer's held-out tensors.
    """

    kind: str
    block: str
    layer: int | None
    reference_layer: int | None
    heads: int
    trials: int
    effect: float


def neuron_flips(matches: Sequence[NeuronMatch]) -> list[Flips]:
    """Coins of GLU neurons: one MLP or expert a layer, the best matched by gates."""
    best: dict[int | None, NeuronMatch] = {}
    for match in matches:
        if not match.signed or match.up is None:
            continue
        old = best.get(match.layer)
        if old is None or match.match > old.match:
            best[match.layer] = match
    found = []
    for layer, match in best.items():
        if match.up is None:
            continue
        up, trials = _count(match.up + match.down)
        where = (layer, match.reference_layer)
        found.append(Flips("GLU neuron", match.block, *where, up, trials, match.effect))
    return found


def head_flips(found: Sequence[tuple[HeadMatch, Heads, Heads]]) -> list[Flips]:
    """Coins of value dims and of rotary sets of every layer."""
    result = []
    for match, own, other in found:
        values = _count(_value_products(match, own, other))
        where = (match.layer, match.reference_layer)
        result.append(Flips("value dim", match.block, *where, *values, match.effect))
        if own.rotary is not None:
            turns = _count(_rotary_products(match, own, other, own.rotary))
            result.append(
                Flips("rotary pair", match.block, *where, *turns, match.effect)
            )
    return result


def _count(products: Floats) -> tuple[int, int]:
    return int((products > 0).sum()), int(np.count_nonzero(products))


def _value_products(match: HeadMatch, own: Heads, other: Heads) -> Floats:
    """Inner products of value dims, matched inside each head by magnitude."""
    found = []
    for g, h in match.groups:
        table = unit_rows(own.value[g]) @ unit_rows(other.value[h]).T
        for i, j in _inside(match, g, own, h, other):
            table = table + unit_rows(own.output[i]) @ unit_rows(other.output[j]).T
        rows, columns = assign(np.abs(table))
        found.append(table[rows, columns])
    return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)


def _rotary_products(
    match: HeadMatch, own: Heads, other: Heads, sets: NDArray[np.int64]
) -> Floats:
    """Inner products of rotary sets: frequencies cannot be permuted."""
    labels = np.unique(sets)
    found = []
    for g, h in match.groups:
        rows = np.einsum("ij,ij->i", unit_rows(own.key[g]), unit_rows(other.key[h]))
        for i, j in _inside(match, g, own, h, other):
            a, b = unit_rows(own.query[i]), unit_rows(other.query[j])
            rows = rows + np.einsum("ij,ij->i", a, b)
        found.append(np.array([rows[sets == k].sum() for k in labels]))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)


def _inside(
    match: HeadMatch, g: int, own: Heads, h: int, other: Heads
) -> list[tuple[int, int]]:
    """Matched query heads of one pair of key-value heads."""
    return [
        (i, j) for i, j in match.heads if i // own.group == g and j // other.group == h
    ]


def first_of_copies(stream: Stream) -> set[int | None]:
    """Layers that may be counted together: of layers that are copies, the first.

    A layer is a copy if its neurons or its heads are. Copies are found by the
    likeness of same-numbered rows, against that of rows of other numbers; for heads,
    whose value dims may have been flipped, without its sign. Taking independent
    layers for copies costs coins, no validity.
    """
    kept: dict[int | None, dict[str, Floats]] = {}
    for layer, blocks in _layer_rows(stream).items():
        if not any(_share(blocks, other) for other in kept.values()):
            kept[layer] = blocks
    return set(kept)


def _layer_rows(stream: Stream) -> dict[int | None, dict[str, Floats]]:
    found: dict[int | None, dict[str, Floats]] = {}
    for neurons in stream.neurons:
        found.setdefault(neurons.layer, {}).setdefault("neurons", neurons.match)
    for heads in stream.heads:
        flat = heads.value.reshape(-1, heads.value.shape[-1])
        found.setdefault(heads.layer, {}).setdefault("heads", unit_rows(flat))
    return found


def _share(a: dict[str, Floats], b: dict[str, Floats]) -> bool:
    return any(
        _copied(a[kind], b[kind], signed=kind == "neurons")
        for kind in a.keys() & b.keys()
    )


def _copied(a: Floats, b: Floats, *, signed: bool) -> bool:
    n = min(len(a), len(b))
    if n < 2 or a.shape[1] != b.shape[1]:
        return False
    a, b = a[:n], b[:n]
    if signed:
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    same = np.einsum("ij,ij->i", a, b)
    other = np.einsum("ij,ij->i", a, np.roll(b, 1, axis=0))
    if not signed:
        same, other = np.square(same), np.square(other)
    spread = float(other.std()) or 1.0
    return float((same - other).mean()) / spread * math.sqrt(n) > COPIED_Z
