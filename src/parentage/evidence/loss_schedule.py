# SPDX-License-Identifier: Apache-2.0
"""Is the logged learning rate the declared schedule?"""

from __future__ import annotations

from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.stats.schedules import Agreement, Schedule, agreement, guess
from parentage.training.series import Curve, Floats

TOLERANCE: Final = 0.01
"""Deviation of a point that is let pass, as a share of the peak: logged rates are
rounded, and are those of the step before or after."""

MANY: Final = 0.02
"""Share of points that may be off before log and declaration disagree. Honest logs
with their own schedule declared have none."""

FEWEST: Final = 10

_ORDER: Final = {"constant": 0, "linear": 1, "cosine": 2, "inverse-sqrt": 3, "wsd": 4}


def check_schedule(log: LogSubject) -> list[RecordEvidence]:
    """One result for a log with learning rates."""
    curve = log.series.curve("lr").last_pass()
    if len(curve) < FEWEST or not curve.value.max() > 0:
        reason = "schedule-no-rates"
        return [
            RecordEvidence("loss-schedule", "calibrated", "missing", log.name, reason)
        ]
    grain = _grain(curve.value)
    declared = _declared(log)
    if declared is not None:
        found = agreement(
            declared, curve.step, curve.value, grain=grain, tolerance=TOLERANCE
        )
        bad = found.off > MANY
        said: Said = ("consistent", "schedule-agrees")
        if bad:
            said = ("contradicted", "schedule-differs")
        return [_result(log, said, declared, found, curve)]
    best, found = _best(log, curve, grain)
    fits = found.off <= MANY
    reason = "schedule-found" if fits else "schedule-other"
    return [_result(log, ("missing", reason), best, found, curve)]


def _declared(log: LogSubject) -> Schedule | None:
    plan = log.plan
    if plan is None or plan.schedule is None or plan.optimizer is None:
        return None
    wanted, peak = plan.schedule, plan.optimizer.peak_lr
    end = wanted.total_steps
    if end is None and plan.steps is not None:
        end = plan.first_step + plan.steps
    if peak is None or (end is None and wanted.family not in ("constant",)):
        return None
    return Schedule(
        wanted.family,
        peak,
        wanted.warmup_steps,
        float(end or 0),
        peak if wanted.family == "constant" else wanted.final_lr,
        float(wanted.decay_steps or 0),
        float(plan.first_step),
    )


def _best(log: LogSubject, curve: Curve, grain: float) -> tuple[Schedule, Agreement]:
    last = log.series.stated.get("max_steps")
    tried = [
        (s, agreement(s, curve.step, curve.value, grain=grain, tolerance=TOLERANCE))
        for s in guess(curve.step, curve.value, last)
    ]
    # Of formulas that agree the one with the fewest constants: a cosine is a WSD too.
    return min(
        tried,
        key=lambda pair: (pair[1].off > MANY, _ORDER[pair[0].family], pair[1].worst),
    )


def _grain(rates: Floats) -> float:
    """Distance of two learning rates that the log can write: ``1e-6`` for 0.000012."""
    for digits in range(3, 13):
        scaled = rates * 10.0**digits
        if np.all(np.abs(scaled - np.round(scaled)) < 1e-4):
            return float(10.0**-digits)
    return 0.0


def _result(
    log: LogSubject,
    said: Said,
    schedule: Schedule,
    found: Agreement,
    curve: Curve,
) -> RecordEvidence:
    first = found.first_off
    facts: dict[str, Fact] = {
        "family": schedule.family,
        "warmup": schedule.warmup,
        "peak": schedule.peak,
        "total": schedule.total,
        "off": found.off,
        "worst": found.worst,
        "step": None if first is None else float(curve.step[first]),
        "line": None if first is None else int(curve.line[first]),
        "logged": None if first is None else float(curve.value[first]),
    }
    return RecordEvidence(
        "loss-schedule",
        "calibrated",
        said[0],
        log.name,
        said[1],
        statistic="share of points off",
        value=found.off,
        threshold=MANY,
        n=len(curve),
        facts=facts,
    )
