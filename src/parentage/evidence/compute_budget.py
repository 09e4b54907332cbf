# SPDX-License-Identifier: Apache-2.0
"""Could the declared hardware have done the declared training, and is it one number?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parentage.evidence.record import Fact, RecordEvidence
from parentage.training.compute import peak_of, tokens_of, training_flops
from parentage.training.manifest import ModelPart, StagePart

IMPOSSIBLE: Final = 1.0
"""More than all of the peak cannot be done, whoever declares it."""

UNSEEN: Final = 0.75
"""Beyond this share of the dense peak nothing has been published for a whole training
run (PaLM 0.46, Llama 3 0.38 to 0.43, MPT 0.4 to 0.6, single-device GPT-2 records about
0.65); it asks for an explanation and accuses nobody."""

IDLE: Final = 0.02
"""Below this share the hours were not spent on this training, or the size is wrong by
an order; honest causes exist (failures, small models), so it is only named."""

SAME: Final = 0.01
"""Counts that are stated twice may differ by this share: rounding of "10T"."""


@dataclass(frozen=True)
class StageCompute:
    """The arithmetic of a stage.

    Attributes:
        stage: its name.
        tokens: tokens trained on, by steps and batches or as declared.
        parameters: parameters that a token passes through.
        flops, attention_flops: operations, and the part of attention in them.
        device_hours: of all hardware together.
        accelerators: what is declared.
        peak_flops: operations that those hours hold at the peak.
        unknown: devices whose peak is not known.
    """

    stage: str
    tokens: float | None
    parameters: float | None
    flops: float | None
    attention_flops: float | None
    device_hours: float | None
    accelerators: tuple[str, ...]
    peak_flops: float | None
    unknown: tuple[str, ...]

    @property
    def utilisation(self) -> float | None:
        """Share of the peak that the training used."""
        if self.flops is None or not self.peak_flops:
            return None
        return self.flops / self.peak_flops


def stage_compute(model: ModelPart, stage: StagePart) -> StageCompute:
    """The arithmetic of a stage from what the manifest states."""
    counted = tokens_of(stage)
    declared = stage.data.tokens if stage.data else None
    tokens = counted if counted is not None else declared
    flops = None
    if tokens is not None:
        flops = training_flops(model, tokens, stage.sequence_length)
    known = [(part, peak_of(part)) for part in stage.hardware]
    hours = [part.count * part.hours for part, _ in known]
    peak = None
    if known and all(p is not None for _, p in known):
        peak = sum(
            h * 3600 * (p or 0.0) for h, (_, p) in zip(hours, known, strict=True)
        )
    return StageCompute(
        stage=stage.name,
        tokens=None if tokens is None else float(tokens),
        parameters=model.active_parameters or model.parameters,
        flops=None if flops is None else sum(flops),
        attention_flops=None if flops is None else flops[1],
        device_hours=sum(hours) if hours else None,
        accelerators=tuple(
            f"{p.count} x {p.accelerator} ({p.precision})" for p, _ in known
        ),
        peak_flops=peak,
        unknown=tuple(p.accelerator for p, peak in known if peak is None),
    )


def compute_evidence(found: StageCompute) -> RecordEvidence:
    """Whether the hours hold the arithmetic."""
    used = found.utilisation
    facts: dict[str, Fact] = {
        "tokens": found.tokens,
        "parameters": found.parameters,
        "flops": found.flops,
        "device_hours": found.device_hours,
        "peak": found.peak_flops,
        "used": used,
        "unknown": ", ".join(found.unknown) or None,
    }

    def result(outcome: str, reason: str) -> RecordEvidence:
        return RecordEvidence(
            "compute-budget",
            "calibrated",
            outcome,  # type: ignore[arg-type]
            found.stage,
            reason,
            statistic="share of the peak",
            value=used,
            threshold=IMPOSSIBLE,
            n=1,
            facts=facts,
        )

    if found.unknown:
        return result("missing", "hardware-unknown")
    if used is None:
        return result("missing", "compute-unknown")
    if used > IMPOSSIBLE:
        return result("contradicted", "compute-impossible")
    if used > UNSEEN:
        return result("missing", "compute-unseen")
    if used < IDLE:
        return result("missing", "compute-idle")
    return result("consistent", "compute-plausible")


def token_evidence(stage: StagePart, logged: float | None) -> RecordEvidence:
    """Whether the numbers of tokens that are stated are one number.

    Args:
        stage: with steps, batch, length, and the data's count.
        logged: tokens that the log counts between its first and last step, if it does.
    """
    counted = tokens_of(stage)
    data = stage.data
    sources = [s.tokens for s in data.sources if s.tokens] if data else []
    stated: dict[str, float] = {}
    if counted is not None:
        stated["steps x batch x length"] = float(counted)
    if data and data.tokens is not None:
        stated["declared"] = float(data.tokens)
    if logged is not None:
        stated["log"] = logged
    facts: dict[str, Fact] = dict(stated)
    facts["sources"] = float(sum(sources)) if sources else None

    def result(outcome: str, reason: str, value: float | None = None) -> RecordEvidence:
        return RecordEvidence(
            "token-count",
            "exact",
            outcome,  # type: ignore[arg-type]
            stage.name,
            reason,
            statistic="largest over smallest",
            value=value,
            threshold=1 + SAME,
            n=len(stated),
            facts={**facts, "smallest": low, "largest": high},
        )

    low, high = min(stated.values(), default=None), max(stated.values(), default=None)
    if low is None or high is None or len(stated) < 2:
        return result("missing", "tokens-once")
    ratio = high / low if low else float("inf")
    if ratio > 1 + SAME:
        return result("contradicted", "tokens-differ", ratio)
    return result("consistent", "tokens-agree", ratio)
