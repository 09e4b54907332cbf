# SPDX-License-Identifier: Apache-2.0
"""Compute and tokens of a training record, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parentage.evidence.compute_budget import (
    StageCompute,
    compute_evidence,
    stage_compute,
    token_evidence,
)
from parentage.evidence.record import RecordEvidence
from parentage.report.training_document import ComputeItem
from parentage.run.training_logs import LogPartResult
from parentage.training.packet import Packet


@dataclass(frozen=True)
class ComputePart:
    """Evidence about compute, and the table of it."""

    evidence: list[RecordEvidence]
    items: tuple[ComputeItem, ...]


def compute_part(packet: Packet, logs: LogPartResult) -> ComputePart:
    """Every check of the part ``compute``."""
    evidence, items = [], []
    for stage in packet.manifest.stages:
        found = stage_compute(packet.manifest.model, stage)
        evidence.append(token_evidence(stage, _logged(logs, stage.name)))
        evidence.append(compute_evidence(found))
        items.append(_item(found))
    return ComputePart(evidence, tuple(items))


def _logged(logs: LogPartResult, stage: str) -> float | None:
    """Tokens that the logs of a stage count, if one counts from the start."""
    counts = []
    for log in logs.logs:
        if log.stage != stage or not log.series.has("tokens"):
            continue
        tokens = log.series.curve("tokens").value
        counts.append(float(np.max(tokens)))
    return max(counts) if counts else None


def _item(found: StageCompute) -> ComputeItem:
    return ComputeItem(
        stage=found.stage,
        tokens=found.tokens,
        parameters=found.parameters,
        flops=found.flops,
        attention_flops=found.attention_flops,
        device_hours=found.device_hours,
        accelerators=found.accelerators,
        peak_flops=found.peak_flops,
        utilisation=found.utilisation,
    )
