# SPDX-License-Identifier: Apache-2.0
"""Is one share of a direction present everywhere alike?

Averaging multiplies a parent's change by one number in every matrix and in every
singular direction of it. Training that merely went a similar way does not: it shares
the strong directions more than the weak ones, and some matrices more than others. The
share is measured in bands of singular directions of each matrix. What unrelated rest
would make of it by chance is seen beside the diagonal: an unrelated matrix, turned
into the singular bases of the direction, has a diagonal like its other elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BANDS = (0, 2, 8, 24, 96, 384)
"""Singular directions from the first number up to the next form a band."""


@dataclass(frozen=True)
class Share:
    """A share over all bands of all matrices.

    Attributes:
        mean: the share.
        spread: standard deviation over the bands, relative to the mean.
        chance: what unrelated rest alone would lead to, relative to the mean.
        bands: mean share in each band, from strong directions to weak ones.
    """

    mean: float
    spread: float
    chance: float
    bands: tuple[float, ...]

    @property
    def excess(self) -> float:
        """Relative variation beyond chance."""
        return float(np.sqrt(max(self.spread**2 - self.chance**2, 0.0)))

    @property
    def ratio(self) -> float:
        """Variation over what chance leads to; about 1 for one share everywhere."""
        return self.spread / self.chance if self.chance > 0 else np.inf


def uniform_share(
    directions: Sequence[Array], targets: Sequence[Array]
) -> Share | None:
    """How much of each direction its target holds, and how evenly.

    Args:
        directions: matrices, such as a parent's change in each tensor.
        targets: matrices of the same shapes.

    Returns:
        ``None`` where no matrix has two singular directions.
    """
    cells = [
        cell
        for d, t in zip(directions, targets, strict=True)
        if min(d.shape) >= 2
        for cell in _cells(d, t)
    ]
    if not cells:
        return None
    band, slope, variance, energy = (np.array(c) for c in zip(*cells, strict=True))
    weight = energy / energy.sum()
    mean = float(weight @ slope)
    if mean == 0:
        return None
    spread = float(np.sqrt(weight @ (slope - mean) ** 2))
    chance = float(np.sqrt(weight @ variance))
    bands = tuple(
        float(slope[band == b] @ energy[band == b] / energy[band == b].sum())
        for b in sorted(set(band.tolist()))
    )
    return Share(mean, spread / abs(mean), chance / abs(mean), bands)


def _cells(direction: Array, target: Array) -> list[tuple[int, float, float, float]]:
    """(band, share, variance by chance, energy) of each band of one matrix."""
    left, values, right = np.linalg.svd(direction, full_matrices=False)
    turned = left.T @ target @ right.T
    found = []
    ends = [*BANDS[1:], len(values)]
    for number, (start, end) in enumerate(zip(BANDS, ends, strict=True)):
        stop = min(end, len(values))
        if stop - start < 2:
            continue
        part = turned[start:stop, start:stop]
        size = values[start:stop]
        energy = float(size @ size)
        if energy <= SMALLEST * float(values[0] ** 2):
            continue
        slope = float(size @ np.diag(part)) / energy
        off = part**2
        np.fill_diagonal(off, 0)
        beside = (off.sum(0) + off.sum(1)) / (2 * (stop - start - 1))
        found.append((number, slope, float(size**2 @ beside) / energy**2, energy))
    return found


SMALLEST = 1e-12
"""Bands with less of the first value's energy are rounding and are left out."""
