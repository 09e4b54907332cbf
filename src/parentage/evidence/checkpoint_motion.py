# SPDX-License-Identifier: Apache-2.0
"""Could the optimizer have moved the weights as they moved?

The bound of a step (:mod:`parentage.stats.adam`) holds for every element whatever the
gradients were, so one element beyond it contradicts the declared optimizer or learning
rate. Stored moments point where the weights went; moments of another run do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from parentage.artifact.dtypes import DTYPES
from parentage.evidence.checkpoint_path import Path
from parentage.evidence.record import Fact, RecordEvidence
from parentage.evidence.samples import Floats
from parentage.stats.adam import bounded, state_bound
from parentage.stats.rounding import spacing

ROOM: Final = 1.01
"""Over the bound that is let pass: rates are logged with few digits, and a schedule is
counted from 0 or 1."""

AGREES: Final = 0.05
"""Correlation of moments with the motion beside them below which they are another
run's. Where motion after the checkpoint is known, honest runs have 0.15 or more and
foreign states at most 0.015. The motion before a checkpoint alone says less: at the end
of a decay honest states had no correlation with it, so it does not contradict."""

SHORT: Final = 200
"""Steps of the motion after a checkpoint, at most, for moments to contradict: they
remember tens of steps, and over long stretches honest correlations fall to nothing."""


@dataclass(frozen=True)
class Reach:
    """How far the optimizer can have gone between two points.

    Attributes:
        earlier, later: positions of the points in the path.
        bound: sum of learning rates times the largest step of each.
        decay: sum of learning rates times weight decay.
        source: ``logged`` or ``declared``.
    """

    earlier: int
    later: int
    bound: float
    decay: float
    source: str


def motion_evidence(path: Path, reaches: Sequence[Reach]) -> RecordEvidence:
    """Whether any element moved further than the optimizer can move it."""
    rows: list[dict[str, Fact]] = []
    for reach in reaches:
        worst, name = 0.0, ""
        for strand in path.strands:
            a, b = strand.values[reach.earlier], strand.values[reach.later]
            room = _rounding(a, strand.dtypes[reach.earlier])
            room = room + _rounding(b, strand.dtypes[reach.later])
            limit = reach.bound + reach.decay * (np.abs(a) + reach.bound)
            over = (np.abs(b - a) - room) / np.maximum(limit, 1e-30)
            value = float(over.max(initial=0.0))
            if value > worst:
                worst, name = value, strand.name
        rows.append(
            {
                "earlier": path.labels[reach.earlier],
                "later": path.labels[reach.later],
                "used": worst,
                "tensor": name,
                "source": reach.source,
            }
        )
    if not rows or not path.strands:
        return RecordEvidence(
            "chain-motion", "exact", "missing", "checkpoints", "motion-unknown"
        )
    top = max(rows, key=lambda r: float(r["used"] or 0.0))
    value = float(top["used"] or 0.0)
    bad = value > ROOM
    return RecordEvidence(
        "chain-motion",
        "exact",
        "contradicted" if bad else "consistent",
        "checkpoints",
        "motion-impossible" if bad else "motion-possible",
        statistic="largest motion of an element over the bound",
        value=value,
        threshold=ROOM,
        n=len(rows),
        facts=dict(top),
        items=tuple(rows),
    )


def _rounding(values: Floats, dtype: str) -> Floats:
    kind = DTYPES[dtype]
    half: Floats = spacing(values, kind.digits, kind.quantum) * np.float32(0.5)
    return half


@dataclass(frozen=True)
class Moments:
    """Adam's moments of one tensor at one point, at the places of the path.

    Attributes:
        strand: position of the tensor among the path's strands.
        first, second: ``m`` and ``v``.
    """

    strand: int
    first: Floats
    second: Floats


def optimizer_evidence(
    path: Path,
    point: int,
    moments: Sequence[Moments],
    *,
    betas: tuple[float, float] | None,
) -> RecordEvidence:
    """Whether stored moments agree with the motion of the weights beside them.

    Args:
        path: step 0 and checkpoints.
        point: position of the point that the moments are of.
        moments: of its matrices.
        betas: of Adam, if declared: they bound ``|m| / sqrt(v)``.
    """
    label = path.labels[point]
    sides = [(a, b) for a, b in ((point - 1, point), (point, point + 1)) if a >= 0]
    sides = [(a, b) for a, b in sides if b < len(path.labels)]
    if not moments or not sides:
        return RecordEvidence(
            "optimizer-state", "calibrated", "missing", label, "optimizer-none"
        )
    sums = np.zeros((len(sides), 2))
    size, worst, elements, negative = 0.0, 0.0, 0, 0
    for item in moments:
        v = item.second.astype(np.float64)
        m = item.first.astype(np.float64)
        negative += int((v < 0).sum()) + int(np.count_nonzero((v == 0) & (m != 0)))
        step = -m / (np.sqrt(np.maximum(v, 0)) + 1e-12)
        step[v <= 0] = 0
        worst = max(worst, float(np.abs(step).max(initial=0.0)))
        size += float((step**2).sum())
        elements += step.size
        values = path.strands[item.strand].values.astype(np.float64)
        for row, (a, b) in enumerate(sides):
            move = values[b] - values[a]
            sums[row] += float((move * step).sum()), float((move**2).sum())
    scale = np.sqrt(sums[:, 1] * size)
    found = np.divide(sums[:, 0], scale, out=np.zeros(len(sides)), where=scale > 0)
    # Frozen stretches move nothing and say nothing.
    moving = [float(c) for c, s in zip(found, sums[:, 1], strict=True) if s > 0]
    settled = point + 1 < len(path.labels) and sums[-1, 1] > 0 and _short(path, point)
    limit = state_bound(*betas) if betas and bounded(betas) else math.inf
    facts: dict[str, Fact] = {"largest": worst, "limit": limit, "negative": negative}
    if not moving:
        outcome, reason, value = "missing", "optimizer-none", None
    else:
        value = max(moving)
        outcome, reason = "consistent", "optimizer-agrees"
        if negative or worst > limit * ROOM:
            outcome, reason = "contradicted", "optimizer-impossible"
        elif value < AGREES and settled:
            outcome, reason = "contradicted", "optimizer-other"
        elif value < AGREES:
            outcome, reason = "missing", "optimizer-weak"
    return RecordEvidence(
        "optimizer-state",
        "calibrated",
        outcome,  # type: ignore[arg-type]
        label,
        reason,
        statistic="correlation of the stored step with the motion",
        value=value,
        threshold=AGREES,
        n=elements,
        facts=facts,
    )


def _short(path: Path, point: int) -> bool:
    """Whether few enough steps follow a point for its moments to point along them."""
    here, after = path.steps[point], path.steps[point + 1]
    return here is not None and after is not None and after - here <= SHORT
