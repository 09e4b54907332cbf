# SPDX-License-Identifier: Apache-2.0
"""The noise of a curve: how large it is from window to window, and where it vanishes.

Second differences take out the level and the slope of a curve and leave its noise;
their median absolute deviation is not moved by single spikes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TO_SD: Final = 1.4826
"""Median absolute deviation of a normal variable to its standard deviation."""

NEIGHBOURS: Final = 3
"""Windows on each side that a window is held against."""


def noise_level(values: Floats) -> float:
    """Standard deviation of independent noise on a smooth curve.

    Args:
        values: at least 4 consecutive values, one per step.

    Returns:
        From the second differences, whose variance is 6 times that of the noise;
        ``nan`` for fewer values.
    """
    if len(values) < 4:
        return float("nan")
    second = np.diff(values, 2)
    spread = np.median(np.abs(second - np.median(second)))
    return float(TO_SD * spread / np.sqrt(6))


def difference_noise(values: Floats) -> float:
    """The same from the first differences, spikes and all.

    Args:
        values: at least 2 consecutive values, one per step.
    """
    return float(np.std(np.diff(values)) / np.sqrt(2))


def difference_correlation(values: Floats) -> float:
    """Correlation of each first difference with the next.

    -0.5 for independent noise on a level curve; towards 1 where the curve is smooth or
    was smoothed.
    """
    steps = np.diff(values)
    if len(steps) < 4 or not np.std(steps[:-1]) or not np.std(steps[1:]):
        return float("nan")
    return float(np.corrcoef(steps[:-1], steps[1:])[0, 1])


@dataclass(frozen=True)
class Windows:
    """Noise in windows of equal length.

    Attributes:
        width: values per window.
        starts: index of each window's first value.
        noise: standard deviation in each.
        smooth: correlation of consecutive differences in each.
        drop: how many times noisier the *quieter* of both neighbourhoods is.
        fall: how many times noisier the windows before are.
    """

    width: int
    starts: npt.NDArray[np.int64]
    noise: Floats
    smooth: Floats
    drop: Floats
    fall: Floats


def window_noise(values: Floats, width: int = 50) -> Windows:
    """Noise of every window of a curve beside its neighbours'.

    Args:
        values: the curve, in order.
        width: values per window.

    Returns:
        One row per whole window; what is left at the end belongs to no window.
    """
    count = len(values) // width
    parts = values[: count * width].reshape(count, width) if count else np.empty((0, 1))
    noise = np.array([noise_level(part) for part in parts])
    smooth = np.array([difference_correlation(part) for part in parts])
    drop, fall = np.full(count, np.nan), np.full(count, np.nan)
    # A window of no noise at all is held against the smallest number that is one.
    least = np.finfo(np.float64).tiny
    for i in range(count):
        before = noise[max(0, i - NEIGHBOURS) : i]
        if len(before):
            fall[i] = np.median(before) / max(noise[i], least)
    drop[:] = _between(noise, least)
    return Windows(width, np.arange(count) * width, noise, smooth, drop, fall)


def _between(noise: Floats, least: float) -> Floats:
    """How far each window, alone or in a row of quiet ones, lies below both sides.

    The windows beside it are taken at the distance at which noise comes back: a long
    quiet stretch is held against what surrounds the stretch, not against itself.
    """
    count = len(noise)
    left, right = np.zeros(count), np.zeros(count)
    for i in range(count):
        left[i] = _highest_median(noise[:i][::-1])
        right[i] = _highest_median(noise[i + 1 :])
    return np.minimum(left, right) / np.maximum(noise, least)


def _highest_median(side: Floats) -> float:
    """Largest median of three neighbouring windows within reach."""
    reach = side[:24]
    if len(reach) < NEIGHBOURS:
        return 0.0
    groups = np.lib.stride_tricks.sliding_window_view(reach, NEIGHBOURS)
    return float(np.median(groups, axis=1).max())
