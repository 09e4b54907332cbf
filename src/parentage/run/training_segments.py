# SPDX-License-Identifier: Apache-2.0
"""Asks checkpoints for the loss of batches of their own and of other steps."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np

from parentage.errors import ParentageError
from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence
from parentage.evidence.segment_memory import (
    SegmentLosses,
    log_evidence,
    memory_evidence,
)
from parentage.run.training_points import Point, Points, whole_of
from parentage.run.training_torch import RerunError, batch_of, load, model_of
from parentage.training.manifest import SegmentPart
from parentage.training.packet import Packet

MOST: Final = 2000
"""Batches of a record that are used at most; of more, evenly many are left out."""


def segment_evidence(
    packet: Packet, points: Points, logs: Sequence[LogSubject], *, rerun: bool
) -> list[RecordEvidence]:
    """Memory of the claimed data, and its losses beside the log.

    Args:
        packet: the record.
        points: its checkpoints.
        logs: its logs.
        rerun: whether models are run at all.
    """
    segments = packet.manifest.segments
    if not segments or not rerun:
        reason = "memory-not-asked" if segments else "memory-no-batches"
        return [_missing(reason)]
    try:
        found = losses_of(packet, points, segments)
    except ParentageError as error:
        return [_missing("memory-unable", error=str(error))]
    return [memory_evidence(found), log_evidence(found, logs)]


def _missing(reason: str, **facts: Fact) -> RecordEvidence:
    return RecordEvidence(
        "segment-memory", "exact", "missing", "segments", reason, facts=facts
    )


def losses_of(
    packet: Packet, points: Points, segments: Sequence[SegmentPart]
) -> SegmentLosses:
    """Loss of every batch at every checkpoint that a segment begins or ends at.

    Raises:
        RerunError: a checkpoint or a batch is missing, or does not fit the model.
    """
    by_step = {p.step: p for p in points.trained}
    marks = sorted({s for part in segments for s in (part.from_step, part.to_step)})
    absent = [m for m in marks if m not in by_step]
    if absent:
        raise RerunError(
            f"there is no checkpoint of step {absent[0]}",
            expected="segments from one checkpoint to the next",
        )
    place = {step: i for i, step in enumerate(marks)}
    for part in segments:
        if place[part.to_step] != place[part.from_step] + 1:
            raise RerunError(
                f"the segment from {part.from_step} to {part.to_step} holds another "
                "one's checkpoint",
                expected="segments from one checkpoint to the next",
            )
    torch, safetensors = load("torch"), load("safetensors")
    try:
        with ExitStack() as stack, torch.no_grad():
            rows = _rows(packet, segments, safetensors, stack)
            loss = np.empty((len(rows), len(marks)))
            for column, step in enumerate(marks):
                loss[:, column] = _column(by_step[step], rows)
    except ParentageError:
        raise
    except Exception as error:  # whatever torch makes of files that do not fit
        raise RerunError(f"failed: {str(error)[:200]}") from error
    if not np.isfinite(loss).all():
        raise RerunError("some losses are no numbers")
    return SegmentLosses(
        tuple(by_step[m].label for m in marks),
        np.array([step for _, step, _ in rows], float),
        np.array([place[part.from_step] for part, _, _ in rows], np.int64),
        loss,
        np.array([step == part.from_step for part, step, _ in rows], bool),
    )


_Row = tuple[SegmentPart, int, Any]


def _rows(
    packet: Packet,
    segments: Sequence[SegmentPart],
    safetensors: Any,  # noqa: ANN401 - no types without the library
    stack: ExitStack,
) -> list[_Row]:
    """Every batch: its segment, its step and the open file that holds it."""
    rows: list[_Row] = []
    for part in segments:
        path: Path | None = packet.usable(part.batches)
        if path is None:
            raise RerunError("cannot be used", file=part.batches[:200])
        file = stack.enter_context(safetensors.safe_open(path, "pt"))
        steps = {name.split(".", 1)[0] for name in file.keys()}  # noqa: SIM118
        numbers = sorted(int(s) for s in steps if s.isdecimal() and len(s) < 19)
        inside = [n for n in numbers if part.from_step <= n < part.to_step]
        if len(inside) < len(steps):
            raise RerunError(
                "holds batches of other steps",
                file=part.batches[:200],
                expected=f"steps {part.from_step} to {part.to_step - 1}",
            )
        rows += [(part, step, file) for step in inside]
    if len(rows) > MOST:
        keep = np.unique(np.linspace(0, len(rows) - 1, MOST).astype(int))
        rows = [rows[i] for i in keep]
    return rows


def _column(point: Point, rows: Sequence[_Row]) -> list[float]:
    model = model_of(whole_of(point))
    model.eval()
    return [float(model(**batch_of(file, step)).loss) for _, step, file in rows]
