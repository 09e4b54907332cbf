# SPDX-License-Identifier: Apache-2.0
"""Are the exact p-values what they say? Measured on independent bundled models.

Every ordered pair of independent models of one architecture is compared over many
random relabellings of the candidate, each of which is as likely under the null
hypothesis as the model itself. For every test the share of p-values at or below each
level must not exceed the level (stochastic dominance); no audit may accuse.

Writes results.json here and docs/figures/calibration.svg.

Usage: python -m benchmarks.calibration.run [--comparisons N] [--processes N]
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from parentage.run.audit import gather
from parentage.testing.memory import MemoryCheckpoint, load
from parentage.testing.relabel import relabel
from parentage.verdict.finding import Criteria
from parentage.verdict.judge import judge

ROOT = Path(__file__).resolve().parents[2]
PAIRS = (
    ("decoder-b", "decoder-a"),
    ("decoder-a", "decoder-b"),
    ("decoder-a-finetuned", "decoder-b"),
    ("decoder-a-continued", "decoder-b"),
    ("moe-b", "moe-a"),
    ("moe-a", "moe-b"),
    ("vlm-cured", "vlm-donor"),
    ("vlm-donor", "vlm-cured"),
)
LEVELS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5)
BUDGET = 10**9

Row = tuple[list[tuple[str, float]], list[str]]


def one(job: tuple[str, str, int, int]) -> list[Row]:
    """p-values and findings of some relabellings of one pair."""
    candidate, reference, first, count = job
    own = load(ROOT / "zoo/models" / candidate)
    other = load(ROOT / "zoo/models" / reference).opened(reference)
    rows: list[Row] = []
    for seed in range(first, first + count):
        rng = np.random.default_rng([seed, *map(ord, candidate + reference)])
        drawn: MemoryCheckpoint = relabel(own, rng)
        evidence, _ = gather(drawn.opened(candidate), [other], budget=BUDGET, seed=seed)
        ps = [
            (e.method, e.log10_p)
            for item in evidence
            for e in item.evidence
            if e.log10_p is not None
        ]
        rows.append((ps, [f.word for f in judge(evidence, Criteria())]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--comparisons", type=int, default=2400)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    each = math.ceil(options.comparisons / len(PAIRS))
    jobs = [
        (c, r, first, min(25, each - first))
        for c, r in PAIRS
        for first in range(0, each, 25)
    ]
    values: dict[str, list[float]] = defaultdict(list)
    words: dict[str, int] = defaultdict(int)
    comparisons = 0
    with ProcessPoolExecutor(options.processes) as pool:
        for rows in pool.map(one, jobs):
            for ps, found in rows:
                comparisons += 1
                for method, p in ps:
                    values[method].append(p)
                for word in found:
                    words[word] += 1
    result = {
        "comparisons": comparisons,
        "pairs": [" against ".join(pair) for pair in PAIRS],
        "findings": dict(words),
        "accusations": words["identical"] + words["reused"],
        "tests": {m: summary(np.array(v)) for m, v in sorted(values.items())},
    }
    (Path(__file__).parent / "results.json").write_text(
        json.dumps(result, indent=2) + "\n"
    )
    figure({m: np.array(v) for m, v in sorted(values.items())})
    print(json.dumps(result, indent=2))


def summary(log10_ps: np.ndarray) -> dict[str, object]:
    """Share of p-values at or below each level, and the largest excess over it.

    The excess is the one-sided Kolmogorov-Smirnov distance above the diagonal; its
    p-value is the exact one-sided bound ``exp(-2 n D^2)`` (Massart 1990).
    """
    p = np.sort(10.0**log10_ps)
    n = len(p)
    excess = float(max(0.0, (np.arange(1, n + 1) / n - p).max()))
    return {
        "n": n,
        "share_at_or_below": {str(a): float((p <= a).mean()) for a in LEVELS},
        "largest_excess": excess,
        "p_of_excess": float(min(1.0, math.exp(-2 * n * excess**2))),
        "smallest_p": float(p[0]),
    }


def figure(values: dict[str, np.ndarray]) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "parentage"
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(figsize=(6, 6), layout="constrained")
    for method, log10_ps in values.items():
        p = np.sort(10.0**log10_ps)
        share = np.arange(1, len(p) + 1) / len(p)
        axes.step(p, share, where="post", label=f"{method} (n = {len(p)})")
    axes.plot([1e-4, 1], [1e-4, 1], color="black", linestyle=":", label="uniform")
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(1e-4, 1),
        ylim=(1e-4, 1.1),
        xlabel="p-value",
        ylabel="share of independent comparisons at or below",
    )
    axes.legend(fontsize=8)
    target = ROOT / "docs/figures/calibration.svg"
    target.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
