# SPDX-License-Identifier: Apache-2.0
"""Stretches without the noise that surrounds them: lines, smooth curves, averages."""

from __future__ import annotations

from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.stats.curve_noise import window_noise
from parentage.stats.straight_runs import resolution, straight_runs
from parentage.training.series import Curve

QUIET: Final = 8.0
"""A window this many times quieter than what surrounds it on both sides. The largest
ratio in 29 honest logs with 2,800 windows is 3.7."""

LOG10_STRAIGHT: Final = -12.0
"""A straight stretch as unlikely as this. None of the honest training losses has one
below -1; losses of evaluation, which are nearly free of noise, have, and are not
judged."""

WIDTH: Final = 50
FEWEST: Final = 4 * WIDTH


def check_smooth(log: LogSubject) -> list[RecordEvidence]:
    """One result for a log with enough points of the training loss."""
    curve = log.series.curve("loss").last_pass()
    if log.below_zero:
        return [_result(log, ("missing", "loss-below-zero"), None, len(curve), ())]
    if len(curve) < FEWEST:
        return [_result(log, ("missing", "smooth-short"), None, len(curve), ())]
    windows = window_noise(curve.value, WIDTH)
    grain = resolution(curve.value)
    # Where rounding is as large as the noise, a window without noise is no wonder.
    loud = np.maximum(windows.noise, 1e-300) * windows.drop > 4 * grain
    quiet = (windows.drop > QUIET) & loud
    items = [_span(curve, int(windows.starts[i]), WIDTH) for i in np.flatnonzero(quiet)]
    lines = [
        s for s in straight_runs(curve.value, curve.step) if s.log10_p < LOG10_STRAIGHT
    ]
    items += [_span(curve, s.start, s.length) for s in lines]
    largest = float(np.nanmax(np.where(loud, windows.drop, 0.0)))
    if items:
        return [
            _result(log, ("contradicted", "smooth-found"), largest, len(curve), items)
        ]
    return [_result(log, ("consistent", "smooth-none"), largest, len(curve), ())]


def _span(curve: Curve, start: int, length: int) -> dict[str, Fact]:
    end = min(start + length, len(curve)) - 1
    return {
        "from": float(curve.step[start]),
        "to": float(curve.step[end]),
        "line": int(curve.line[start]),
    }


def _result(
    log: LogSubject,
    said: Said,
    value: float | None,
    n: int,
    items: list[dict[str, Fact]] | tuple[()],
) -> RecordEvidence:
    first = items[0] if items else {}
    return RecordEvidence(
        "loss-smooth",
        "calibrated",
        said[0],
        log.name,
        said[1],
        statistic="noise beside over noise inside",
        value=value,
        threshold=QUIET,
        n=n,
        facts={
            "count": len(items),
            "from": first.get("from"),
            "to": first.get("to"),
            "needed": FEWEST,
        },
        items=tuple(items[:50]),
    )
