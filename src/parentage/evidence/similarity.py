# SPDX-License-Identifier: Apache-2.0
"""Byte identity and descriptive similarity of same-numbered tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import DTYPES, rounds_to
from parentage.evidence.samples import Floats, Sample
from parentage.stats.tails import LOG10_E


def equal_values(
    candidate: Floats, reference: Floats, dtypes: tuple[str, str]
) -> NDArray[np.bool_]:
    """Which values are the same as far as the coarser stored format can tell.

    A copy cast to another format counts as the same: the finer value is rounded to
    the coarser format first. Where neither format holds the other (F16 and BF16) a
    difference of one step of the coarser significand is allowed. NaN equals NaN.
    """
    a, b = dtypes
    both_nan = np.isnan(candidate) & np.isnan(reference)
    same: NDArray[np.bool_]
    if a == b:
        same = (candidate == reference) | both_nan
        return same
    if rounds_to(a, b) or rounds_to(b, a):
        coarse = DTYPES[a if rounds_to(a, b) else b].numpy
        with np.errstate(over="ignore"):
            same = (
                candidate.astype(coarse).astype(np.float32)
                == reference.astype(coarse).astype(np.float32)
            ) | both_nan
            return same
    digits = min(DTYPES[a].digits, DTYPES[b].digits)
    step = 2.0 ** max(DTYPES[a].quantum, DTYPES[b].quantum)
    room = np.maximum(np.abs(reference) * 2.0 ** (1 - digits), step)
    same = (np.abs(candidate - reference) <= room) | both_nan
    return same


CERTAIN = -100.0
"""Below this ``log10 p`` no further tensor is counted for the chance of equality."""


@dataclass
class Tally:
    """Running sums of aligned similarity over many tensors.

    Attributes:
        elements, equal: values compared, and how many are the same.
        tensors, identical: tensors compared, and how many are the same throughout.
        log10_p: smallest log10 chance that a uniformly relabelled tensor came out
            equal; 0 where every identical tensor is constant.
        aligned: elements of matrices, which the other sums are over.
    """

    elements: int = 0
    equal: int = 0
    tensors: int = 0
    identical: int = 0
    log10_p: float = 0.0
    aligned: int = 0
    dot: float = 0.0
    left: float = 0.0
    right: float = 0.0
    sum_left: float = 0.0
    sum_right: float = 0.0
    difference: float = 0.0

    def add(
        self, sample: Sample, i: int, j: int, units: Callable[[Floats], int]
    ) -> None:
        """Add the tensors at candidate position ``i`` and reference position ``j``.

        Vectors count for identity only: gains near 1 would give any two models a
        high cosine.
        """
        c, r = sample.candidate[i], sample.reference[j]
        if c.size == 0:
            return
        same = equal_values(c, r, sample.dtypes)
        self.tensors += 1
        self.elements += c.size
        self.equal += int(same.sum())
        if same.all() and not sample.truncated:
            self.identical += 1
            if self.log10_p > CERTAIN:
                chance = -math.lgamma(units(r) + 1) * LOG10_E
                self.log10_p = min(self.log10_p, chance)
        if c.ndim < 2:
            return
        x, y = c.ravel(), r.ravel()
        self.aligned += c.size
        self.dot += float(np.dot(x, y))
        self.left += float(np.dot(x, x))
        self.right += float(np.dot(y, y))
        self.sum_left += float(x.sum(dtype=np.float64))
        self.sum_right += float(y.sum(dtype=np.float64))
        difference = x - y
        self.difference += float(np.dot(difference, difference))

    def merge(self, other: Tally) -> None:
        """Add another tally to this one."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            setattr(self, name, min(mine, value) if name == "log10_p" else mine + value)

    @property
    def all_identical(self) -> bool:
        """Whether every value compared is the same, and some tensor is not constant."""
        return self.tensors > 0 and self.identical == self.tensors and self.log10_p < 0

    @property
    def cosine(self) -> float:
        """Raw cosine over all elements."""
        scale = math.sqrt(self.left * self.right)
        return self.dot / scale if scale > 0 else 0.0

    @property
    def pearson(self) -> float:
        """Correlation over all elements after the overall means are removed."""
        if not self.aligned:
            return 0.0
        n = self.aligned
        cross = self.dot - self.sum_left * self.sum_right / n
        left = self.left - self.sum_left**2 / n
        right = self.right - self.sum_right**2 / n
        return cross / math.sqrt(left * right) if left > 0 and right > 0 else 0.0

    @property
    def relative_l2(self) -> float:
        """``|c - r| / |r|`` over all elements."""
        return math.sqrt(self.difference / self.right) if self.right > 0 else 0.0


def distinct_rows(array: Floats) -> int:
    """Number of different rows: each is a unit that a relabelling would move."""
    rows = np.ascontiguousarray(array.reshape(array.shape[0], -1))
    as_bytes = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))
    return len(np.unique(as_bytes))
