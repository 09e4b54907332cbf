# SPDX-License-Identifier: Apache-2.0
"""Training logs without a packet: read, charted, and checked as far as they allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_checks import check_log, check_pairs
from parentage.report.training_document import LogDocument, RecordItem
from parentage.run.lineage_frame import clock, frame, names_of
from parentage.run.training_logs import log_item
from parentage.training.logs import read_log
from parentage.training.manifest import ModelPart


def describe_logs(
    files: Sequence[str | Path],
    *,
    vocabulary: int | None = None,
    command: Sequence[str] = (),
) -> LogDocument:
    """What logs hold, and what can be checked without knowing the run.

    Args:
        files: the logs; several are held against each other as logs of other runs.
        vocabulary: entries of the output layer: states that the logs begin with
            random weights, and lets the loss at the start be checked.
        command: how it was called, for the document.

    Raises:
        TrainingLogError: a log cannot be read at all.
    """
    started = clock()
    model = (
        ModelPart.model_validate({"name": "log", "vocabulary": vocabulary})
        if vocabulary
        else None
    )
    logs = [
        LogSubject(name, read_log(file), model=model)
        for name, file in zip(names_of(files), files, strict=True)
    ]
    evidence = [e for log in logs for e in check_log(log)]
    evidence += check_pairs(logs, [])
    return LogDocument(
        schema="parentage.training-log/1",
        **frame(command, started),
        logs=tuple(log_item(log.name, log.series) for log in logs),
        evidence=tuple(RecordItem(**asdict(e)) for e in evidence),
    )
