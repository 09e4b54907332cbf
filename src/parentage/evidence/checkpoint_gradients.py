# SPDX-License-Identifier: Apache-2.0
"""Are the logged gradient norms those that the optimizer's states were made of?

Adam's second moment of an element is a running mean of its squared gradients, so the
sum of all second moments is the running mean of the squared norms of the gradient,
after clipping: ``sum(v) = (1 - b2) sum_k b2^k min(|g_k|, clip)^2``. Both sides are in
the record, one as bytes beside the weights, one as a column of text. Source: the
definition (Kingma and Ba 2015, algorithm 1), summed over elements.

Logs count steps from 0 or from 1, and print norms with few decimals: the counting that
fits better counts, and what rounding can do to the sum is allowed for.

Assumptions: every step is logged, with the norm over all trained parameters before
clipping; no step was skipped; the state is whole. A state that leaves parameters out
lies below. What it
cannot see: states that were scaled to made-up norms, which no longer lead to the next
checkpoint when the stretch is done again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

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


COUNTINGS: Final = (0, 1)
"""What the first step of a training may be called in its log."""


def expected_total(
    norms: Curve,
    moment: Moment,
    beta: float,
    clip: float | None,
    *,
    first: int = 0,
    unit: float = 0.0,
) -> tuple[float, float] | None:
    """The sum that logged norms lead to; ``None`` where too few are logged.

    Args:
        norms: gradient norm of each step, as training went on from it.
        moment: of the checkpoint.
        beta: decay of the second moment.
        clip: largest norm.
        first: what the log calls the first step: its step ``k + first`` is that of
            update ``k + 1``.
        unit: norms are printed to multiples of it.

    Returns:
        The sum, and the relative error that rounding to the unit can make of it. The
        line of the last update may be missing: then its norm is the one between 0 and
        ``clip`` that fits the state best.
    """
    count = moment.step if moment.count is None else min(moment.count, moment.step)
    age = moment.step - 1 + first - norms.step
    inside = (age >= 0) & (age < count)
    age, value = age[inside], norms.value[inside]
    weight = (1 - beta) * beta**age
    last = 0.0 if clip is None or (age == 0).any() else 1 - beta
    if count < 1 or weight.sum() + last < COVER * (1 - beta**count):
        return None
    most = value + unit / 2
    if clip is not None:
        value, most = np.minimum(value, clip), np.minimum(most, clip)
    total = float(np.sum(weight * value**2))
    error = float(np.sum(weight * most**2)) - total
    if last and clip is not None:
        total += float(np.clip(moment.total - total, 0.0, last * clip**2))
    return total, error / total if total > 0 else 0.0


def printed_unit(values: NDArray[np.float64]) -> float:
    """The unit that values are printed to, or more: their least distance.

    Zero where there are fewer than two values.
    """
    apart = np.diff(np.unique(values))
    return float(apart.min()) if len(apart) else 0.0


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
    unit = printed_unit(norms.value)
    tried: list[dict[str, tuple[float, float]]] = [{} for _ in COUNTINGS]
    for first, rows in zip(COUNTINGS, tried, strict=True):
        for moment in moments:
            one = _ratio(norms, moment, betas[1], clip, first=first, unit=unit)
            if one is not None:
                rows[moment.label] = one
    # A counting that leaves nothing to compare explains nothing.
    rows = min(
        tried,
        key=lambda t: (not t, max((abs(r - 1) for r, _ in t.values()), default=0.0)),
    )
    if not rows:
        return result(("missing", "state-gradients-none"))
    found = np.array([ratio for ratio, _ in rows.values()])
    slack = max(error for _, error in rows.values())
    whole = all(m.whole for m in moments if m.label in rows)
    worst = float(found[np.argmax(np.abs(found - 1))])
    said: Said = ("missing", "state-gradients-open")
    if abs(worst - 1) <= EQUAL:
        said = ("consistent", "state-gradients-agree")
    elif found.max() <= 1 + OTHER and not whole:
        said = ("missing", "state-gradients-part")
    elif abs(worst - 1) > OTHER + slack and clip is not None and not _scaled(found):
        said = ("contradicted", "state-gradients-differ")
    items: list[dict[str, Fact]] = [
        {"point": label, "ratio": ratio} for label, (ratio, _) in rows.items()
    ]
    return result(said, worst, items)


def _ratio(
    norms: Curve,
    moment: Moment,
    beta: float,
    clip: float | None,
    *,
    first: int,
    unit: float,
) -> tuple[float, float] | None:
    """What a state is over what the norms lead to, and the error of rounding in it."""
    wanted = expected_total(norms, moment, beta, clip, first=first, unit=unit)
    if wanted is None or not wanted[0] > 0 or not math.isfinite(moment.total):
        return None
    ratio = moment.total / wanted[0]
    return ratio, wanted[1] * ratio


def _scaled(ratios: NDArray[np.float64]) -> bool:
    """Whether one factor explains all: frameworks sum or average over devices."""
    if len(ratios) < 2:
        return True
    return float(ratios.max() / max(ratios.min(), 1e-300)) <= 1 + EQUAL
