# SPDX-License-Identifier: Apache-2.0
"""Singular values of a difference: its rank above what rounding leaves.

A low-rank update that was added to stored weights and rounded again is the update plus
rounding noise. Independent noise has no singular value much beyond the length of its
largest row plus that of its largest column (Bandeira & van Handel 2016; for equal
noise everywhere the edge of Marchenko & Pastur), so the values beyond that edge count
the update's rank. Rounding noise is not equal everywhere: it grows with the values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MARGIN = 1.1
"""Values must pass the edge by this factor: the edge holds for expectations."""


@dataclass(frozen=True)
class Spectrum:
    """Singular values of a matrix, largest first.

    Attributes:
        values: singular values.
        edge: largest value that the given noise alone leads to.
        shape: of the matrix.
    """

    values: Array
    edge: float
    shape: tuple[int, int]

    @property
    def rank(self) -> int:
        """Number of values beyond the noise."""
        return int(np.count_nonzero(self.values > MARGIN * self.edge))

    @property
    def full(self) -> int:
        """Largest rank that the shape allows."""
        return min(self.shape)

    @property
    def effective(self) -> int:
        """Fewest values that hold 99 % of the energy."""
        energy = np.cumsum(self.values**2)
        if not energy.size or energy[-1] <= 0:
            return 0
        return int(np.searchsorted(energy, 0.99 * energy[-1])) + 1

    @property
    def drop(self) -> float:
        """How much smaller the first value within the noise is than the last beyond.

        A low-rank update ends in a cliff; training fades out. 1 where nothing is
        beyond the noise or nothing is within it.
        """
        rank = self.rank
        if not 0 < rank < len(self.values) or self.values[rank] <= 0:
            return 1.0
        return float(self.values[rank - 1] / self.values[rank])


def spectrum(
    matrix: NDArray[np.floating], noise: float | NDArray[np.floating]
) -> Spectrum:
    """Singular values of a matrix whose elements carry noise of a known size.

    Args:
        matrix: two axes.
        noise: standard deviation of the noise of every element.
    """
    values = np.linalg.svd(np.asarray(matrix, dtype=np.float64), compute_uv=False)
    rows, columns = matrix.shape
    variance = np.broadcast_to(np.asarray(noise, dtype=np.float64) ** 2, matrix.shape)
    edge = np.sqrt(variance.sum(1).max()) + np.sqrt(variance.sum(0).max())
    return Spectrum(values, float(edge), (rows, columns))
