# SPDX-License-Identifier: Apache-2.0
"""Sums the second moments of optimizer states and holds them against logged norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from parentage.artifact.checkpoint import Checkpoint, open_checkpoint
from parentage.artifact.entry import Entry
from parentage.errors import ParentageError
from parentage.evidence.checkpoint_gradients import Moment, gradient_evidence
from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import RecordEvidence
from parentage.run.training_optimizer import SECOND
from parentage.run.training_points import Point
from parentage.training.manifest import Manifest, StagePart
from parentage.training.series import Curve

LARGEST: Final = 20_000_000_000
"""Bytes of a state beyond which it is not summed: the sum needs every element."""

NO_NORMS: Final = Curve(np.empty(0), np.empty(0), np.empty(0, np.int64))

PIECE: Final = 1 << 24
"""Elements that are held at a time."""


def norm_evidence(
    manifest: Manifest, points: Sequence[Point], logs: Sequence[LogSubject]
) -> list[RecordEvidence]:
    """One result for every stage whose checkpoints come with optimizer states.

    States that cannot be read are named by the check on their direction.
    """
    found = []
    for stage in manifest.stages:
        log = next(
            (
                log
                for log in logs
                if log.stage == stage.name
                and log.series.has("grad_norm")
                and log.every == 1
            ),
            None,
        )
        moments = _moments(stage, points)
        if not moments:
            continue
        how = stage.optimizer
        norms = log.series.curve("grad_norm").last_pass() if log else NO_NORMS
        found.append(
            gradient_evidence(
                moments,
                norms,
                betas=how.betas if how else None,
                clip=how.gradient_clip if how else None,
                subject=log.name if log else stage.name,
            )
        )
    return found


def _moments(stage: StagePart, points: Sequence[Point]) -> list[Moment]:
    found = []
    for point in points:
        if point.optimizer is None or not stage.leads_to(point.step or 0):
            continue
        try:
            with open_checkpoint(point.optimizer) as state:
                moment = _moment(state, point, stage)
        except ParentageError:
            continue
        if moment is not None:
            found.append(moment)
    return found


def _moment(state: Checkpoint, point: Point, stage: StagePart) -> Moment | None:
    entries = [e for n, e in state.entries.items() if n.endswith(SECOND)]
    if not entries or sum(e.nbytes for e in entries) > LARGEST:
        return None
    elements = sum(e.size for e in entries)
    return Moment(
        point.label,
        point.step or 0,
        _count(state.metadata.get("step")),
        sum(_sum(state, e) for e in entries),
        elements >= point.made.parameters and stage.loss == "token-cross-entropy",
    )


def _count(text: str | None) -> int | None:
    """The number of updates that a state says it has seen."""
    if text is None or not text.isdecimal() or len(text) > 18:
        return None
    return int(text)


def _sum(state: Checkpoint, entry: Entry) -> float:
    """Sum of a tensor, a piece of its first axis at a time."""
    shape = entry.shape
    if not entry.size:
        return 0.0
    if not shape:
        return float(state.read_float32(entry.name, (), ()))
    rows = max(1, PIECE // max(entry.size // shape[0], 1))
    total = 0.0
    for first in range(0, shape[0], rows):
        last = min(first + rows, shape[0])
        select = ((first, last), *((0, n) for n in shape[1:]))
        piece = state.read_float32(entry.name, shape, select)
        total += float(piece.sum(dtype=np.float64))
    return total
