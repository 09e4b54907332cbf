# SPDX-License-Identifier: Apache-2.0
"""Where a number stands among others, and between which bounds a rate lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

if TYPE_CHECKING:
    from numpy.typing import NDArray


def clopper_pearson(
    events: int, trials: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Two-sided Clopper-Pearson bounds of a rate, for independent trials.

    With no trials nothing is known: (0, 1).
    """
    if not 0 <= events <= trials:
        message = f"{events} events in {trials} trials"
        raise ValueError(message)
    tail = (1.0 - confidence) / 2.0
    low = betaincinv(events, trials - events + 1, tail) if events else 0.0
    high = (
        betaincinv(events + 1, trials - events, 1.0 - tail) if events < trials else 1.0
    )
    return float(low), float(high)


def conformal_p(value: float, controls: NDArray[np.floating]) -> float:
    """Chance that a further control is at least as large: ``(1 + count) / (n + 1)``.

    Valid whatever the distribution, if ``value`` and the controls are exchangeable.
    """
    return (1 + int((controls >= value).sum())) / (len(controls) + 1)


def percentile(value: float, controls: NDArray[np.floating]) -> float | None:
    """Per cent of controls below the value, ties counted half; ``None`` without any."""
    if len(controls) == 0:
        return None
    below = float((controls < value).sum()) + 0.5 * float((controls == value).sum())
    return 100.0 * below / len(controls)
