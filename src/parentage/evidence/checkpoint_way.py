# SPDX-License-Identifier: Apache-2.0
"""The way of the weights as such: order, halts, straight lines, single matrices.

These rest on distances and correlations, not on exact tests; their thresholds were
measured on honest runs and on tampered ones (docs/training-records.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from parentage.evidence.checkpoint_chain import NEIGHBOUR, RELATIVE
from parentage.evidence.checkpoint_path import Path, correlations, distances, turns
from parentage.evidence.record import Fact, RecordEvidence, Said

STRAIGHT: Final = 0.99
"""Cosine between successive moves of a module that no training reaches twice in a row.
The largest pair of honest runs has 0.93 (an output layer, whose mean drifts)."""

ORDER: Final = 1.25
"""How much further a point may be from a nearer one in time than from a farther one."""

UNRELATED: Final = 0.1
"""Element correlation of one matrix between neighbours below which it was replaced.
The least of honest runs is 0.24 (an output layer over its first hundred steps)."""

ELEMENTS: Final = 1000
"""Elements that a matrix must have: chance then stays within 0.1 (three deviations)."""


def order_evidence(path: Path) -> RecordEvidence:
    """Is each point nearer to its neighbours in time than to points further off?

    Args:
        path: step 0 and checkpoints. The released weights are left out: they are the
            last point once more.
    """
    n = len(path.labels)
    if n < 3 or not path.modules:
        return RecordEvidence(
            "chain-order", "calibrated", "missing", "checkpoints", "order-short"
        )
    gram = path.gram()
    far, effects = distances(gram), correlations(gram)
    floor = 1e-6 * math.sqrt(float(np.diag(gram).max(initial=0.0)))
    worst, where = 0.0, (0, 1, 2)
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j + 1, n):
                near = max(far[i, j], far[j, k])
                ratio = near / max(far[i, k], floor) if near > floor else 0.0
                if ratio > worst:
                    worst, where = float(ratio), (i, j, k)
    first = effects[0]
    facts: dict[str, Fact] = {
        "first": path.labels[where[0]],
        "middle": path.labels[where[1]],
        "last": path.labels[where[2]],
        "from": float(first[1]),
        "to": float(first[-1]),
    }
    bad = worst > ORDER
    return RecordEvidence(
        "chain-order",
        "calibrated",
        "contradicted" if bad else "consistent",
        "checkpoints",
        "order-wrong" if bad else "order-agrees",
        statistic="largest distance to a nearer point over that to a farther one",
        value=worst,
        threshold=ORDER,
        n=n,
        facts=facts,
        items=tuple(
            {"point": label, "effect": float(e)}
            for label, e in zip(path.labels, first, strict=True)
        ),
    )


def line_evidence(path: Path) -> RecordEvidence:
    """Do points lie on a straight line, as those between two models that are mixed?

    Args:
        path: step 0 and checkpoints, at least four points.
    """
    best, where = -math.inf, ("", 0)
    rows: list[dict[str, Fact]] = []
    for module in path.modules:
        found = turns(path.grams[module])
        pairs = [min(a, b) for a, b in pairwise(found)]
        for i, value in enumerate(pairs):
            if not math.isnan(value) and value > best:
                best, where = float(value), (module, i)
        known = found[~np.isnan(found)]
        if len(known):
            rows.append({"module": module, "largest": float(known.max())})
    if best == -math.inf:
        return RecordEvidence(
            "chain-lines", "calibrated", "missing", "checkpoints", "lines-short"
        )
    module, i = where
    bad = best > STRAIGHT
    return RecordEvidence(
        "chain-lines",
        "calibrated",
        "contradicted" if bad else "consistent",
        "checkpoints",
        "lines-found" if bad else "lines-none",
        statistic="cosine between successive moves, smaller of two in a row",
        value=best,
        threshold=STRAIGHT,
        n=len(path.labels),
        facts={
            "module": module,
            "first": path.labels[i],
            "last": path.labels[min(i + 3, len(path.labels) - 1)],
        },
        items=tuple(rows),
    )


def tensor_evidence(
    path: Path, sums: Sequence[float | None]
) -> tuple[list[RecordEvidence], str | None]:
    """Was a single matrix replaced between two neighbours?

    Exact tests speak of modules; a module of which one part was replaced still links.

    Args:
        path: step 0, checkpoints and the released weights.
        sums: for each pair of neighbours the sum of learning rates, if known.

    Returns:
        The evidence, and the first matrix that the end has from elsewhere.
    """
    n = len(path.labels)
    rows: list[tuple[float, float, int, str]] = []
    for strand in path.strands:
        if not strand.is_matrix or strand.values[0].size < ELEMENTS:
            continue
        flat = strand.values.reshape(n, -1).astype(np.float64)
        flat = flat - flat.mean(1, keepdims=True)
        effects = [
            float(correlations(flat[i : i + 2] @ flat[i : i + 2].T)[0, 1])
            for i in range(n - 1)
        ]
        for i, effect in enumerate(effects):
            moved, std = sums[i], float(flat[i].std())
            near = moved is not None and std > 0 and moved / std <= RELATIVE
            others = [e for j, e in enumerate(effects) if j != i]
            # Chance has no such neighbours on both sides, nor has far training.
            settled = near or (bool(others) and min(others) >= NEIGHBOUR)
            rows.append((effect, float(settled), i, strand.name))
    if not rows:
        return [
            RecordEvidence(
                "chain-tensors", "calibrated", "missing", "checkpoints", "tensors-none"
            )
        ], None
    rows.sort()
    bad = [r for r in rows if r[0] < UNRELATED and r[1]]
    open_ = [r for r in rows if r[0] < UNRELATED and not r[1]]
    effect, _, i, name = (bad or open_ or rows)[0]
    said: Said = ("consistent", "tensors-agree")
    if bad:
        said = ("contradicted", "tensors-replaced")
    elif open_:
        said = ("missing", "tensors-far")
    facts: dict[str, Fact] = {
        "tensor": name,
        "earlier": path.labels[i],
        "later": path.labels[i + 1],
        "replaced": len({r[3] for r in bad}),
    }
    last = [r[3] for r in bad if r[2] == n - 2]
    return [
        RecordEvidence(
            "chain-tensors",
            "calibrated",
            said[0],
            f"{path.labels[i]} to {path.labels[i + 1]}",
            said[1],
            statistic="least element correlation of a matrix between neighbours",
            value=effect,
            threshold=UNRELATED,
            n=len(rows),
            facts=facts,
            items=tuple(
                {
                    "tensor": r[3],
                    "earlier": path.labels[r[2]],
                    "later": path.labels[r[2] + 1],
                    "effect": r[0],
                }
                for r in rows[:12]
            ),
        )
    ], (last[0] if last else None)


def still_evidence(
    path: Path, rates: Mapping[tuple[int, int], float | None]
) -> list[RecordEvidence]:
    """Points that are the same weights although steps lie between them.

    Args:
        path: step 0 and checkpoints.
        rates: for each pair of neighbours the sum of learning rates, if known.
    """
    found = []
    for i in range(len(path.labels) - 1):
        same = bool(path.strands) and all(
            np.array_equal(s.values[i], s.values[i + 1]) for s in path.strands
        )
        moved = rates.get((i, i + 1))
        if same and moved != 0.0:
            found.append(
                RecordEvidence(
                    "chain-order",
                    "exact",
                    "contradicted",
                    f"{path.labels[i]} to {path.labels[i + 1]}",
                    "order-still",
                    facts={"earlier": path.labels[i], "later": path.labels[i + 1]},
                )
            )
    return found
