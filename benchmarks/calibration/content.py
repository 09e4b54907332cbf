# SPDX-License-Identifier: Apache-2.0
"""How close do tensors of unknown role come by chance? Measured on the full zoo.

Every pair of the zoo is searched as if no tensor of the candidate had a known role.
For independent pairs the largest correlation must stay below the level from which the
report speaks of a correspondence; for descendants the share found says what the
search is worth.

Writes content.json here.

Usage: make zoo-full && python -m benchmarks.calibration.content
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from benchmarks.accuracy.cases import full_cases
from benchmarks.accuracy.measure import Case
from benchmarks.accuracy.summary import upper_bound
from parentage.model.description import Stored
from parentage.run.audit import DEFAULT_BUDGET, open_model
from parentage.run.content import CLOSE, compare_unrecognised

RESULTS = Path(__file__).parent / "content.json"


def one(case: Case) -> tuple[str, str, float] | None:
    """(label, what was done, largest correlation) of a pair."""
    own, other = open_model(case.candidate), open_model(case.reference)
    with own.checkpoint, other.checkpoint:
        stored = tuple(
            Stored(e.name, e.dtype, e.shape) for e in own.checkpoint.entries.values()
        )
        found = compare_unrecognised(
            own.checkpoint,
            replace(own.model, unrecognised=stored),
            other.checkpoint,
            budget=DEFAULT_BUDGET,
        )
    if found is None or found.effect is None:
        return None
    return case.label, case.kind or case.label, found.effect


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    largest: dict[str, list[float]] = defaultdict(list)
    kinds: dict[str, list[float]] = defaultdict(list)
    with ProcessPoolExecutor(options.processes) as pool:
        for row in pool.map(one, full_cases(), chunksize=16):
            if row is not None:
                largest[row[0]].append(row[2])
                if row[0] == "descendant":
                    kinds[row[1]].append(row[2])
    independent = largest["independent"]
    events = sum(x >= CLOSE for x in independent)
    result = {
        "command": "make zoo-full && python -m benchmarks.calibration.content",
        "level": CLOSE,
        "independent": {
            "pairs": len(independent),
            "at or above the level": events,
            "upper bound": upper_bound(events, len(independent)),
            "largest": max(independent),
        },
        "descendants": {
            kind: {
                "pairs": len(values),
                "at or above the level": sum(x >= CLOSE for x in values),
                "smallest": min(values),
            }
            for kind, values in sorted(kinds.items())
        },
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
