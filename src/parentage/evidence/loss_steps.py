# SPDX-License-Identifier: Apache-2.0
"""Is every step there, and is every restart and every gap explained?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject, usual_interval
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.training.series import Floats

REGULAR: Final = 0.6
"""Share of lines that must keep the usual distance, for a larger one to be a gap."""

CLOSE: Final = 0.01
"""The last logged step may miss the declared one by this share."""


@dataclass(frozen=True)
class Break:
    """A place where steps do not simply go on.

    Attributes:
        kind: ``gap``, ``back`` or ``twice``.
        after: last step before.
        step: first step behind.
        line: its line.
        explained: by what: ``declared``, ``log`` or nothing.
    """

    kind: str
    after: float
    step: float
    line: int
    explained: str


def breaks_of(log: LogSubject) -> list[Break]:
    """Every gap and every step back, in the order of the file."""
    series = log.series
    name = "loss" if "loss" in series.columns and series.has("loss") else "eval_loss"
    if name not in series.columns or "step" not in series.columns:
        return []
    step = series.columns["step"]
    # Rows whose loss is no number were still logged: they are no gap.
    keep = np.isfinite(step) & (np.isfinite(series.columns[name]) | _said(log, name))
    step, line = step[keep], series.lines[keep]
    interval, share = usual_interval(series)
    interval *= max(series.stride, 1)
    every = log.part.every if log.part and log.part.every else None
    longest = 1.5 * (every or interval)
    found = []
    for i in np.flatnonzero(np.diff(step) != 0):
        apart = step[i + 1] - step[i]
        before, here = float(step[i]), float(step[i + 1])
        if apart < 0:
            why = _explained(log, before, here, int(line[i]), int(line[i + 1]))
            found.append(Break("back", before, here, int(line[i + 1]), why))
        elif apart > longest and (share >= REGULAR or every):
            found.append(Break("gap", before, here, int(line[i + 1]), ""))
    return _filled(found, step)


def _said(log: LogSubject, name: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows that the log marks as no number."""
    marked = {
        f.line for f in log.series.facts if f.code == "not-a-number" and f.text == name
    }
    if log.series.counts.get("not-a-number", 0) > len(marked):
        return np.isnan(log.series.columns[name])
    return np.isin(log.series.lines, [n for n in marked if n is not None])


def _explained(
    log: LogSubject, before: float, here: float, line: int, next_line: int
) -> str:
    resumes = log.plan.resumes if log.plan else ()
    near = 1.5 * log.every
    for resume in resumes:
        if abs(resume.step - here) <= near and (
            resume.until is None or abs(resume.until - before) <= near
        ):
            return "declared"
    if any(
        f.code == "resume" and f.line is not None and line <= f.line <= next_line
        for f in log.series.facts
    ):
        return "log"
    return ""


def _filled(found: list[Break], step: Floats) -> list[Break]:
    """Without gaps that a later pass over the same steps fills."""
    kept = []
    for one in found:
        inside = (step > one.after) & (step < one.step)
        if one.kind != "gap" or not inside.any():
            kept.append(one)
    return kept


def check_steps(log: LogSubject) -> list[RecordEvidence]:
    """One result per log."""
    series = log.series
    name = "loss" if series.has("loss") else "eval_loss"
    curve = series.curve(name)
    if not len(curve):
        return [_result(log, ("missing", "steps-none"), [], 0)]
    found = breaks_of(log)
    open_ = [b for b in found if not b.explained]
    gaps = [b for b in open_ if b.kind == "gap"]
    last, first = float(curve.step.max()), float(curve.step.min())
    plan = log.plan
    end = plan.first_step + plan.steps if plan is not None and plan.steps else None
    facts: dict[str, Fact] = {
        "first": first,
        "last": last,
        "declared": end,
        "gaps": len(gaps),
        "backs": len(open_) - len(gaps),
        "explained": len(found) - len(open_),
        "where": open_[0].step if open_ else None,
        "line": open_[0].line if open_ else None,
    }
    said: Said = ("consistent", "steps-all" if end else "steps-plain")
    alone = plan is None or len(plan.logs) == 1
    near = max(2 * log.every, CLOSE * (end or 0))
    if gaps and log.part is not None and log.part.complete:
        said = ("contradicted", "steps-not-complete")
    elif end and last > end + near:
        said = ("contradicted", "steps-beyond")
    elif open_:
        said = ("missing", "steps-unexplained")
    elif end and alone and last < end - near:
        said = ("missing", "steps-short")
    elif plan and log.opens and first - plan.first_step > 2 * log.every:
        said = ("missing", "steps-late")
    return [_result(log, said, found, len(curve), facts)]


def check_cover(logs: Sequence[LogSubject]) -> list[RecordEvidence]:
    """One result for a stage with several logs: do they cover it together?"""
    if len(logs) < 2:
        return []
    spans: list[tuple[float, float]] = []
    for log in logs:
        name = "loss" if log.series.has("loss") else "eval_loss"
        step = log.series.curve(name).step
        if len(step):
            spans.append((float(step.min()), float(step.max())))
    if not spans:
        return []
    spans.sort()
    near = 2 * max(log.every for log in logs)
    reached, gaps = spans[0][1], []
    for start, end in spans[1:]:
        if start - reached > near:
            gaps.append(Break("gap", reached, start, 1, ""))
        reached = max(reached, end)
    plan = logs[0].plan
    end_step = plan.first_step + plan.steps if plan and plan.steps else None
    said: Said = ("consistent", "cover-all")
    if gaps:
        said = ("missing", "cover-gaps")
    elif end_step and reached < end_step - max(near, CLOSE * end_step):
        said = ("missing", "cover-short")
    facts: dict[str, Fact] = {
        "logs": len(spans),
        "first": spans[0][0],
        "last": reached,
        "declared": end_step,
        "gaps": len(gaps),
        "after": gaps[0].after if gaps else None,
        "where": gaps[0].step if gaps else None,
    }
    whole = replace(logs[0], name=logs[0].stage or logs[0].name)
    return [_result(whole, said, gaps, len(spans), facts)]


def _result(
    log: LogSubject,
    said: Said,
    found: list[Break],
    n: int,
    facts: dict[str, Fact] | None = None,
) -> RecordEvidence:
    return RecordEvidence(
        "loss-steps",
        "exact",
        said[0],
        log.name,
        said[1],
        statistic="breaks without an explanation",
        value=float(sum(not b.explained for b in found)),
        n=n,
        facts=facts or {},
        items=tuple(
            {
                "kind": b.kind,
                "after": b.after,
                "step": b.step,
                "line": b.line,
                "explained": b.explained or None,
            }
            for b in found[:50]
        ),
    )
