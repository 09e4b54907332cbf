# SPDX-License-Identifier: Apache-2.0
"""Whether a statistic can carry a claim at all, whoever computed it.

A number speaks for descent only if unrelated models do not give it. So: what do the
claim's own controls give, what do pairs of known relation give, and which control is
missing?
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from parentage.verdict.claim_rates import rate_of_controls, rates
from parentage.verdict.claim_result import (
    ControlResult,
    RateResult,
    Reason,
    SeriesResult,
    Support,
    SupportOutcome,
)
from parentage.verdict.claim_statistics import (
    CONTROL_KINDS,
    NEGATIVE,
    Statistic,
    statistics,
)

MAX_ERROR: Final = 0.01
"""Largest error rate, by its upper bound at 95 %, with which a value carries a claim.

A convention, not a measurement: one independent pair in a hundred. It is far from the
1e-6 of an accusation by this project's exact tests, and still more than most published
claims can show: with no event at all, 368 independent pairs are needed to show it.
"""


def judge_series(
    series: SeriesResult, claimed: float, controls: Sequence[ControlResult]
) -> Support:
    """Whether the series' statistic can carry what it is said to show.

    Args:
        series: numbers with what they are said to show.
        claimed: value at which they are said to show it.
        controls: those of the series, given and computed.
    """
    statistic = statistics()[series.statistic]
    all_rates = [*_control_rates(controls), *rates(statistic, claimed)]
    error = "false-positive" if series.says == "derived" else "miss"
    relevant = [r for r in all_rates if r.error == error]
    missing = tuple(
        kind
        for kind in CONTROL_KINDS
        if kind in statistic.controls
        and not any(c.kind == kind and c.values for c in controls)
    )
    reasons = _against(statistic, series, controls, relevant)
    outcome: SupportOutcome = "cannot" if reasons else "can"
    if not reasons and not statistic.exact:
        reasons = _open(relevant, missing)
        outcome = "unknown" if reasons else "can"
    return Support(
        series.id,
        series.statistic,
        series.says,
        series.claimed_at or "",
        outcome,
        tuple(reasons),
        tuple(controls),
        tuple(all_rates),
        missing,
    )


def _control_rates(controls: Sequence[ControlResult]) -> list[RateResult]:
    """Rates among the claim's negative controls, one for each kind."""
    found = []
    for kind in CONTROL_KINDS:
        part = [c for c in controls if c.kind == kind and c.values]
        if kind in NEGATIVE and part:
            reached = sum(c.reached for c in part)
            found.append(rate_of_controls(kind, reached, sum(c.values for c in part)))
    return found


def _against(
    statistic: Statistic,
    series: SeriesResult,
    controls: Sequence[ControlResult],
    relevant: Sequence[RateResult],
) -> list[Reason]:
    """Everything that forbids to read the value as what it is said to show."""
    found = []
    if statistic.never is not None:
        found.append(Reason(statistic.never))
    found += [Reason("null-control", c.title) for c in controls if c.silent]
    for rate in relevant:
        if rate.low > MAX_ERROR:
            found.append(Reason(f"{rate.error}-{rate.origin}", rate.title))
    if series.says == "derived":
        found += [
            Reason("positive-control-fails", c.title)
            for c in controls
            if c.kind == "positive" and c.values and c.reached < c.values
        ]
    return found


def _open(relevant: Sequence[RateResult], missing: Sequence[str]) -> list[Reason]:
    """What is not known, though nothing speaks against."""
    found = []
    if not any(r.high <= MAX_ERROR for r in relevant):
        found.append(Reason("rate-not-known" if not relevant else "rate-not-bounded"))
    if missing:
        found.append(Reason("controls-missing"))
    return found
