# SPDX-License-Identifier: Apache-2.0
"""Does a matrix look as if its entries had been drawn independently at random?

Null: entries are independent draws of one symmetric distribution (normal, truncated
normal or uniform) with mean zero. Under it the shape of the distribution, the signs,
the sums of squares of rows and columns and the largest singular value are known, for
any size. Training leaves traces in each: heavier tails, rows and columns of unequal
length, directions beyond the edge of Marchenko & Pastur (Martin & Mahoney 2021). Every
p-value is an upper bound or the usual normal approximation of a sum over many entries;
they are meant for thresholds like 1e-9, at which honest matrices are not met.

Values are stored rounded. A uniform draw inside the rounding cell of every value
restores a continuous distribution that is as good as the original.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from parentage.stats.tails import LOG10_E, bonferroni, log10_normal_tail

Array = NDArray[np.float64]
Shape = Literal["normal", "truncated-2", "truncated-3", "uniform"]

SHAPES: Final[tuple[Shape, ...]] = ("normal", "truncated-2", "truncated-3", "uniform")
"""Families of distributions: normal, cut at two or three standard deviations of the
uncut one, uniform."""

FEWEST_SIDE = 16
"""Rows and columns without which the largest singular value says nothing."""


@dataclass(frozen=True)
class Initial:
    """How well a matrix agrees with independent draws.

    Attributes:
        shape: the family that fits best.
        std: root mean square of the entries.
        kurtosis: mean fourth power over the squared mean square.
        log10_p: ``log10 p`` of each test; see :data:`TESTS`.
        entries: how many entries the tests of the distribution rest on.
        edge: largest singular value over the largest that noise leads to; ``None`` for
            small matrices.
    """

    shape: Shape
    std: float
    kurtosis: float
    log10_p: dict[str, float]
    entries: int
    edge: float | None

    @property
    def worst(self) -> tuple[str, float]:
        """Name and ``log10 p`` of the worst test, corrected for their number."""
        name = min(self.log10_p, key=lambda k: self.log10_p[k])
        return name, bonferroni(self.log10_p[name], len(self.log10_p))


TESTS: Final = ("shape", "signs", "mean", "rows", "columns", "spectrum")
"""What is tested: the distribution of the entries, their signs, their mean, sums of
squares of rows and of columns, and the largest singular value."""


def initial(
    matrix: NDArray[np.floating],
    step: NDArray[np.floating] | None,
    *,
    rng: np.random.Generator,
    most: int = 100_000,
    shapes: tuple[Shape, ...] = SHAPES,
) -> Initial | None:
    """Hold a matrix against independent draws.

    Args:
        matrix: ``(n, m)`` stored values.
        step: ``(n, m)`` width of each value's rounding cell; ``None`` for exact values.
        rng: draws inside the cells, and the entries that the shape is tested on.
        most: entries that the shape is tested on; evenly thinned beyond.
        shapes: families that come into question, such as the declared one alone.

    Returns:
        ``None`` where all entries are equal.
    """
    values = np.asarray(matrix, dtype=np.float64)
    if step is not None:
        values = values + (rng.random(values.shape) - 0.5) * step
    square = float(np.mean(values**2))
    if square <= 0 or not np.isfinite(square) or values.size < 8:
        return None
    std = math.sqrt(square)
    flat = values.ravel()[:: max(1, values.size // most)] / std
    fits = {s: shape_log10_p(flat, s) for s in shapes}
    shape = max(fits, key=lambda s: fits[s])
    kurtosis = float(np.mean((values / std) ** 4))
    found = {
        # The best of several families was taken, which only makes it larger.
        "shape": fits[shape],
        "signs": _two_sided(_centred(np.sign(values)) * math.sqrt(values.size)),
        "mean": _two_sided(float(values.mean()) / std * math.sqrt(values.size)),
        "rows": dispersion_log10_p(values / std, KURTOSIS[shape]),
        "columns": dispersion_log10_p(values.T / std, KURTOSIS[shape]),
    }
    edge = None
    if min(values.shape) >= FEWEST_SIDE:
        edge, found["spectrum"] = spectrum_log10_p(values / std)
    return Initial(shape, std, kurtosis, found, len(flat), edge)


def _centred(signs: Array) -> float:
    return float(signs.mean())


def _two_sided(z: float) -> float:
    return min(0.0, log10_normal_tail(abs(z)) + math.log10(2))


def _uncut(cut: float) -> float:
    """Standard deviation of a standard normal cut at ``cut``."""
    mass = math.erf(cut / math.sqrt(2))
    density = math.exp(-(cut**2) / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 2 * cut * density / mass)


def _cut_kurtosis(cut: float) -> float:
    mass = math.erf(cut / math.sqrt(2))
    density = math.exp(-(cut**2) / 2) / math.sqrt(2 * math.pi)
    fourth = 3 - 2 * density * (cut**3 + 3 * cut) / mass
    return fourth / _uncut(cut) ** 4


CUTS: Final = {"truncated-2": 2.0, "truncated-3": 3.0}

KURTOSIS: Final[dict[str, float]] = {
    "normal": 3.0,
    "uniform": 1.8,
    **{name: _cut_kurtosis(cut) for name, cut in CUTS.items()},
}
"""Fourth moment of each family over the squared second."""


def cumulative(values: Array, shape: Shape) -> Array:
    """Distribution function of a family, scaled to variance one."""
    if shape == "uniform":
        found: Array = np.clip(0.5 + values / math.sqrt(12), 0, 1)
        return found
    if shape == "normal":
        normal: Array = special.ndtr(values)
        return normal
    cut = CUTS[shape]
    low = float(special.ndtr(-cut))
    within: Array = (special.ndtr(np.clip(values * _uncut(cut), -cut, cut)) - low) / (
        1 - 2 * low
    )
    return within


def shape_log10_p(values: Array, shape: Shape) -> float:
    """Kolmogorov-Smirnov, as ``log10`` of the bound ``2 exp(-2 n D^2)`` (Massart 1990).

    Args:
        values: scaled to mean square one. Scaling by the data's own size brings the
            distance down, so the bound stays one (Lilliefors 1967).
        shape: the family.
    """
    n = len(values)
    expected = cumulative(np.sort(values), shape)
    steps = np.arange(n + 1) / n
    distance = max(
        float((steps[1:] - expected).max()), float((expected - steps[:-1]).max())
    )
    return min(0.0, math.log10(2) - 2 * n * distance**2 * LOG10_E)


def dispersion_log10_p(values: Array, kurtosis: float) -> float:
    """Do rows differ in their sums of squares by more than independent entries would?

    Args:
        values: ``(n, m)`` with mean square one.
        kurtosis: fourth moment of an entry.

    The variance of a row's sum of squares is ``m (kurtosis - 1)``. Sums over many
    entries are nearly normal, their squared deviations nearly chi-square; the further
    fourth moment of a sum is allowed for.
    """
    n, m = values.shape
    if n < 2 or m < 2:
        return 0.0
    expected = m * (kurtosis - 1)
    sums = (values**2).sum(1)
    ratio = float(((sums - sums.mean()) ** 2).sum() / expected)
    # Excess fourth moment of a sum of m squares of entries; 12 m for normal entries,
    # taken for all families: it is largest there.
    heavier = 12.0 / m
    z = (ratio - (n - 1)) / math.sqrt((n - 1) * (2 + heavier))
    return _upper(z, n)


def _upper(z: float, n: int) -> float:
    """Upper tail of a standardised chi-square of about ``n`` degrees (Wilson-Hilferty).

    The normal approximation of a chi-square has too light an upper tail.
    """
    if z <= 0:
        return 0.0
    k = max(n - 1, 1)
    value = max(1 + z * math.sqrt(2 / k), 0.0)
    cube = (value ** (1 / 3) - (1 - 2 / (9 * k))) / math.sqrt(2 / (9 * k))
    return min(0.0, log10_normal_tail(cube))


def spectrum_log10_p(values: Array) -> tuple[float, float]:
    """Largest singular value over the edge of noise, and the chance of it.

    Args:
        values: ``(n, m)`` with mean square one.

    The largest eigenvalue of ``X X^T`` lies at ``(sqrt(n) + sqrt(m))^2`` with
    fluctuations of Tracy & Widom's law (Johnstone 2001; the same for all entries with
    light tails, Soshnikov 2002), whose upper tail is at most about
    ``exp(-2/3 x^{3/2})``. A bound from above is taken where the law is not far off.
    """
    n, m = values.shape
    top = float(np.linalg.norm(values, 2))
    a, b = math.sqrt(max(n - 1, 1)), math.sqrt(m)
    centre = (a + b) ** 2
    width = (a + b) * (1 / a + 1 / b) ** (1 / 3)
    x = (top**2 - centre) / width
    edge = top / (a + b)
    if x <= 0:
        return edge, 0.0
    return edge, min(0.0, -2 / 3 * x**1.5 * LOG10_E)
