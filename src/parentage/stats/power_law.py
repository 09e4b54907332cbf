# SPDX-License-Identifier: Apache-2.0
"""A power law with noise, and how far a curve wanders from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EXPONENTS: Final = np.geomspace(0.02, 2.0, 28)
OFFSETS: Final = (0.0, 0.01, 0.03, 0.1, 0.3)
"""Shift of the step, as a share of the last one: losses do not fall from step 0 on."""

BLOCKS: Final = 32


@dataclass(frozen=True)
class PowerLaw:
    """``floor + scale * (step + offset) ** -exponent``, fitted by least squares.

    Attributes:
        floor, scale, exponent, offset: of the formula.
        explained: share of the variance that it explains.
        wander: variance of the means of blocks of residuals over what independent
            residuals would give. About 1 for a formula with independent noise.
        blocks: number of blocks.
    """

    floor: float
    scale: float
    exponent: float
    offset: float
    explained: float
    wander: float
    blocks: int


def fit_power_law(step: Floats, value: Floats) -> PowerLaw | None:
    """Fit a falling power law; ``None`` for fewer than 64 points.

    Args:
        step: increasing, not negative.
        value: the curve.
    """
    if len(step) < 2 * BLOCKS:
        return None
    best: tuple[float, float, float, Floats] | None = None
    last = float(step[-1])
    for offset in OFFSETS:
        base = step + max(offset * last, 1.0)
        for exponent in EXPONENTS:
            x = base**-exponent
            scale = np.cov(x, value)[0, 1] / np.var(x, ddof=1) if np.var(x) else 0.0
            rest = value - scale * x
            residual = rest - rest.mean()
            loss = float(np.mean(residual**2))
            if scale >= 0 and (best is None or loss < best[0]):
                best = (loss, float(exponent), offset * last, residual)
    if best is None:
        return None
    loss, exponent, offset, residual = best
    x = (step + max(offset, 1.0)) ** -exponent
    scale = float(np.cov(x, value)[0, 1] / np.var(x, ddof=1))
    variance = float(np.var(value))
    return PowerLaw(
        floor=float(np.mean(value - scale * x)),
        scale=scale,
        exponent=exponent,
        offset=offset,
        explained=1 - loss / variance if variance else 0.0,
        wander=wander(residual),
        blocks=BLOCKS,
    )


def wander(residual: Floats, blocks: int = BLOCKS) -> float:
    """How much more the means of blocks vary than independent residuals make them.

    The variance inside is taken from first differences, block by block, so that a noise
    that shrinks along the curve does not count as wandering.
    """
    parts = np.array_split(residual, blocks)
    means = np.array([p.mean() for p in parts])
    expected = np.array([np.mean(np.diff(p) ** 2) / 2 / len(p) for p in parts])
    mean = np.average(means, weights=1 / np.maximum(expected, 1e-300))
    total = float(np.mean((means - mean) ** 2 / np.maximum(expected, 1e-300)))
    return total * blocks / (blocks - 1)
