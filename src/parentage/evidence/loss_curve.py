# SPDX-License-Identifier: Apache-2.0
"""Does the loss fall as losses fall, and does it wander as no formula does?

A curve that was written from a formula with independent noise follows its best power
law too well: the means of 32 blocks of it differ by no more than the noise inside the
blocks explains. Real curves wander: data, learning rate and warm-up leave their mark.
"""

from __future__ import annotations

from typing import Final

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import RecordEvidence
from parentage.stats.power_law import fit_power_law

FEWEST: Final = 1000
"""Points from which on every honest curve wanders visibly; shorter ones are not
judged (1.6 was measured on an honest one of 200 points)."""

TOO_CALM: Final = 3.0
"""Below this a curve of :data:`FEWEST` points is a formula with noise. The least that
was measured on honest curves of that length is 20; independent noise gives 1.0, and
exceeds 2.0 once in a thousand."""

FEWEST_OPENING: Final = 300
TOO_CALM_OPENING: Final = 10.0
"""The same for a log that holds the whole beginning of a training from nothing, which
no formula with a few constants follows: the least measured on honest ones is 117."""


def check_curve(log: LogSubject) -> list[RecordEvidence]:
    """One result for a log with enough points of the training loss."""
    curve = log.series.curve("loss").last_pass()
    fit = fit_power_law(curve.step - curve.step[0], curve.value) if len(curve) else None
    few, calm = (
        (FEWEST_OPENING, TOO_CALM_OPENING) if _opens(log) else (FEWEST, TOO_CALM)
    )
    if log.below_zero:
        # A cross entropy is never below zero; what a log without a plan holds is open.
        plan = log.plan
        claimed = (
            plan is not None and plan.loss != "other" and plan.kind != "post-training"
        )
        reason, value = "curve-below-zero", None
        outcome = "contradicted" if claimed else "missing"
    elif fit is None or len(curve) < few:
        reason, outcome = "curve-short", "missing"
        value = None
    elif fit.wander < calm:
        reason, outcome, value = "curve-formula", "contradicted", fit.wander
    elif fit.scale <= 0 or curve.value[-50:].mean() >= curve.value[:50].mean():
        reason, outcome, value = "curve-rises", "missing", fit.wander
    else:
        reason, outcome, value = "curve-agrees", "consistent", fit.wander
    return [
        RecordEvidence(
            "loss-curve",
            "calibrated",
            outcome,  # type: ignore[arg-type]
            log.name,
            reason,
            statistic="wandering over noise",
            value=value,
            threshold=calm,
            n=len(curve),
            facts={
                "exponent": fit.exponent if fit else None,
                "explained": fit.explained if fit else None,
                "floor": fit.floor if fit else None,
                "needed": few,
                "lowest": float(curve.value.min()) if len(curve) else None,
            },
        )
    ]


def _opens(log: LogSubject) -> bool:
    """Whether a log begins with the first steps of a training from nothing."""
    if not log.opens or not log.from_nothing or log.plan is None:
        return False
    step = log.series.curve("loss").step
    return bool(len(step)) and float(step.min()) <= log.plan.first_step + log.every
