# SPDX-License-Identifier: Apache-2.0
"""Could the loss have fallen so fast, with these gradients and learning rates?

Over a step the loss falls by at most the gradient's length times the way that the
weights go, and Adam goes no further than learning rate times its largest step
(:mod:`parentage.stats.adam`) in each of N elements: at most ``|g| lr B sqrt(N)``. That
is the bound of the first order; honest starts reach 0.3 of it, since neither do
all elements move by the largest step nor does the whole batch pull one way. A curve
that falls from the first step on, as power laws do, while the learning rate still warms
up, falls faster than that.

Only the first tenth of a training that claims to begin from nothing is judged: later
the data may change. What it cannot see: a made-up curve that waits for the warm-up.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_noise import MOSTLY, most_frequent
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.stats.adam import ADAM, DEFAULT_BETAS, Floats, bounded, step_bound
from parentage.stats.curve_noise import noise_level

MOST: Final = 1.0
"""Of the bound, which is what it follows to be; honest logs reach 0.30."""

SURE: Final = 4.0
"""Standard deviations of the noise that a fall is taken to be smaller by."""

FEWEST: Final = 200
LONGEST: Final = 32
"""Steps that are averaged on each side at most."""


def check_fall(log: LogSubject) -> list[RecordEvidence]:
    """One result for a log that opens a stage that claims to begin from nothing."""
    if not log.from_nothing or not log.opens or log.plan is None:
        return []
    how, model = log.plan.optimizer, log.model
    elements = model.parameters if model else None
    curves = [
        log.series.curve(name).last_pass() for name in ("loss", "grad_norm", "lr")
    ]
    shared = np.intersect1d(
        np.intersect1d(curves[0].step, curves[1].step), curves[2].step
    )
    first = log.plan.first_step
    known = how is not None and how.name.lower() in ADAM and elements is not None
    begins = len(shared) and shared[0] <= first + 1
    betas = how.betas if how is not None and how.betas else DEFAULT_BETAS
    if not (known and bounded(betas)) or not begins or len(shared) < FEWEST:
        return [_result(log, ("missing", "fall-unknown"), None, len(shared), {})]
    part = shared[: len(shared) // 10]
    if np.any(np.diff(part) != 1):
        return [_result(log, ("missing", "fall-thinned"), None, len(part), {})]
    loss, norm, rate = (c.value[np.isin(c.step, part)] for c in curves)
    if most_frequent(norm) > MOSTLY or log.averaged > 1:
        # A norm after clipping is no bound.
        return [_result(log, ("missing", "fall-thinned"), None, len(part), {})]
    steps = np.arange(1, len(part) + 1, dtype=np.float64)
    reach = norm * rate * step_bound(*betas, steps) * np.sqrt(elements or 0)
    whole = curves[0].value
    noise = max(noise_level(loss), noise_level(whole[len(whole) // 2 :]))
    value, start, width = steepest(loss, reach, noise)
    facts: dict[str, Fact] = {
        "from": float(part[start]),
        "to": float(part[min(start + 2 * width, len(part)) - 1]),
        "elements": elements,
    }
    said: Said = ("consistent", "fall-possible")
    if value > MOST:
        said = ("contradicted", "fall-impossible")
    return [_result(log, said, value, len(part), facts)]


def steepest(loss: Floats, reach: Floats, noise: float) -> tuple[float, int, int]:
    """The largest fall over what was possible.

    Args:
        loss: of consecutive steps.
        reach: how far it can fall from each step to the next.
        noise: standard deviation of one loss.

    Returns:
        The ratio of the means of ``width`` steps and of the next ``width``, where they
        begin, and ``width``.
    """
    total = np.r_[0.0, np.cumsum(loss)]
    far = np.r_[0.0, np.cumsum(np.r_[0.0, np.cumsum(reach)])]
    best = (0.0, 0, 1)
    width = 1
    while width <= min(LONGEST, len(loss) // 2):
        i = np.arange(len(loss) - 2 * width + 1)
        left = total[i + width] - total[i]
        right = total[i + 2 * width] - total[i + width]
        fall = (left - right) / width - SURE * noise * np.sqrt(2 / width)
        most = (far[i + 2 * width] - 2 * far[i + width] + far[i]) / width
        ratio = fall / np.maximum(most, 1e-30)
        at = int(np.argmax(ratio))
        best = max(best, (float(ratio[at]), at, width))
        width = max(width + 1, width * 5 // 4)
    return best


def _result(
    log: LogSubject, said: Said, value: float | None, n: int, facts: dict[str, Fact]
) -> RecordEvidence:
    return RecordEvidence(
        "loss-fall",
        "calibrated",
        said[0],
        log.name,
        said[1],
        statistic="fall of the loss over the largest possible",
        value=value,
        threshold=MOST,
        n=n,
        facts=facts,
    )
