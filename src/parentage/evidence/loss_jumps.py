# SPDX-License-Identifier: Apache-2.0
"""Places where the loss changes its level for good, by much more than its noise."""

from __future__ import annotations

from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.stats.curve_noise import noise_level

SIDE: Final = 25
"""Values on each side whose medians are compared."""

LARGE: Final = 6.0
"""Change of the level over the noise of a value. Honest runs change theirs by as much
at the end of an epoch or when the data changes, so it is named and accuses nobody."""


def check_jumps(log: LogSubject) -> list[RecordEvidence]:
    """One result for a log with enough points; jumps are listed with their steps."""
    curve = log.series.curve("loss").last_pass()
    # Where the curve is steep, at the start, every step is a change of level.
    begin = max(SIDE, len(curve) // 10)
    if len(curve) < begin + 4 * SIDE:
        return [_result(log, ("missing", "jumps-short"), [], len(curve), None)]
    value = curve.value
    found: list[tuple[float, int]] = []
    largest = 0.0
    for i in range(begin, len(value) - SIDE, 5):
        before, after = value[i - SIDE : i], value[i : i + SIDE]
        noise = max(noise_level(before), noise_level(after))
        change = abs(float(np.median(after) - np.median(before)))
        ratio = change / noise if noise > 0 else 0.0
        largest = max(largest, ratio)
        if ratio > LARGE and (not found or i - found[-1][1] > 2 * SIDE):
            found.append((ratio, i))
    items: list[dict[str, Fact]] = [
        {"step": float(curve.step[i]), "line": int(curve.line[i]), "change": ratio}
        for ratio, i in found
    ]
    if items:
        return [_result(log, ("missing", "jumps-found"), items, len(curve), largest)]
    return [_result(log, ("consistent", "jumps-none"), [], len(curve), largest)]


def _result(
    log: LogSubject,
    said: Said,
    items: list[dict[str, Fact]],
    n: int,
    value: float | None,
) -> RecordEvidence:
    return RecordEvidence(
        "loss-jumps",
        "calibrated",
        said[0],
        log.name,
        said[1],
        statistic="change of level over noise",
        value=value,
        threshold=LARGE,
        n=n,
        facts={"count": len(items), "step": items[0]["step"] if items else None},
        items=tuple(items[:50]),
    )
