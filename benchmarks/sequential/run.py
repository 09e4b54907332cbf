# SPDX-License-Identifier: Apache-2.0
"""Does looking after every coin, or every layer, keep the level? What does it save?

Writes results.json here, docs/figures/sequential.svg and the tables of
docs/methods/sequential.md.

Usage: python -m benchmarks.sequential.run [--runs N] [--models N] [--bundled N]
[--processes N]
"""

from __future__ import annotations

import argparse
import json
import math
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration.run import PAIRS
from benchmarks.sequential.measure import Floats, bundled, coins, rate, weights
from parentage.run.audit import audit
from parentage.stats.eprocess import crossing_probability
from parentage.stats.rates import clopper_pearson

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PAGE = ROOT / "docs/methods/sequential.md"
LEVELS = (0.1, 0.05, 0.01, 0.001)
TRIALS = 2000
RELATED = (
    ("decoder-a-finetuned", "decoder-a"),
    ("decoder-a-continued", "decoder-a"),
    ("vlm-frozen", "vlm-donor"),
    ("vlm-tuned", "vlm-donor"),
    ("decoder-b", "decoder-a"),
)
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--bundled", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    each = math.ceil(options.bundled / len(PAIRS))
    with ProcessPoolExecutor(options.processes) as pool:
        starts = range(0, options.models, 250)
        jobs = [(s, min(250, options.models - s)) for s in starts]
        drawn = pool.map(weights, jobs)
        real = pool.map(bundled, [(c, r, 0, each) for c, r in PAIRS])
        fair, misused = coins(options.runs, TRIALS, seed=11)
        found = {
            f"fair coins, after each of {TRIALS:,}": fair,
            "random models, after each of 6 layers": np.concatenate(list(drawn)),
            "bundled independent pairs, after each layer": np.concatenate(list(real)),
        }
    results: Row = {
        "levels": list(LEVELS),
        "wealth": {name: _rates(values) for name, values in found.items()},
        "fixed-sample p-value, looked at after each coin": _rates(-misused),
        "exact for fair coins": [
            crossing_probability(TRIALS, -math.log10(a)) for a in LEVELS
        ],
        "exact at 1e-6": crossing_probability(TRIALS, 6.0),
        "related": [_related(*pair) for pair in RELATED],
    }
    _draw(found, -misused)
    (HERE / "results.json").write_text(
        json.dumps(results, indent=1) + "\n", encoding="utf-8"
    )
    write_page(results)


def _rates(values: Floats) -> Row:
    crossed = [round(rate(values, a) * len(values)) for a in LEVELS]
    return {
        "runs": len(values),
        "crossed": crossed,
        "upper": [clopper_pearson(n, len(values))[1] for n in crossed],
    }


def _related(candidate: str, reference: str) -> Row:
    paths = [ROOT / "zoo/models" / name for name in (candidate, reference)]
    options: Row = {"undo_budget": 0, "descent_budget": 0}
    full = audit(paths[0], paths[1:], **options)
    early = audit(paths[0], paths[1:], sequential=True, **options)
    return {
        "candidate": candidate,
        "reference": reference,
        "findings": [m.finding for m in full.modules],
        "same findings": [m.finding for m in full.modules]
        == [m.finding for m in early.modules],
        "bytes": [full.candidate.bytes_read, early.candidate.bytes_read],
        "modules": [
            {
                "module": m.name,
                "layers": [e.details["layers read"], e.details["layers"]],
                "log10 e": e.value,
                "decided": e.details["decided"],
            }
            for m in early.modules
            for e in m.evidence
            if e.method == "sequential"
        ],
    }


def write_page(results: Row) -> None:
    """Put the tables between the markers of the page."""
    names = [f"{a:g}" for a in LEVELS]
    lines = [
        "Share of runs in which a true null was rejected at some look:",
        "",
        f"| what was looked at | runs | {' | '.join(names)} |",
        "|---|---:|" + "---:|" * len(names),
    ]
    rows = dict(results["wealth"])
    last = "fixed-sample p-value, looked at after each coin"
    rows[last] = results[last]
    for name, row in rows.items():
        shares = [f"{n / row['runs']:.4f}" for n in row["crossed"]]
        lines.append(f"| {name} | {row['runs']:,} | {' | '.join(shares)} |")
    exact = [f"{p:.4f}" for p in results["exact for fair coins"]]
    lines.append(f"| fair coins, computed exactly | – | {' | '.join(exact)} |")
    lines += [
        "",
        "At the level of an accusation, 1e-6, the exact chance for "
        f"{TRIALS:,} coins is {results['exact at 1e-6']:.1e}.",
        "",
        "What stopping early saves on bundled pairs (`--undo-budget 0`):",
        "",
        "| candidate | reference | modules with layers | read of the candidate in "
        "full | sequential | same findings |",
        "|---|---|---|---:|---:|---|",
    ]
    for row in results["related"]:
        modules = "; ".join(
            f"{m['module'].replace('_', ' ')}: "
            + (
                f"decided after {m['layers'][0]} of {m['layers'][1]} layers, "
                f"e-value 10^{m['log10 e']:.0f}"
                if m["decided"]
                else "not decided, read in full"
            )
            for m in row["modules"]
        )
        full, early = row["bytes"]
        same = "yes" if row["same findings"] else "no"
        lines.append(
            f"| {row['candidate']} | {row['reference']} | {modules} | "
            f"{full / 1000:,.0f} kB | {early / 1000:,.0f} kB | {same} |"
        )
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- rates -->\n", "<!-- /rates -->\n"
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    PAGE.write_text(
        before + begin + "\n".join(lines) + "\n" + end + after, encoding="utf-8"
    )


def _draw(found: dict[str, Floats], misused: Floats) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "parentage"
    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    levels = np.logspace(0, -4, 200)
    axes.plot(levels, levels, color="0.6", linewidth=1, label="the level itself")
    for (name, values), style in zip(found.items(), ("-", "--", "-."), strict=True):
        shares = [rate(values, a) for a in levels]
        axes.plot(levels, shares, style, linewidth=1.4, label=name)
    shares = [rate(misused, a) for a in levels]
    label = "fixed-sample p-value, misused"
    axes.plot(levels, shares, ":", color="tab:red", label=label)
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(1, 1e-4),
        ylim=(1e-4, 1.3),
        xlabel="level",
        ylabel="runs that ever reject a true null",
    )
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(
        ROOT / "docs/figures/sequential.svg", metadata={"Date": None, "Creator": None}
    )


if __name__ == "__main__":
    main()
