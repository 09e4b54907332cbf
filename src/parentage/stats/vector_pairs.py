# SPDX-License-Identifier: Apache-2.0
"""Statistics of two vectors that published claims name, and what means alone give.

Two facts make most public claims checkable without the weights. The *mean over all
permutations* of the cosine of ``a`` with a shuffled ``b`` is a function of the two
means and standard deviations; and so is the cosine after any *constant* was subtracted
from both, given the plain cosine. A table that holds these five numbers therefore holds
its own control.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cosine(a: Floats, b: Floats) -> float:
    """``<a, b> / (|a| |b|)``; NaN where either vector is zero."""
    scale = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(a @ b) / scale if scale > 0 else math.nan


def cosine_about(a: Floats, b: Floats, constant: float) -> float:
    """Cosine after the same constant was subtracted from both vectors."""
    return cosine(a - constant, b - constant)


def pearson(a: Floats, b: Floats) -> float:
    """Cosine after each vector's own mean was subtracted from it."""
    if a.size == 0:
        return math.nan
    return cosine(a - a.mean(), b - b.mean())


def relative_l2(a: Floats, b: Floats) -> float:
    """``|a - b| / |b|``; NaN where ``b`` is zero."""
    scale = float(np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / scale if scale > 0 else math.nan


def mean_absolute_difference(a: Floats, b: Floats) -> float:
    """Mean of ``|a - b|``; NaN for empty vectors."""
    return float(np.abs(a - b).mean()) if a.size else math.nan


def percentile_99_difference(a: Floats, b: Floats) -> float:
    """99th percentile of ``|a - b|``; NaN for empty vectors."""
    return float(np.percentile(np.abs(a - b), 99)) if a.size else math.nan


FUNCTIONS: Final = {
    "cosine": cosine,
    "pearson": pearson,
    "centred-cosine": pearson,
    "relative-l2": relative_l2,
    "mean-absolute-difference": mean_absolute_difference,
    "percentile-99-difference": percentile_99_difference,
}
"""Statistic -> function of two float64 vectors of equal length."""


@dataclass(frozen=True)
class Moments:
    """Means and population standard deviations of two vectors of equal length."""

    mean_a: float
    sd_a: float
    mean_b: float
    sd_b: float

    @property
    def _scale(self) -> float:
        """``|a| |b| / n``."""
        return math.hypot(self.mean_a, self.sd_a) * math.hypot(self.mean_b, self.sd_b)

    @property
    def shuffled_cosine(self) -> float:
        """Mean of the cosine over all permutations of one vector: exact, any length."""
        scale = self._scale
        return self.mean_a * self.mean_b / scale if scale > 0 else math.nan

    def pearson_of(self, plain: float) -> float:
        """Pearson correlation that goes with a plain cosine."""
        spread = self.sd_a * self.sd_b
        if spread <= 0:
            return math.nan
        return (plain * self._scale - self.mean_a * self.mean_b) / spread

    def cosine_about(self, plain: float, constant: float) -> float:
        """Cosine after ``constant`` was subtracted from both, from the plain cosine."""
        product = plain * self._scale - constant * (self.mean_a + self.mean_b)
        product += constant**2
        scale = math.hypot(self.mean_a - constant, self.sd_a)
        scale *= math.hypot(self.mean_b - constant, self.sd_b)
        return product / scale if scale > 0 else math.nan
