# SPDX-License-Identifier: Apache-2.0
"""Scores of claimable statistics on all pairs of the full zoo, and the shipped table.

Writes results.json here and src/parentage/verdict/claim_rates.json. No cut is chosen
on these pairs, so they are not split.

Usage: python -m benchmarks.claims.run [--table]   (--table: only the shipped table)
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.cases import full_cases
from benchmarks.claims.measure import scores, tensors
from parentage import __version__
from parentage.verdict.claim_rates import SCHEMA

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
ACCURACY = HERE.parent / "accuracy" / "results.json"
SHIPPED = HERE.parents[1] / "src" / "parentage" / "verdict" / "claim_rates.json"

DIGITS = 5
"""Significant digits of a score that are kept; claims print four to six."""


def measure() -> dict[str, Any]:
    """Scores of every independent pair and of every descendant with its ancestors."""
    found: dict[str, dict[str, list[float]]] = {}
    pairs: dict[str, int] = {}
    for case in full_cases():
        if case.label not in {"independent", "descendant"}:
            continue
        label = "related" if case.label == "descendant" else "independent"
        pairs[label] = pairs.get(label, 0) + 1
        pair = scores(tensors(case.candidate), tensors(case.reference))
        for name, value in pair.items():
            row = found.setdefault(name, {"independent": [], "related": []})
            row[label].append(float(f"{value:.{DIGITS}g}"))
    return {
        "command": "make zoo-full && python -m benchmarks.claims.run",
        "versions": {
            "parentage": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "pairs": pairs,
        "scores": {
            name: {label: sorted(values) for label, values in row.items()}
            for name, row in sorted(found.items())
        },
    }


def shipped(accuracy: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """The table that the package ships, from both committed results."""
    return {
        "schema": SCHEMA,
        "comment": "Written by python -m benchmarks.claims.run; see docs/claims.md.",
        "pairs": claims["pairs"],
        "baselines": {
            name: {
                "title": row["title"],
                "threshold": row["threshold"],
                "events": row["false_accusations"]["events"],
                "trials": row["false_accusations"]["trials"],
                "median": row["independent_median"],
                "largest": row["independent_largest"],
                "found": sum(k["found"] for k in row["detection"].values()),
                "scored": sum(k["scored"] for k in row["detection"].values()),
            }
            for name, row in accuracy["baselines"].items()
        },
        "scores": claims["scores"],
    }


def text(table: dict[str, Any]) -> str:
    """A table as it is stored: one line for each list of scores."""
    plain = json.dumps(table, indent=1)
    lines: list[str] = []
    inside = False
    for line in plain.splitlines():
        if inside:
            lines[-1] += line.strip() + (" " if line.endswith(",") else "")
            inside = not line.strip().startswith("]")
        else:
            lines.append(line)
            inside = line.endswith("[")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="store_true", help="only the shipped table")
    if not parser.parse_args().table:
        RESULTS.write_text(text(measure()))
    claims = json.loads(RESULTS.read_text())
    SHIPPED.write_text(text(shipped(json.loads(ACCURACY.read_text()), claims)))


if __name__ == "__main__":
    main()
