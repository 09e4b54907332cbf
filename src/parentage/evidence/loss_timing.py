# SPDX-License-Identifier: Apache-2.0
"""Does time go on, and do clock, throughput, batch and declared hours agree?"""

from __future__ import annotations

from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence, Said

BACK: Final = 2.0
"""Seconds that a clock may go back: clocks are set, and machines differ."""

APART: Final = 0.25
"""Tokens per second times seconds may differ from the batch by this share: averages
over different spans."""

OVER: Final = 1.02
"""The log may take this many times the declared hours: rounding."""


def check_timing(log: LogSubject) -> list[RecordEvidence]:
    """One result for a log with any clock."""
    series = log.series
    clocks = [n for n in ("time", "elapsed", "step_time") if series.has(n)]
    if not clocks:
        return [_result(log, ("missing", "clock-none"), None, 0, {})]
    back = _backwards(log)
    if back is not None:
        return [_result(log, ("contradicted", "clock-back"), back["seconds"], 1, back)]
    if series.has("step_time"):
        times = series.curve("step_time")
        if times.value.min() < 0:
            at = int(times.value.argmin())
            facts: dict[str, Fact] = {"line": int(times.line[at])}
            return [_result(log, ("contradicted", "clock-negative"), None, 1, facts)]
    return [*_hours(log), *_throughput(log)] or [
        _result(log, ("consistent", "clock-runs"), None, _points(log), {})
    ]


def _points(log: LogSubject) -> int:
    return max(len(log.series.curve(n)) for n in ("time", "elapsed", "step_time"))


def _backwards(log: LogSubject) -> dict[str, Fact] | None:
    """The first place where the clock goes back although the steps go on."""
    for name in ("time", "elapsed"):
        curve = log.series.curve(name)
        forward = np.diff(curve.step) > 0
        bad = np.flatnonzero(forward & (np.diff(curve.value) < -BACK))
        if len(bad):
            i = int(bad[0])
            return {
                "column": name,
                "seconds": float(curve.value[i] - curve.value[i + 1]),
                "step": float(curve.step[i + 1]),
                "line": int(curve.line[i + 1]),
            }
    return None


def _span(log: LogSubject) -> float | None:
    """Hours between the first and the last line, where the log has a clock."""
    for name in ("time", "elapsed"):
        curve = log.series.curve(name)
        if len(curve) > 1:
            return float(curve.value.max() - curve.value.min()) / 3600
    return None


def _hours(log: LogSubject) -> list[RecordEvidence]:
    declared = sum(h.hours for h in log.plan.hardware) if log.plan else 0.0
    span = _span(log)
    if not declared or span is None:
        return []
    facts: dict[str, Fact] = {"span": span, "declared": declared}
    ratio = span / declared
    if ratio > OVER:
        return [
            _result(log, ("contradicted", "clock-over"), ratio, _points(log), facts)
        ]
    return [_result(log, ("consistent", "clock-within"), ratio, _points(log), facts)]


def _throughput(log: LogSubject) -> list[RecordEvidence]:
    """Tokens per second times seconds per step, over the tokens of a batch.

    Some frameworks log the throughput of one device: the ratio is then the number of
    devices, or of those that share a batch.
    """
    plan, series = log.plan, log.series
    if plan is None or plan.batch_size is None or plan.sequence_length is None:
        return []
    if not (series.has("throughput") and series.has("step_time")) or plan.batch_changes:
        return []
    both = series.columns["throughput"] * series.columns["step_time"]
    both = both[np.isfinite(both)]
    if len(both) < 5 or not np.median(both) > 0:
        return []
    ratio = plan.batch_size * plan.sequence_length / float(np.median(both))
    devices = max(1, round(ratio))
    most = sum(h.count for h in plan.hardware) or devices
    facts: dict[str, Fact] = {"ratio": ratio, "devices": devices}
    if abs(ratio / devices - 1) > APART or devices > most:
        return [
            _result(
                log, ("contradicted", "throughput-differs"), ratio, len(both), facts
            )
        ]
    return [_result(log, ("consistent", "throughput-agrees"), ratio, len(both), facts)]


def _result(
    log: LogSubject,
    said: Said,
    value: Fact,
    n: int,
    facts: dict[str, Fact],
) -> RecordEvidence:
    return RecordEvidence(
        "loss-timing",
        "exact",
        said[0],
        log.name,
        said[1],
        value=float(value) if isinstance(value, (int, float)) else None,
        n=n,
        facts=facts,
    )
