# SPDX-License-Identifier: Apache-2.0
"""Fair coins from same-numbered units of two models.

A *profile* holds one row of features per unit, for every layer:
``(layers, units, features)``. For each pair of layers and each unit the coin is the
sign of the inner product of the two rows. Under the null

* with sign-symmetric units (a GLU neuron's ``up`` row and ``down`` column, a value
  dim, a rotary pair) each coin is fair, independently of all others, because flipping
  the candidate's unit is as likely as not flipping it;
* with exchangeable units (any neuron, an expert, a residual dim) the coins of
  *differences* of two units are: exchanging the candidate's units ``i`` and ``j``
  turns ``<c_i - c_j, r_i - r_j>`` into its negative.

So one engine serves both: :func:`swap_profile` turns the second case into the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PAIRS = 2048
"""Pairs of differently numbered rows that a layer's number of features rests on."""

CHUNK_BYTES = 32 << 20
"""Products are formed in pieces of about this many bytes."""


def swap_profile(profile: Floats) -> Floats:
    """Differences of neighbouring units: ``(L, n, f) -> (L, n//2, f)``.

    The pairing (0,1), (2,3), ... is fixed before anything is read; a last odd unit
    is left out.
    """
    n = profile.shape[1] // 2 * 2
    return np.ascontiguousarray(profile[:, 0:n:2] - profile[:, 1:n:2])


def standardise(profile: Floats) -> Floats:
    """Scale each layer to root mean square 1 (layers of zeros stay zero).

    A sign flip or an exchange of units leaves the scale as it is, so exactness is
    not touched; it only lets tensors of different scale share a coin fairly.
    """
    rms = np.sqrt(np.mean(np.square(profile), axis=(1, 2), keepdims=True))
    out: Floats = np.divide(profile, rms, out=np.zeros_like(profile), where=rms > 0)
    return out


@dataclass(frozen=True)
class Part:
    """Rows of one tensor, or of one kind of rows, for every layer of both models.

    Attributes:
        units: number of the unit that each row belongs to, ``(rows,)``.
        candidate: ``(candidate layers, rows, features)`` float32.
        reference: ``(reference layers, rows, features)`` float32.
    """

    units: NDArray[np.int64]
    candidate: Floats
    reference: Floats


def mismatched_cosine(part: Part) -> float:
    """Mean squared cosine of *differently* numbered rows of equal layers.

    One over it is the number of independent features that a row carries: weights
    are correlated, so it is less than the number of columns.
    """
    n = min(len(part.units), 1024)
    if n < 2:
        return 1.0
    # Few units are paired at many distances, so that the mean is worth something.
    steps = min(n - 1, -(-PAIRS // n))
    distances = np.unique(np.linspace(1, n - 1, steps).astype(int))
    squares: list[float] = []
    depth = min(part.candidate.shape[0], part.reference.shape[0])
    for layer in sorted({0, depth // 2, depth - 1}):
        c, r = part.candidate[layer, :n], part.reference[layer, :n]
        lengths = np.linalg.norm(c, axis=1), np.linalg.norm(r, axis=1)
        for distance in distances:
            norms = lengths[0] * np.roll(lengths[1], distance)
            keep = norms > 0
            if keep.any():
                other = np.roll(r, distance, axis=0)[keep]
                cosines = np.einsum("ij,ij->i", c[keep], other) / norms[keep]
                squares.append(float(np.mean(np.square(cosines))))
    mean = float(np.mean(squares)) if squares else 1.0
    return mean if mean > 0 else 1.0


@dataclass(frozen=True)
class Coins:
    """Counts of coins for every pair of layers.

    Attributes:
        heads: coins that fell on "agrees", ``(Lc, Lr)``.
        trials: coins that fell at all (exact zeros are no coin), ``(Lc, Lr)``.
        cross, scale: numerator and denominator of :attr:`correlation`.
        features: effective number of independent features behind one coin.
        inner: inner products of the units, ``(chosen layer pairs, units)``, for the
            layer pairs that were asked for.
    """

    heads: NDArray[np.int64]
    trials: NDArray[np.int64]
    cross: NDArray[np.float64]
    scale: NDArray[np.float64]
    features: float
    inner: NDArray[np.float64]

    @property
    def correlation(self) -> NDArray[np.float64]:
        """Element correlation of same-numbered units, ``(Lc, Lr)``."""
        return ratio(self.cross, self.scale)


def ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """``a / b`` with 0 where ``b`` is 0."""
    out: NDArray[np.float64] = np.divide(a, b, out=np.zeros_like(a), where=b > 0)
    return out


def count(
    parts: Sequence[Part],
    keep: Sequence[tuple[int, int]] = (),
    *,
    effective: bool = True,
) -> Coins:
    """Coins of units that several tensors, or several rows, describe together.

    Products of the same unit are added before the sign is taken, because the unit
    has ONE flip; counting its tensors as separate coins would claim more than is
    known. A unit that only some parts cover is judged by those.

    Args:
        parts: at least one; all with the same layers.
        keep: layer pairs (positions) whose inner products are wanted as well.
        effective: whether to find the number of features, which takes longest; it is
            1 otherwise.
    """
    lc, lr = parts[0].candidate.shape[0], parts[0].reference.shape[0]
    numbers = np.unique(np.concatenate([p.units for p in parts]))
    sorted_rows = [np.argsort(p.units, kind="stable") for p in parts]
    sorted_units = [p.units[rows] for p, rows in zip(parts, sorted_rows, strict=True)]
    heads = np.zeros((lc, lr), dtype=np.int64)
    trials = np.zeros((lc, lr), dtype=np.int64)
    cross = np.zeros((lc, lr))
    kept = np.zeros((len(keep), len(numbers)))
    step = max(1, CHUNK_BYTES // (4 * lc * lr))
    for start in range(0, len(numbers), step):
        chunk = numbers[start : start + step]
        inner = np.zeros((len(chunk), lc, lr), dtype=np.float32)
        for part, rows, units in zip(parts, sorted_rows, sorted_units, strict=True):
            first, last = np.searchsorted(units, [chunk[0], chunk[-1] + 1])
            if first == last:
                continue
            chosen = rows[first:last]
            where = np.searchsorted(chunk, units[first:last])
            product = _products(part, chosen)
            if len(np.unique(where)) == len(where):
                inner[where] += product
            else:
                np.add.at(inner, where, product)
        heads += np.count_nonzero(inner > 0, axis=0)
        trials += np.count_nonzero(inner, axis=0)
        cross += inner.sum(axis=0, dtype=np.float64)
        for i, (row, column) in enumerate(keep):
            kept[i, start : start + len(chunk)] = inner[:, row, column]
    left = np.sum([_energy(p.candidate) for p in parts], axis=0)
    right = np.sum([_energy(p.reference) for p in parts], axis=0)
    # Rows of a unit add up, each as informative as mismatched rows say.
    informative = 0.0
    if effective:
        informative = sum(len(p.units) / mismatched_cosine(p) for p in parts)
    return Coins(
        heads=heads,
        trials=trials,
        cross=cross,
        scale=np.sqrt(left[:, None] * right[None, :]),
        features=max(informative / max(len(numbers), 1), 1.0),
        inner=kept,
    )


def _products(part: Part, rows: NDArray[np.intp]) -> Floats:
    """Inner products of chosen rows for all layer pairs, ``(rows, Lc, Lr)``."""
    contiguous = len(rows) == rows[-1] - rows[0] + 1 and bool(
        (np.diff(rows) == 1).all()
    )
    pick = slice(int(rows[0]), int(rows[-1]) + 1) if contiguous else rows
    c = part.candidate[:, pick].transpose(1, 0, 2)
    r = part.reference[:, pick].transpose(1, 2, 0)
    product: Floats = np.matmul(c, r)
    return product


def _energy(rows: Floats) -> NDArray[np.float64]:
    return np.array([float(np.vdot(layer, layer)) for layer in rows])
