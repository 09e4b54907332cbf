# SPDX-License-Identifier: Apache-2.0
"""Do checkpoints remember the data of their own steps, and was the loss logged theirs?

A model knows what it has just read a little better than other text of the same kind,
and forgets some of it soon. So between two checkpoints the loss falls most on the
batches of the steps between them: held out for each stretch are the batches of all
others. Source: Choi, Shavit and Duvenaud (2023, arXiv:2307.00682), who hold the fall of
the loss on claimed data against held-out data; the test here is a permutation test over
all stretches at once.

Null hypothesis of ``segment-memory``: which batches are claimed for which stretch has
nothing to do with the checkpoints. Assumption: the order of the data was random, so
that batches of different stretches are of one kind; a curriculum breaks it. What it
cannot see: which data came in addition to the claimed.

``segment-log``: batches differ in how hard they are, and a checkpoint close by sees the
same differences as the training did. A log that was written without the batches does
not. Where a batch is that of a checkpoint's own next step, its loss is the logged one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.stats.claimed import fit_claim
from parentage.stats.coupling import Floats, centred_ranks, without_trend
from parentage.stats.curve_noise import difference_noise

RARE: Final = 0.001
"""P-value from which memory is shown, and another order than claimed is."""

DOUBTFUL: Final = 0.05
"""The claimed order must fit no better than this for another one to contradict it."""

FEWEST: Final = 24
"""Batches; and at least three stretches."""

FEWEST_LOG: Final = 60
"""Batches with a logged loss, for the log to be contradicted."""

LEAST: Final = 0.5
"""Correlation of logged losses with those of the checkpoints beside; honest records of
a hundred batches have 0.64 or more, made-up curves 0.3 at most."""

SAME: Final = 0.05
"""Difference from the log at the checkpoints' own steps, over the log's noise."""


@dataclass(frozen=True)
class SegmentLosses:
    """Losses of batches at checkpoints.

    Attributes:
        points: labels of ``m + 1`` checkpoints in the order of training.
        steps: step of each batch.
        stretch: of each batch the stretch it is claimed for: from point ``i`` to
            ``i + 1``.
        loss: ``(batches, m + 1)``.
        at_point: of each batch whether it is that of the step right after its point.
    """

    points: tuple[str, ...]
    steps: Floats
    stretch: np.ndarray[tuple[int], np.dtype[np.int64]]
    loss: Floats
    at_point: np.ndarray[tuple[int], np.dtype[np.bool_]]


def memory_evidence(found: SegmentLosses, *, seed: int = 0) -> RecordEvidence:
    """Whether the loss falls most on the data of each stretch's own steps."""
    units, stretches = len(found.steps), len(found.points) - 1
    claimed = np.unique(found.stretch)
    if units < FEWEST or len(claimed) < 3:
        facts: dict[str, Fact] = {"needed": FEWEST, "stretches": len(claimed)}
        return _memory(("missing", "memory-few"), None, units, facts)
    falls = found.loss[:, :-1] - found.loss[:, 1:]
    # Only stretches that batches are claimed for take part.
    label = np.searchsorted(claimed, found.stretch)
    fit = fit_claim(falls[:, claimed], label, seed=seed)
    names = [
        f"{found.points[i]} to {found.points[i + 1]}" for i in claimed if i < stretches
    ]
    rows: tuple[dict[str, Fact], ...] = tuple(
        {
            "stretch": name,
            "own": float(fit.means[i, i]),
            "best": names[int(np.argmax(fit.means[i]))],
            "batches": int((label == i).sum()),
        }
        for i, name in enumerate(names)
    )
    moved = [i for i, to in enumerate(fit.renamed) if to != i]
    first = moved[0] if moved else None
    facts = {
        "stretches": len(names),
        "p": fit.p,
        "best": fit.best,
        "best_p": fit.best_p,
        "claimed": None if first is None else names[first],
        "instead": None if first is None else names[fit.renamed[first]],
    }
    said: Said = ("missing", "memory-none")
    if fit.p <= RARE:
        said = ("verified", "memory-own")
    elif fit.p > DOUBTFUL and fit.best_p <= RARE and moved:
        said = ("contradicted", "memory-other")
    return _memory(
        said, fit.value, units, facts, log10_p=float(np.log10(fit.p)), rows=rows
    )


def _memory(
    said: Said,
    value: float | None,
    n: int,
    facts: dict[str, Fact],
    *,
    log10_p: float | None = None,
    rows: tuple[dict[str, Fact], ...] = (),
) -> RecordEvidence:
    return RecordEvidence(
        "segment-memory",
        "exact",
        said[0],
        "segments",
        said[1],
        statistic="fall of the loss on a stretch's own batches, in standard deviations",
        value=value,
        n=n,
        log10_p=log10_p,
        facts=facts,
        items=rows,
    )


def log_evidence(found: SegmentLosses, logs: Sequence[LogSubject]) -> RecordEvidence:
    """Whether the logged losses are those of the batches that were handed in."""
    best: tuple[float, int, float | None] | None = None
    rows = np.arange(len(found.steps))
    here = found.loss[rows, found.stretch]
    beside = (here + found.loss[rows, found.stretch + 1]) / 2
    for shift in (0.0, 1.0):  # frameworks count the first step as 0 or 1
        rest, value, noise = _logged(logs, shift)
        known = np.array([step in rest for step in found.steps], bool)
        if known.sum() < FEWEST:
            continue
        theirs = np.array([rest.get(s, np.nan) for s in found.steps])
        r = _within(beside[known], theirs[known], found.stretch[known])
        own = known & found.at_point
        off = None
        if own.sum() >= 3 and noise > 0:
            logged = np.array([value[s] for s in found.steps[own]])
            off = float(np.sqrt(np.mean((here[own] - logged) ** 2)) / noise)
        if np.isfinite(r) and (best is None or r > best[0]):
            best = r, int(known.sum()), off
    if best is None:
        return _log(("missing", "segment-log-none"), None, 0, {})
    r, n, off = best
    facts: dict[str, Fact] = {"off": off, "least": LEAST}
    said: Said = ("missing", "segment-log-open")
    if r >= 3 / np.sqrt(n) and r >= LEAST / 2:
        same = off is not None and off <= SAME
        said = ("verified", "segment-log-same") if same else said
        said = said if same else ("consistent", "segment-log-agrees")
    if n >= FEWEST_LOG and r < LEAST - 2 / np.sqrt(n):
        said = ("contradicted", "segment-log-differs")
    return _log(said, r, n, facts)


def _logged(
    logs: Sequence[LogSubject], shift: float
) -> tuple[dict[float, float], dict[float, float], float]:
    """Logged losses without their trend, as they are, and their noise."""
    rest: dict[float, float] = {}
    value: dict[float, float] = {}
    noises = []
    for log in logs:
        curve = log.series.curve("loss").last_pass()
        if log.averaged > 1 or log.every != 1 or len(curve) < FEWEST:
            continue
        steps = (curve.step - shift).tolist()
        rest.update(zip(steps, without_trend(curve.value).tolist(), strict=True))
        value.update(zip(steps, curve.value.tolist(), strict=True))
        late = curve.value[len(curve) // 2 :]
        noises.append(difference_noise(late))
    return rest, value, min(noises, default=0.0)


def _within(
    a: Floats, b: Floats, group: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> float:
    """Correlation of ranks within groups."""
    parts = [group == g for g in np.unique(group)]
    x, y = (np.concatenate([centred_ranks(v[part]) for part in parts]) for v in (a, b))
    scale = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / scale) if scale > 0 else float("nan")


def _log(
    said: Said, value: float | None, n: int, facts: dict[str, Fact]
) -> RecordEvidence:
    return RecordEvidence(
        "segment-log",
        "calibrated",
        said[0],
        "segments",
        said[1],
        statistic="correlation of logged losses with those of the batches",
        value=value,
        threshold=LEAST,
        n=n,
        facts=facts,
    )
