# SPDX-License-Identifier: Apache-2.0
"""The learning rate of every step between two checkpoints: logged, else declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parentage.evidence.checkpoint_motion import Reach
from parentage.evidence.log_subject import LogSubject
from parentage.stats.adam import ADAM, DEFAULT_BETAS, Floats, bounded, motion_bound
from parentage.stats.schedules import Schedule
from parentage.training.manifest import Manifest, StagePart


@dataclass(frozen=True)
class Rates:
    """Learning rates of the steps of a stretch.

    Attributes:
        values: one a step.
        source: ``logged`` or ``declared``.
    """

    values: Floats
    source: str

    @property
    def total(self) -> float:
        """Their sum."""
        return float(self.values.sum())


def rates_between(
    manifest: Manifest, logs: Sequence[LogSubject], first: int, last: int
) -> Rates | None:
    """Learning rates of steps ``first`` to ``last - 1``; ``None`` where unknown.

    A step that was done twice counts once: its second pass began from the checkpoint
    that the first pass had begun from.
    """
    steps = np.arange(first, last, dtype=np.float64)
    values = np.full(len(steps), np.nan)
    logged = 0
    for log in logs:
        curve = log.series.curve("lr").last_pass()
        if not len(curve):
            continue
        order = np.argsort(curve.step, kind="stable")
        place, rate = curve.step[order], curve.value[order]
        inside = (steps >= place[0] - 1) & (steps <= place[-1] + 1) & np.isnan(values)
        # Rates of steps that were not logged lie between those beside them.
        values[inside] = np.interp(steps[inside], place, rate)
        logged += int(inside.sum())
    for stage in manifest.stages:
        plan = _schedule(stage)
        if plan is None or stage.steps is None:
            continue
        inside = (steps >= stage.first_step) & (steps < stage.first_step + stage.steps)
        inside &= np.isnan(values)
        # Frameworks count the first step as 0 or 1: the larger rate is taken.
        both = np.maximum(plan.rate(steps[inside]), plan.rate(steps[inside] + 1))
        values[inside] = both
    if not len(steps) or np.isnan(values).any() or (values < 0).any():
        return None
    return Rates(values, "logged" if logged == len(steps) else "declared")


def reach_between(
    manifest: Manifest,
    logs: Sequence[LogSubject],
    points: tuple[int, int],
    steps: tuple[int, int],
) -> Reach | None:
    """How far Adam can have gone; ``None`` for other optimizers or unknown rates.

    Args:
        manifest, logs: of the record.
        points: positions in the path.
        steps: of the two points.
    """
    first, last = steps
    rates = rates_between(manifest, logs, first, last)
    stages = [
        s
        for s in manifest.stages
        if s.steps is None or (s.first_step < last and first < s.first_step + s.steps)
    ]
    if rates is None or not stages:
        return None
    bound, decay = 0.0, 0.0
    for stage in stages:
        how = stage.optimizer
        if how is None or how.name.lower() not in ADAM:
            return None
        betas = how.betas or DEFAULT_BETAS
        if not bounded(betas):
            return None
        # Stages share the stretch: the loosest of their bounds is taken for all.
        bound = max(bound, motion_bound(rates.values, first, betas=betas))
        decay = max(decay, rates.total * (how.weight_decay or 0.0))
    return Reach(points[0], points[1], bound, decay, rates.source)


def _schedule(stage: StagePart) -> Schedule | None:
    wanted, how = stage.schedule, stage.optimizer
    if wanted is None or how is None or how.peak_lr is None:
        return None
    end = wanted.total_steps
    if end is None and stage.steps is not None:
        end = stage.first_step + stage.steps
    return Schedule(
        wanted.family,
        how.peak_lr,
        wanted.warmup_steps,
        float(end or 0),
        how.peak_lr if wanted.family == "constant" else wanted.final_lr,
        float(wanted.decay_steps or 0),
        float(stage.first_step),
    )
