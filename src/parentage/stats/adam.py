# SPDX-License-Identifier: Apache-2.0
"""How far Adam can move an element, whatever the gradients are.

Kingma & Ba (2015), section 2.1, state the size of a step as about the learning rate,
and ``lr (1 - b1) / sqrt(1 - b2)`` for sparse gradients; both neglect the other steps'
gradients. The bound here does not: with ``m = (1 - b1) sum b1^k g_k`` and ``v =
(1 - b2) sum b2^k g_k^2``, Cauchy and Schwarz give ``m^2 <= v (1 - b1)^2 / (1 - b2) sum
(b1^2 / b2)^k``, and the corrections for the start are factors known from the step. It
holds for AdamW, whose decay is added apart, and for any clipping of gradients.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ADAM: Final = frozenset({"adam", "adamw", "fusedadam", "adamw_torch"})
"""Names of optimizers whose step is bounded as this module says."""

DEFAULT_BETAS: Final = (0.9, 0.999)


def bounded(betas: tuple[float, float]) -> bool:
    """Whether two decays are ones that Adam can run with, and that have bounds."""
    return 0 <= betas[0] < 1 and 0 < betas[1] < 1


def step_bound(b1: float, b2: float, steps: Floats) -> Floats:
    """Largest ``|m_hat| / sqrt(v_hat)`` at each step.

    Args:
        b1, b2: decay of the two moments, ``0 <= b1 < 1``, ``0 < b2 < 1``.
        steps: number of updates of the optimizer so far, this one included, from 1.

    Returns:
        Infinity where ``b1^2 >= b2`` leaves no bound in the long run.
    """
    count: Floats = np.maximum(steps, 1.0)
    ratio = b1 * b1 / b2
    if ratio >= 1:
        return np.full_like(count, math.inf)
    series = (1 - ratio**count) / (1 - ratio)
    bare = (1 - b1) / math.sqrt(1 - b2) * np.sqrt(series)
    found: Floats = bare * np.sqrt(1 - b2**count) / (1 - b1**count)
    return found


def state_bound(b1: float, b2: float) -> float:
    """Largest ``|m| / sqrt(v)`` of stored moments, before the corrections."""
    ratio = b1 * b1 / b2
    if ratio >= 1:
        return math.inf
    return (1 - b1) / math.sqrt(1 - b2) / math.sqrt(1 - ratio)


def motion_bound(
    rates: Floats, first: int, *, betas: tuple[float, float], fresh: bool = True
) -> float:
    """Sum over steps of the learning rate times the largest step.

    Args:
        rates: learning rate of every step of a stretch.
        first: number of steps done before it.
        betas: of Adam.
        fresh: whether the optimizer may have begun anew anywhere in the stretch, which
            puts every step at the largest bound of any count.
    """
    if fresh:
        counts = np.arange(1, 2001, dtype=np.float64)
        largest = max(
            float(step_bound(*betas, counts).max()),
            state_bound(*betas),
        )
        return float(np.sum(rates)) * largest
    known: Floats = first + 1.0 + np.arange(len(rates), dtype=np.float64)
    return float(np.sum(rates * step_bound(*betas, known)))
