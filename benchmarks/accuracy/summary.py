# SPDX-License-Identifier: Apache-2.0
"""From measured pairs to rates, with bounds, and baselines on equal terms.

A baseline gets the threshold that would have accused no independent pair of the
``choose`` split, so that all methods are compared at the same demand; its rates are
then those of the held-back pairs, which no choice has seen.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.stats import beta

from benchmarks.accuracy.baselines import BASELINES
from benchmarks.accuracy.measure import Measured
from parentage.verdict.finding import ACCUSING

CONFIDENCE = 0.95


def upper_bound(events: int, trials: int) -> float:
    """One-sided Clopper-Pearson upper bound of a rate."""
    if trials == 0 or events == trials:
        return 1.0
    return float(beta.ppf(CONFIDENCE, events + 1, trials - events))


def rate(events: int, trials: int) -> dict[str, float | int]:
    """A rate with its count and bound."""
    return {
        "events": events,
        "trials": trials,
        "rate": events / trials if trials else math.nan,
        "upper_bound": upper_bound(events, trials),
    }


def summarise(rows: Sequence[Measured]) -> dict[str, Any]:
    """All tables of the benchmark."""
    splits = {
        split: [r for r in rows if r.split == split]
        for split in ("choose", "held-back")
    }
    return {
        "pairs": {split: _counts(part) for split, part in splits.items()},
        "false_accusations": {s: _false(part) for s, part in splits.items()},
        "false_correspondence": {
            s: _false(part, {"correspondence"}) for s, part in splits.items()
        },
        "same_seed": [
            {"candidate": r.candidate, "reference": r.reference, "findings": r.findings}
            for r in rows
            if r.label == "same-seed"
        ],
        "detection": {s: _detection(part) for s, part in splits.items()},
        "misses": _misses(rows),
        "modules": {s: _modules(part) for s, part in splits.items()},
        "layers": {s: _layers(part) for s, part in splits.items()},
        "p_values": _p_values(_independent(rows)),
        "bytes_read": int(np.median([r.bytes_read for r in rows])) if rows else 0,
        "median_seconds": float(np.median([r.seconds for r in rows])) if rows else 0.0,
        "baselines": _baselines(splits["choose"], splits["held-back"]),
        "modeldna": {s: _modeldna(part) for s, part in splits.items()},
    }


def _independent(rows: Iterable[Measured]) -> list[Measured]:
    return [r for r in rows if r.label == "independent"]


def _counts(rows: Sequence[Measured]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for r in rows:
        found[r.label] += 1
    return dict(sorted(found.items()))


def _false(rows: Sequence[Measured], words: Iterable[str] = ACCUSING) -> dict[str, Any]:
    words = set(words)
    independent = _independent(rows)
    bad = [r for r in independent if words & set(r.findings.values())]
    return {
        **rate(len(bad), len(independent)),
        "pairs": [f"{r.candidate} against {r.reference}" for r in bad],
    }


def _detection(rows: Sequence[Measured]) -> dict[str, Any]:
    """Share of descendants of which anything is accused, by kind."""
    kinds: dict[str, list[Measured]] = defaultdict(list)
    for r in rows:
        if r.label == "descendant":
            kinds[r.kind].append(r)
    return {
        kind: {
            "honest": all(r.honest for r in part),
            "found": sum(bool(r.accused) for r in part),
            "pairs": len(part),
        }
        for kind, part in sorted(kinds.items())
    }


def _misses(rows: Sequence[Measured]) -> list[dict[str, Any]]:
    """Honest descendants of which a reused module was not named."""
    found = []
    for r in rows:
        if r.label != "descendant" or not r.honest:
            continue
        lost = [
            m
            for m, truth in r.truth.items()
            if truth in ACCUSING and r.findings.get(m) not in ACCUSING
        ]
        if lost:
            found.append(
                {
                    "candidate": r.candidate,
                    "reference": r.reference,
                    "kind": r.kind,
                    "modules": {m: r.findings.get(m, "absent") for m in lost},
                    "anything_found": bool(r.accused),
                }
            )
    return found


def _modules(rows: Sequence[Measured]) -> dict[str, Any]:
    """Precision and recall of named modules, over honest descendants."""
    hit = named = true = 0
    wrong = []
    for r in rows:
        if r.label != "descendant" or not r.honest:
            continue
        want = {m for m, truth in r.truth.items() if truth in ACCUSING}
        got = set(r.accused)
        hit, named, true = hit + len(want & got), named + len(got), true + len(want)
        if got - want:
            wrong.append(f"{r.candidate} against {r.reference}: {sorted(got - want)}")
    return {
        "precision": hit / named if named else math.nan,
        "recall": hit / true if true else math.nan,
        "named": named,
        "true": true,
        "wrongly_named": wrong,
    }


def _layers(rows: Sequence[Measured]) -> dict[str, Any]:
    """Precision and recall of (block, layer, reference layer), honest descendants."""
    hit = named = true = 0
    by_kind: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for r in rows:
        if r.label != "descendant" or not r.honest or r.layers_truth is None:
            continue
        want = {tuple(c) for c in r.layers_truth}
        got = {tuple(c) for c in r.layers_found}
        for i, n in enumerate((len(want & got), len(got), len(want))):
            by_kind[r.kind][i] += n
        hit, named, true = hit + len(want & got), named + len(got), true + len(want)
    return {
        "precision": hit / named if named else math.nan,
        "recall": hit / true if true else math.nan,
        "cells": true,
        "by_kind": {
            kind: {
                "precision": h / n if n else math.nan,
                "recall": h / t if t else math.nan,
            }
            for kind, (h, n, t) in sorted(by_kind.items())
        },
    }


def _p_values(rows: Sequence[Measured]) -> dict[str, Any]:
    """Smallest p of each test over independent pairs (a minimum over modules)."""
    values: dict[str, list[float]] = defaultdict(list)
    for r in rows:
        for method, p in r.log10_p.items():
            values[method].append(p)
    return {
        method: {
            "n": len(v),
            "share_at_or_below": {
                str(a): float(np.mean(10.0 ** np.array(v) <= a))
                for a in (0.001, 0.01, 0.05)
            },
            "smallest_log10_p": float(min(v)),
        }
        for method, v in sorted(values.items())
    }


def _baselines(choose: Sequence[Measured], held: Sequence[Measured]) -> dict[str, Any]:
    return {name: _baseline(name, choose, held) for name in BASELINES}


def _modeldna(rows: Sequence[Measured]) -> dict[str, Any]:
    """The tool's own verdicts: it names a parent, abstains, or clears."""
    asked = [r for r in rows if r.modeldna is not None]
    independent = [r.modeldna for r in _independent(asked) if r.modeldna]
    detection: dict[str, dict[str, int]] = {}
    for r in asked:
        if r.label != "descendant" or r.modeldna is None:
            continue
        row = detection.setdefault(r.kind, {"found": 0, "unsure": 0, "pairs": 0})
        row["found"] += bool(r.modeldna["related"])
        row["unsure"] += bool(r.modeldna["unsure"])
        row["pairs"] += 1
    return {
        "false_accusations": rate(
            sum(bool(m["related"]) for m in independent), len(independent)
        ),
        "unsure_on_independent": rate(
            sum(bool(m["unsure"]) for m in independent), len(independent)
        ),
        "detection": dict(sorted(detection.items())),
    }


def _scores(rows: Iterable[Measured], name: str) -> list[float]:
    found = [r.baselines.get(name) for r in rows]
    return [v for v in found if v is not None and math.isfinite(v)]


def _baseline(
    name: str, choose: Sequence[Measured], held: Sequence[Measured]
) -> dict[str, Any]:
    """Threshold from the choose split; rates on the held-back one."""
    null = _scores(_independent(choose), name)
    if not null:
        return {"reason": "no independent pair could be scored"}
    threshold = max(null)
    against = _scores(_independent(held), name)
    false = sum(v > threshold for v in against)
    detection = {}
    related: list[float] = []
    for kind in sorted({r.kind for r in held if r.label == "descendant"}):
        part = [r for r in held if r.label == "descendant" and r.kind == kind]
        scores = _scores(part, name)
        related += scores
        detection[kind] = {
            "found": sum(v > threshold for v in scores),
            "scored": len(scores),
            "pairs": len(part),
        }
    return {
        "title": BASELINES[name].title,
        "paper": BASELINES[name].paper,
        "threshold": threshold,
        "published_threshold": BASELINES[name].threshold,
        "independent_median": float(np.median(against)) if against else math.nan,
        "independent_largest": float(max(against)) if against else math.nan,
        "false_accusations": rate(false, len(against)),
        "auc": _auc(related, against),
        "detection": detection,
    }


def _auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Chance that a descendant scores above an independent pair."""
    if not positive or not negative:
        return math.nan
    order = np.sort(np.array(negative))
    p = np.array(positive)
    below = np.searchsorted(order, p, side="left")
    ties = np.searchsorted(order, p, side="right") - below
    return float((below + ties / 2).mean() / len(order))
