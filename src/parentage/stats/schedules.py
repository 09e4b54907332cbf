# SPDX-License-Identifier: Apache-2.0
"""Learning-rate schedules as formulas, and how well a logged one agrees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHIFTS: Final = (0.0, 1.0, -1.0, 2.0)
"""Frameworks count the first step as 0 or 1, and log before or after the update."""

SHAPES: Final[Mapping[str, Callable[[Floats], Floats]]] = {
    "linear": lambda done: 1 - done,
    "cosine": lambda done: 0.5 * (1 + np.cos(np.pi * done)),
    "root": lambda done: 1 - np.sqrt(done),
}
"""Falls from 1 to 0 as ``done`` goes from 0 to 1; the last decay of WSD may be any."""


@dataclass(frozen=True)
class Schedule:
    """A learning rate over the steps.

    Attributes:
        family: ``cosine``, ``linear``, ``wsd``, ``constant`` or ``inverse-sqrt``.
        peak: highest learning rate.
        warmup: steps of linear warm-up.
        total: step at which the decay ends.
        final: learning rate there.
        decay: length of the last decay of ``wsd``.
        first: step at which the schedule begins.
    """

    family: str
    peak: float
    warmup: float
    total: float
    final: float = 0.0
    decay: float = 0.0
    first: float = 0.0

    def rate(self, step: Floats, shape: str = "linear") -> Floats:
        """The learning rate of steps, which need not be whole.

        Args:
            step: steps, counted as ``first`` is.
            shape: of the last decay of ``wsd``, a key of :data:`SHAPES`.
        """
        at = step - self.first
        length = max(self.total - self.first - self.warmup, 1.0)
        done = np.clip((at - self.warmup) / length, 0, 1)
        if self.family in ("cosine", "linear"):
            fall = SHAPES[self.family](done)
        elif self.family == "wsd":
            span = max(self.decay, 1.0)
            last = np.clip((at - (self.total - self.first - span)) / span, 0, 1)
            fall = SHAPES[shape](last)
        elif self.family == "inverse-sqrt":
            ratio = max(self.warmup, 1.0) / np.maximum(at, max(self.warmup, 1.0))
            return self._warm(at, self.peak * np.sqrt(ratio))
        else:
            fall = np.ones_like(at)
        return self._warm(at, self.final + (self.peak - self.final) * fall)

    def _warm(self, at: Floats, rate: Floats) -> Floats:
        if self.warmup <= 0:
            return rate
        return np.where(at < self.warmup, self.peak * at / self.warmup, rate)


@dataclass(frozen=True)
class Agreement:
    """How a logged learning rate agrees with a schedule.

    Attributes:
        off: share of points that are off by more than rounding and tolerance.
        worst: largest deviation, as a share of the peak.
        first_off: index of the first point that is off, ``None`` if none is.
        shift: difference in the counting of steps that was allowed for.
    """

    off: float
    worst: float
    first_off: int | None
    shift: float


def agreement(
    schedule: Schedule, step: Floats, rate: Floats, *, grain: float, tolerance: float
) -> Agreement:
    """The best agreement over the ways to count steps.

    Args:
        schedule: what is declared.
        step: steps of the log.
        rate: logged learning rates.
        grain: distance between two rates that the log can write.
        tolerance: deviation that is let pass, as a share of the peak.
    """
    shapes = tuple(SHAPES) if schedule.family == "wsd" else ("linear",)
    results = []
    for shift in SHIFTS:
        for shape in shapes:
            wanted = schedule.rate(step + shift, shape)
            apart = np.maximum(np.abs(rate - wanted) - 0.51 * grain, 0)
            apart = apart / max(schedule.peak, 1e-300)
            wrong = apart > tolerance
            first = int(np.argmax(wrong)) if wrong.any() else None
            off, worst = float(wrong.mean()), float(apart.max())
            results.append(Agreement(off, worst, first, shift))
    return min(results, key=lambda a: (a.off, a.worst))


def guess(step: Floats, rate: Floats, last: float | None) -> list[Schedule]:
    """Schedules that a logged learning rate could be, one per family.

    Args:
        step: steps of the log, increasing.
        rate: logged learning rates.
        last: step at which the run ends, if it is known.
    """
    peak = float(rate.max())
    top = np.flatnonzero(rate >= peak * (1 - 1e-6))
    ends = {float(step[-1]), *([last] if last else [])}
    found = []
    for end in sorted(ends):
        # The end of the warm-up lies between the last rising point and the first top.
        for warm in _warmups(step, rate, int(top[0])):
            final = float(rate[-1])
            found += [
                Schedule(family, peak, warm, end, low)
                for family in ("cosine", "linear")
                for low in dict.fromkeys((final, 0.0, 0.1 * peak))
            ]
            found.append(Schedule("constant", peak, warm, end, peak))
            found.append(Schedule("inverse-sqrt", peak, warm, end))
            decay = end - float(step[top[-1]])
            found.append(Schedule("wsd", peak, warm, end, final, decay))
            found.append(Schedule("wsd", peak, warm, end, 0.0, decay))
    return found


def _warmups(step: Floats, rate: Floats, top: int) -> list[float]:
    if top == 0:
        return [0.0]
    rising = np.arange(1, top)
    slopes = rate[rising] / np.maximum(step[rising], 1)
    fitted = [float(rate[top] / np.median(slopes))] if len(slopes) > 2 else []
    return [float(step[top]), *fitted, float(step[top]) + 1]
