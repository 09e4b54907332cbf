# SPDX-License-Identifier: Apache-2.0
"""Every check on training logs, in order; each is a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parentage.evidence.record import RecordEvidence
from parentage.training.manifest import LogPart, ModelPart, StagePart
from parentage.training.series import Series


@dataclass(frozen=True)
class LogSubject:
    """A log with what the manifest states about it.

    Attributes:
        name: path in the packet.
        series: what it says.
        stage: name of its stage.
        part, plan, model: the manifest's statements; ``None`` for a bare log.
        opens: whether it is the first log of its stage, where training begins.
        foreign: whether it is another run's, which this one is held against.
    """

    name: str
    series: Series
    stage: str | None = None
    part: LogPart | None = None
    plan: StagePart | None = None
    model: ModelPart | None = None
    opens: bool = True
    foreign: bool = False


def check_log(log: LogSubject) -> list[RecordEvidence]:
    """Every check that looks at one log alone."""
    return []


def check_pairs(
    logs: Sequence[LogSubject], foreign: Sequence[LogSubject]
) -> list[RecordEvidence]:
    """Whether a log holds stretches of another's."""
    return []
