# SPDX-License-Identifier: Apache-2.0
"""Are the logged gradient norms those that the optimizer's states were made of?

Adam's second moment of an element is a running mean of its squared gradients, so the
sum of all second moments is the running mean of the squared norms of the gradient,
after clipping: ``sum(v) = (1 - b2) sum_k b2^k min(|g_k|, clip)^2``. Both sides are in
the record, one as bytes beside the weights, one as a column of text. Source: the
definition (Kingma and Ba 2015, algorithm 1), summed over elements.

Assumptions: every step is logged, with the norm over all trained parameters before
clipping; the state is whole. A state that leaves parameters out lies below. What it
cannot see: states that were scaled to made-up norms, which no longer lead to the next
checkpoint when the stretch is done again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.training.series import Curve

EQUAL: Final = 0.005
"""Relative difference up to which both sides are the same; honest states differ by
0.00004, which is the rounding of their logs."""

OTHER: Final = 0.03
"""Relative difference from which they are not; norms of another run of the same
network differ by 0.13 or more, see benchmarks/records."""

COVER: Final = 0.999
"""Share of the running mean that logged steps must make up."""


@dataclass(frozen=True)
class Moment:
    """The second moments of one checkpoint.

    Attributes:
        label: of the checkpoint.
        step: steps of training done, this stage's and those before.
        count: updates that the state has seen; ``None`` where it does not say.
        total: sum of all second moments.
        whole: whether they are those of every parameter of the model, and the loss is
            the model's own, so that no parameter outside can have had a gradient.
    """

    label: str
    step: int
    count: int | None
    total: float
    whole: bool


def expected_total(
    norms: Curve, moment: Moment, beta: float, clip: float | None
) -> float | None:
    """The sum that logged norms lead to; ``None`` where too few are logged.

    Args:
        norms: gradient norm of each step, as training went on from it; step ``k`` is
            that of update ``k + 1``.
        moment: of the checkpoint.
        beta: decay of the second moment.
        clip: largest norm.
    """
    count = moment.step if moment.count is None else min(moment.count, moment.step)
    age = moment.step - 1 - norms.step
    inside = (age >= 0) & (age < count)
    age, value = age[inside], norms.value[inside]
    weight = (1 - beta) * beta**age
    if count < 1 or weight.sum() < COVER * (1 - beta**count):
        return None
    if clip is not None:
        value = np.minimum(value, clip)
    return float(np.sum(weight * value**2))


def gradient_evidence(
    moments: Sequence[Moment],
    norms: Curve,
    *,
    betas: tuple[float, float] | None,
    clip: float | None,
    subject: str,
) -> RecordEvidence:
    """Whether states and logged norms of a stage agree.

    Args:
        moments: of checkpoints of the stage.
        norms: gradient norms of its log.
        betas, clip: as declared.
        subject: the log.
    """

    def result(
        said: Said, value: float | None = None, rows: Sequence[dict[str, Fact]] = ()
    ) -> RecordEvidence:
        worst = max(rows, key=lambda r: abs(float(r["ratio"] or 0) - 1), default={})
        return RecordEvidence(
            "state-gradients",
            "exact",
            said[0],
            subject,
            said[1],
            statistic="second moments over those that the logged norms lead to",
            value=value,
            threshold=OTHER,
            n=len(rows),
            facts={"point": worst.get("point"), "steps": len(norms)},
            items=tuple(rows),
        )

    if not moments or not len(norms) or betas is None or not 0 < betas[1] < 1:
        return result(("missing", "state-gradients-none"))
    rows: list[dict[str, Fact]] = []
    ratios, whole = [], True
    for moment in moments:
        wanted = expected_total(norms, moment, betas[1], clip)
        if wanted is None or not wanted > 0 or not math.isfinite(moment.total):
            continue
        ratios.append(moment.total / wanted)
        whole = whole and moment.whole
        rows.append({"point": moment.label, "ratio": ratios[-1]})
    if not rows:
        return result(("missing", "state-gradients-none"))
    found = np.array(ratios)
    worst = float(found[np.argmax(np.abs(found - 1))])
    said: Said = ("missing", "state-gradients-open")
    if abs(worst - 1) <= EQUAL:
        said = ("consistent", "state-gradients-agree")
    elif found.max() <= 1 + OTHER and not whole:
        said = ("missing", "state-gradients-part")
    elif abs(worst - 1) > OTHER and clip is not None and not _scaled(found):
        said = ("contradicted", "state-gradients-differ")
    return result(said, worst, rows)


def _scaled(ratios: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Whether one factor explains all: frameworks sum or average over devices."""
    if len(ratios) < 2:
        return True
    return float(ratios.max() / max(ratios.min(), 1e-300)) <= 1 + EQUAL
