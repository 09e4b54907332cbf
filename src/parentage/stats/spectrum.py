# SPDX-License-Identifier: Apache-2.0
"""Singular values of a difference: its rank above what rounding leaves.

A low-rank update that was added to stored weights and rounded again is the update plus
rounding noise. Noise of independent elements has no singular value beyond
``s (sqrt(m) + sqrt(n))`` up to fluctuations of order ``m**(1/6)`` (Marchenko & Pastur
1967; Bai & Yin 1993), so the values beyond that edge count the update's rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MARGIN = 1.1
"""Values must pass the edge by this factor: rounding noise is only nearly white."""


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


def spectrum(matrix: NDArray[np.floating], noise: float) -> Spectrum:
    """Singular values of a matrix whose elements carry noise of a known size.

    Args:
        matrix: two axes.
        noise: standard deviation of the noise of an element.
    """
    values = np.linalg.svd(np.asarray(matrix, dtype=np.float64), compute_uv=False)
    rows, columns = matrix.shape
    edge = noise * (np.sqrt(rows) + np.sqrt(columns))
    return Spectrum(values, float(edge), (rows, columns))
