# SPDX-License-Identifier: Apache-2.0
"""How far two arrays of equal shape lie apart, from sums that can be added up.

:class:`Sums` is what one pass over two arrays leaves: it has a fixed size, sums of
parts add up to sums of the whole, and every number that is reported follows from it.

Cosine and Pearson are taken from the squared *difference* where two arrays are near:
``1 - cos = (|a-b|² - (|a|-|b|)²) / (2|a||b|)``, which loses no digits where
``a·b / (|a||b|)`` would lose all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

Raw = tuple[float, float, float, float, float, float, float]
"""Sums of one tile: ``(Σa, Σb, Σa², Σb², Σab, Σ(a-b)², max|a-b|)``."""

Kernel = Callable[[Floats, Floats], Raw]
"""Takes two float32 arrays of one length."""

_TINY = 1e-20
_NEAR = 0.1
_CONSTANT = 1e-10


@dataclass(slots=True)
class Sums:
    """Sums over pairs of values; those from ``sum_a`` on leave non-finite pairs out.

    Attributes:
        pairs: pairs of values.
        changed: pairs that are not the same.
        finite: pairs of which both are finite.
        nan_a, infinite_a, nan_b, infinite_b: values that are not finite, by side.
        sum_a, sum_b: sums of the values.
        aa, bb, ab: sums of squares and of products.
        dd: sum of squared differences.
        largest: largest absolute difference.
    """

    pairs: int = 0
    changed: int = 0
    finite: int = 0
    nan_a: int = 0
    infinite_a: int = 0
    nan_b: int = 0
    infinite_b: int = 0
    sum_a: float = 0.0
    sum_b: float = 0.0
    aa: float = 0.0
    bb: float = 0.0
    ab: float = 0.0
    dd: float = 0.0
    largest: float = 0.0

    def add(self, other: Sums) -> None:
        """Take in the sums of further pairs."""
        # Written out: this runs for every tile while other threads wait.
        self.pairs += other.pairs
        self.changed += other.changed
        self.finite += other.finite
        self.nan_a += other.nan_a
        self.infinite_a += other.infinite_a
        self.nan_b += other.nan_b
        self.infinite_b += other.infinite_b
        self.sum_a += other.sum_a
        self.sum_b += other.sum_b
        self.aa += other.aa
        self.bb += other.bb
        self.ab += other.ab
        self.dd += other.dd
        self.largest = max(self.largest, other.largest)

    def to_list(self) -> list[float]:
        """The numbers in the order of the attributes; the first seven are whole."""
        return list(astuple(self))

    @classmethod
    def from_list(cls, numbers: Sequence[float]) -> Sums:
        """The inverse of :meth:`to_list`.

        Raises:
            ValueError: there are too few or too many numbers, or one is of the wrong
                kind.
        """
        counts, values = list(numbers[:7]), list(numbers[7:])
        wrong = len(numbers) != len(fields(cls))
        wrong = wrong or any(type(n) is not int or n < 0 for n in counts)
        if wrong or any(type(v) is not float for v in values):
            message = f"{len(numbers)} numbers that are no sums"
            raise ValueError(message)
        return cls(*counts, *values)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Distance:
    """Numbers that follow from sums; ``None`` where they are not defined.

    Attributes:
        cosine: of the two arrays as vectors.
        one_minus_cosine: the same, with the digits that a cosine near 1 has not.
        pearson: correlation about the means; not defined for a constant.
        relative_l2: ``|a-b| / |a|``.
        norm_ratio: ``|b| / |a|``.
        largest: largest ``|a-b|``.
    """

    cosine: float | None
    one_minus_cosine: float | None
    pearson: float | None
    relative_l2: float | None
    norm_ratio: float | None
    largest: float | None


def distance(sums: Sums) -> Distance:
    """Cosine, Pearson, relative L2 and the ratio of norms."""
    n = sums.finite
    if not n:
        return Distance(None, None, None, None, None, None)
    apart = _one_minus(sums.aa, sums.bb, sums.ab, sums.dd)
    centred_a = sums.aa - sums.sum_a**2 / n
    centred_b = sums.bb - sums.sum_b**2 / n
    pearson = None
    if centred_a > _CONSTANT * sums.aa and centred_b > _CONSTANT * sums.bb:
        centred = _one_minus(
            centred_a,
            centred_b,
            sums.ab - sums.sum_a * sums.sum_b / n,
            max(0.0, sums.dd - (sums.sum_a - sums.sum_b) ** 2 / n),
        )
        pearson = None if centred is None else 1.0 - centred
    norm = math.sqrt(sums.aa)
    return Distance(
        cosine=None if apart is None else 1.0 - apart,
        one_minus_cosine=apart,
        pearson=pearson,
        relative_l2=math.sqrt(sums.dd) / norm if norm else None,
        norm_ratio=math.sqrt(sums.bb) / norm if norm else None,
        largest=sums.largest,
    )


def _one_minus(aa: float, bb: float, ab: float, dd: float) -> float | None:
    a, b = math.sqrt(aa), math.sqrt(bb)
    if not a * b:
        return None
    apart = (dd - (a - b) ** 2) / (2 * a * b)
    if apart > _NEAR:
        apart = 1.0 - ab / (a * b)
    return min(2.0, max(0.0, apart))


def numpy_kernel(length: int) -> Kernel:
    """The reference kernel, in single precision with its own working memory.

    Products are summed by BLAS: relative errors of about 1e-6 of the sum of
    magnitudes, in one tile of 2^17 values, are what :func:`trusted` reckons with.

    Args:
        length: longest arrays that it will be given.
    """
    ones = np.ones(length, np.float32)
    room = np.empty(length, np.float32)

    def kernel(a: Floats, b: Floats) -> Raw:
        n = len(a)
        one, d = ones[:n], room[:n]
        with np.errstate(all="ignore"):
            np.subtract(a, b, out=d)
            return (
                float(np.dot(a, one)),
                float(np.dot(b, one)),
                float(np.dot(a, a)),
                float(np.dot(b, b)),
                float(np.dot(a, b)),
                float(np.dot(d, d)),
                float(max(d.max(), -d.min())),
            )

    return kernel


def trusted(raw: Raw, n: int, changed: int) -> bool:
    """Whether sums taken in single precision are good enough to be kept.

    They are not where something overflowed, was NaN, was so small that squares
    vanish, or where the mean is so large that little is left about it.
    """
    sum_a, sum_b, aa, bb, _, dd, _ = raw
    if not math.isfinite(sum(raw)):
        return False
    if aa < _TINY or bb < _TINY or (changed and dd < _TINY):
        return False
    return sum_a**2 <= 0.5 * n * aa and sum_b**2 <= 0.5 * n * bb


def single(raw: Raw, n: int, changed: int) -> Sums:
    """Sums of ``n`` finite pairs, from what a kernel found."""
    sum_a, sum_b, aa, bb, ab, dd, largest = raw
    return Sums(n, changed, n, 0, 0, 0, 0, sum_a, sum_b, aa, bb, ab, dd, largest)


def exact(a: Doubles, b: Doubles, changed: int) -> Sums:
    """Sums in double precision; pairs that are not finite are counted and left out.

    Args:
        a, b: arrays of one length.
        changed: pairs that are not the same, which the stored bits decide.
    """
    ok = np.isfinite(a) & np.isfinite(b)
    found = Sums(pairs=len(a), changed=changed, finite=int(np.count_nonzero(ok)))
    if found.finite < len(a):
        found.nan_a, found.nan_b = (int(np.isnan(v).sum()) for v in (a, b))
        found.infinite_a, found.infinite_b = (int(np.isinf(v).sum()) for v in (a, b))
        a, b = a[ok], b[ok]
    if not found.finite:
        return found
    with np.errstate(over="ignore", invalid="ignore"):
        d = a - b
        found.sum_a, found.sum_b = float(a.sum()), float(b.sum())
        found.aa, found.bb = float((a * a).sum()), float((b * b).sum())
        found.ab, found.dd = float((a * b).sum()), float((d * d).sum())
    found.largest = float(np.abs(d).max())
    return found


def values_changed(a: Doubles | Floats, b: Doubles | Floats) -> int:
    """Pairs with different values; two NaN count as the same."""
    return int(np.count_nonzero((a != b) & ~(np.isnan(a) & np.isnan(b))))
