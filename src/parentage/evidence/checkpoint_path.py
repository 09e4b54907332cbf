# SPDX-License-Identifier: Apache-2.0
"""Values of the same weights at every point of a training record, and their distances.

A path is a sequence of points (step 0, checkpoints, the end); of every tensor the same
places are held at each. Distances are Euclidean over the elements of matrices, per
module, since modules are replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.samples import Floats

Square = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Strand:
    """One tensor along the path.

    Attributes:
        module, role, layer, expert: in the words of a description.
        name: as stored.
        values: float32 ``(points, *rectangle)``.
        dtypes: stored format at each point.
    """

    module: str
    role: str
    layer: int | None
    expert: int | None
    name: str
    values: Floats
    dtypes: tuple[str, ...]

    @property
    def is_matrix(self) -> bool:
        """Whether it has more than one axis; vectors are near constant."""
        return self.values.ndim > 2


@dataclass(frozen=True, eq=False)
class Path:
    """All strands of a record.

    Attributes:
        labels: of the points, in the order of training.
        steps: of the points; ``None`` where the record does not say.
        strands: tensors that every point holds, at places that every point holds.
        left_out: tensors that some point does not hold.
    """

    labels: tuple[str, ...]
    steps: tuple[int | None, ...]
    strands: tuple[Strand, ...]
    left_out: int = 0

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """Modules with matrices, in order."""
        return tuple(dict.fromkeys(s.module for s in self.strands if s.is_matrix))

    @cached_property
    def grams(self) -> dict[str, Square]:
        """Per module inner products ``(points, points)`` of all elements of matrices.

        The overall mean of each point is removed first.
        """
        found = {}
        for module in self.modules:
            total = np.zeros((len(self.labels),) * 2)
            sums, count = np.zeros(len(self.labels)), 0
            for strand in self.strands:
                if strand.module == module and strand.is_matrix:
                    flat = strand.values.reshape(len(self.labels), -1)
                    flat = flat.astype(np.float64)
                    total += flat @ flat.T
                    sums += flat.sum(1)
                    count += flat.shape[1]
            found[module] = total - np.outer(sums, sums) / max(count, 1)
        return found

    @cached_property
    def elements(self) -> dict[str, int]:
        """Elements of matrices per module."""
        return {
            m: sum(
                s.values[0].size for s in self.strands if s.module == m and s.is_matrix
            )
            for m in self.modules
        }

    def gram(self, modules: Sequence[str] | None = None) -> Square:
        """Inner products over several modules, all by default."""
        chosen = self.modules if modules is None else modules
        total = np.zeros((len(self.labels),) * 2)
        for module in chosen:
            total = total + self.grams[module]
        return total


def correlations(gram: Square) -> Square:
    """Element correlation of every pair of points."""
    size = np.sqrt(np.maximum(np.diag(gram), 0))
    scale = np.outer(size, size)
    found: Square = np.divide(gram, scale, out=np.zeros_like(gram), where=scale > 0)
    return found


def distances(gram: Square) -> Square:
    """Euclidean distance of every pair of points."""
    square = np.diag(gram)
    found: Square = np.sqrt(np.maximum(square[:, None] + square[None] - 2 * gram, 0))
    return found


def turns(gram: Square) -> NDArray[np.float64]:
    """Cosine between each move along the path and the next; NaN beside a halt.

    Args:
        gram: inner products of ``n`` points.

    Returns:
        ``(n - 2,)``; 1 where a path goes straight on.
    """
    n = len(gram)
    difference = np.zeros((max(n - 1, 0), n))
    for i in range(n - 1):
        difference[i, i], difference[i, i + 1] = -1, 1
    moves = difference @ gram @ difference.T
    size = np.sqrt(np.maximum(np.diag(moves), 0))
    # Differences of values that agree to seven digits are rounding, not a move.
    floor = 1e-6 * np.sqrt(np.maximum(np.diag(gram), 0).max(initial=0.0))
    found = np.full(max(n - 2, 0), np.nan)
    for i in range(n - 2):
        if min(size[i], size[i + 1]) > floor:
            found[i] = moves[i, i + 1] / (size[i] * size[i + 1])
    return found
