# SPDX-License-Identifier: Apache-2.0
"""Sums up a checked claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from parentage.verdict.claim_result import (
    Judgement,
    Outcome,
    SeriesResult,
    Support,
    Trap,
)


def conclude(
    series: Sequence[SeriesResult],
    supports: Sequence[Support],
    traps: Sequence[Trap],
) -> Judgement:
    """The answer: what weighs most comes first.

    A number that does not reproduce weighs more than a statistic that cannot carry the
    claim, and that more than what could not be checked. ``supported`` needs all:
    numbers that were checked, every one of them, and statistics that can carry what
    they are said to show. A file that says nothing of descent at best ``reproduces``.
    """
    counts: Counter[str] = Counter(cell.outcome for one in series for cell in one.cells)
    outcome: Outcome
    if counts["differs"]:
        outcome = "does-not-reproduce"
    elif any(s.outcome == "cannot" for s in supports):
        outcome = "cannot-support"
    elif counts["not-checkable"] or any(s.outcome == "unknown" for s in supports):
        outcome = "cannot-be-checked"
    else:
        outcome = "supported" if supports else "reproduces"
    return Judgement(
        outcome, dict(counts), tuple(series), tuple(supports), tuple(traps)
    )


EXIT_CODES = {
    "supported": 0,
    "reproduces": 0,
    "does-not-reproduce": 1,
    "cannot-support": 1,
    "cannot-be-checked": 3,
}
"""Exit code of ``parentage check-claim`` by outcome."""
