# SPDX-License-Identifier: Apache-2.0
"""Every check on training logs, in order; each is a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_copies import check_copied_from, check_copies
from parentage.evidence.loss_coupling import check_coupling
from parentage.evidence.loss_curve import check_curve
from parentage.evidence.loss_fall import check_fall
from parentage.evidence.loss_jumps import check_jumps
from parentage.evidence.loss_noise import check_gradient, check_noise
from parentage.evidence.loss_schedule import check_schedule
from parentage.evidence.loss_smooth import check_smooth
from parentage.evidence.loss_start import check_start
from parentage.evidence.loss_steps import check_cover, check_steps
from parentage.evidence.loss_timing import check_timing
from parentage.evidence.record import RecordEvidence

CHECKS: Final[tuple[Callable[[LogSubject], list[RecordEvidence]], ...]] = (
    check_start,
    check_curve,
    check_fall,
    check_smooth,
    check_copies,
    check_steps,
    check_jumps,
    check_schedule,
    check_noise,
    check_gradient,
    check_coupling,
    check_timing,
)


def check_log(log: LogSubject) -> list[RecordEvidence]:
    """Every check that looks at one log alone."""
    return [evidence for check in CHECKS for evidence in check(log)]


def check_pairs(
    logs: Sequence[LogSubject], foreign: Sequence[LogSubject]
) -> list[RecordEvidence]:
    """Whether a log holds stretches of another's.

    Logs of different stages of a record are held against each other, and every log
    against the foreign ones. Bare logs may be of one run, so what two of them share is
    only named.
    """
    found = []
    for number, log in enumerate(logs):
        bare = log.plan is None
        later = [
            other for other in logs[number + 1 :] if bare or (other.stage != log.stage)
        ]
        found += check_copied_from(log, later, same_run=bare, own=not bare)
        found += check_copied_from(log, foreign)
    return found


def check_stages(logs: Sequence[LogSubject]) -> list[RecordEvidence]:
    """Whether the logs of each stage, together, cover its steps."""
    stages = dict.fromkeys(log.stage for log in logs)
    return [
        evidence
        for stage in stages
        for evidence in check_cover([log for log in logs if log.stage == stage])
    ]
