# SPDX-License-Identifier: Apache-2.0
"""A training log with what the manifest states about it: what checks on curves take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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

    @property
    def from_nothing(self) -> bool:
        """Whether training is claimed to begin from random weights here.

        A bare log claims it where its vocabulary is given.
        """
        if self.plan is None:
            return self.model is not None
        return self.plan.kind == "pretraining"

    @property
    def below_zero(self) -> bool:
        """Whether the training loss takes values that no likelihood has.

        Losses of rewards hover about zero and rest there for many steps; how honest
        ones look is not known, and checks on the shape of curves leave them alone.
        """
        values = self.series.curve("loss").value
        return bool(len(values)) and float(values.min()) < 0

    @property
    def averaged(self) -> int:
        """Steps that a line is the mean of, as stated; 1 where nothing is."""
        return (self.part.averaged if self.part else None) or 1

    @property
    def every(self) -> float:
        """Steps between two lines, as stated or as most lines have it; at least 1."""
        if self.part is not None and self.part.every:
            return float(self.part.every)
        return max(1.0, usual_interval(self.series)[0])


def usual_interval(series: Series) -> tuple[float, float]:
    """The most frequent distance of consecutive steps, and the share that have it."""
    name = "loss" if series.has("loss") else "eval_loss"
    step = series.curve(name).step
    apart = np.diff(step)
    apart = apart[apart > 0]
    if not len(apart):
        return 1.0, 0.0
    values, counts = np.unique(apart, return_counts=True)
    return float(values[counts.argmax()]), float(counts.max() / len(apart))
