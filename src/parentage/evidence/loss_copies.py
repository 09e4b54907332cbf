# SPDX-License-Identifier: Apache-2.0
"""Stretches that were pasted: from another place of the log, or from another log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.stats.repeats import Repeat, repeated_runs
from parentage.training.series import Curve

LOG10_COPY: Final = -9.0
"""A run of equal values as unlikely as this. The least likely run inside an honest log
has -3.5, and no two logs of different runs share one of six values."""

COLUMNS: Final = ("loss", "grad_norm")


def check_copies(log: LogSubject) -> list[RecordEvidence]:
    """Whether a log repeats itself at other steps."""
    found: list[tuple[str, Curve, Repeat]] = []
    points = 0
    for name in COLUMNS:
        curve = log.series.curve(name)
        points = max(points, len(curve))
        for run in repeated_runs(curve.value):
            # Steps that were done again may give the same values again.
            again = _same_steps(curve, curve, run)
            if run.log10_p < LOG10_COPY and not again:
                found.append((name, curve, run))
    if not points:
        return []
    items = [_item(name, c, r, c) for name, c, r in found]
    said: Said = ("consistent", "copies-none")
    if found:
        said = ("contradicted", "copies-within")
    return [_result(log, said, items, points)]


def check_copied_from(
    log: LogSubject,
    others: Sequence[LogSubject],
    *,
    same_run: bool = False,
    own: bool = False,
) -> list[RecordEvidence]:
    """Whether a log shares stretches with logs of other runs.

    Args:
        log: the log.
        others: the other logs.
        same_run: whether they may be of one run, so that shared values are only named.
        own: whether they are logs of the same record: what they share at the same
            steps is history that a framework carries over when training goes on.
    """
    if not others:
        return []
    evidence = []
    for other in others:
        items: list[dict[str, Fact]] = []
        points = 0
        for name in COLUMNS:
            mine, theirs = log.series.curve(name), other.series.curve(name)
            points = max(points, min(len(mine), len(theirs)))
            items += [
                {**_item(name, mine, run, theirs), "log": other.name}
                for run in repeated_runs(mine.value, theirs.value)
                if run.log10_p < LOG10_COPY
                and not (own and _same_steps(mine, theirs, run))
            ]
        if not points:
            continue
        said: Said = ("consistent", "copies-not-of")
        if items and same_run:
            said = ("missing", "copies-shared")
        elif items:
            said = ("contradicted", "copies-of")
        evidence.append(_result(log, said, items, points, other.name))
    return evidence


def _same_steps(mine: Curve, theirs: Curve, run: Repeat) -> bool:
    return np.array_equal(
        mine.step[run.a : run.a + run.length],
        theirs.step[run.b : run.b + run.length],
    )


def _item(name: str, mine: Curve, run: Repeat, theirs: Curve) -> dict[str, Fact]:
    return {
        "column": name,
        "from": float(mine.step[run.a]),
        "to": float(mine.step[run.a + run.length - 1]),
        "line": int(mine.line[run.a]),
        "other_from": float(theirs.step[run.b]),
        "other_line": int(theirs.line[run.b]),
        "length": run.length,
        "log10_p": run.log10_p,
    }


def _result(
    log: LogSubject,
    said: Said,
    items: Sequence[dict[str, Fact]],
    points: int,
    other: str | None = None,
) -> RecordEvidence:
    longest = max(items, key=lambda i: float(i["length"] or 0), default={})
    least = min((float(i["log10_p"] or 0) for i in items), default=None)
    return RecordEvidence(
        "loss-copies",
        "calibrated",
        said[0],
        log.name,
        said[1],
        statistic="longest run of equal values",
        value=float(longest["length"] or 0) if longest else 0.0,
        n=points,
        log10_p=least,
        facts={
            "count": len(items),
            "length": longest.get("length"),
            "from": longest.get("from"),
            "other_from": longest.get("other_from"),
            "other": other,
        },
        items=tuple(items[:50]),
    )
