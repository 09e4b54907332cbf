# SPDX-License-Identifier: Apache-2.0
"""The logs of a training record: read, checked, and thinned for drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from parentage.errors import TrainingLogError
from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_checks import check_log, check_pairs, check_stages
from parentage.evidence.record import RecordEvidence
from parentage.report.training_document import CurveItem, FactItem, LogItem
from parentage.training.logs import read_log
from parentage.training.packet import Packet
from parentage.training.series import Curve, Series

BINS: Final = 240
"""Points of a drawn curve at most."""

DRAWN: Final = ("loss", "eval_loss", "lr", "grad_norm")

LISTED: Final = 60
"""Facts of a log that the document lists one by one; the numbers are always given."""


@dataclass(frozen=True)
class LogPartResult:
    """The logs that were read and what was found about them.

    Attributes:
        logs: every log that could be read, with its stage.
        evidence: results of the checks.
    """

    logs: tuple[LogSubject, ...]
    evidence: list[RecordEvidence]


def log_part(packet: Packet, others: Sequence[str | Path] = ()) -> LogPartResult:
    """Read and check every log of a packet.

    A log that cannot be read is evidence; the others are still checked.

    Args:
        packet: the record.
        others: logs of other runs.

    Raises:
        TrainingLogError: one of ``others`` cannot be read.
    """
    manifest = packet.manifest
    logs: list[LogSubject] = []
    evidence: list[RecordEvidence] = []
    for stage in manifest.stages:
        first = True
        for part in stage.logs:
            path = packet.usable(part.path)
            if path is None:
                continue  # evidence of the files names it
            try:
                series = read_log(path, kind=part.format, columns=part.columns)
            except TrainingLogError as error:
                evidence.append(
                    RecordEvidence(
                        "loss-steps",
                        "exact",
                        "missing",
                        part.path,
                        "log-unreadable",
                        facts={"error": str(error)},
                    )
                )
                continue
            logs.append(
                LogSubject(
                    part.path,
                    series,
                    stage=stage.name,
                    part=part,
                    plan=stage,
                    model=manifest.model,
                    opens=first,
                )
            )
            first = False
    foreign = [LogSubject(Path(p).name, read_log(p), foreign=True) for p in others]
    for log in logs:
        evidence += check_log(log)
    evidence += check_stages(logs)
    evidence += check_pairs(logs, foreign)
    return LogPartResult(tuple(logs), evidence)


def log_items(result: LogPartResult) -> tuple[LogItem, ...]:
    """The logs as the document holds them."""
    return tuple(log_item(log.name, log.series, log.stage) for log in result.logs)


def log_item(name: str, series: Series, stage: str | None = None) -> LogItem:
    """One log as the document holds it."""
    steps = series.columns.get("step", np.empty(0))
    steps = steps[np.isfinite(steps)]
    return LogItem(
        file=name,
        stage=stage,
        format=series.format,
        rows=series.rows,
        stride=series.stride,
        bytes_read=series.bytes_read,
        first_step=float(steps.min()) if len(steps) else None,
        last_step=float(steps.max()) if len(steps) else None,
        columns=tuple(c for c in series.columns if series.has(c)),
        counts=dict(series.counts),
        facts=tuple(
            FactItem(code=f.code, line=f.line, step=f.step, text=f.text)
            for f in series.facts
            if f.code != "other-line"
        )[:LISTED],
        stated=dict(series.stated),
        curves=tuple(
            thinned(name, series.curve(name)) for name in DRAWN if series.has(name)
        ),
    )


def thinned(name: str, curve: Curve, bins: int = BINS) -> CurveItem:
    """A curve in at most ``bins`` groups of equal size: median, least and most."""
    order = np.argsort(curve.step, kind="stable")
    step, value = curve.step[order], curve.value[order]
    groups = np.array_split(np.arange(len(step)), min(bins, len(step)))
    return CurveItem(
        name=name,
        points=len(step),
        steps=tuple(float(np.median(step[g])) for g in groups),
        middle=tuple(float(np.median(value[g])) for g in groups),
        low=tuple(float(value[g].min()) for g in groups),
        high=tuple(float(value[g].max()) for g in groups),
    )
