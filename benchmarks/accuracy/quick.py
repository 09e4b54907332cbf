# SPDX-License-Identifier: Apache-2.0
"""The reduced benchmark for CI: fails when a rate gets worse than the committed one.

The reduced set is made in seconds from the bundled models, without torch. Usage:
python -m benchmarks.accuracy.quick [--accept]  (writes quick.json)
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.accuracy.cases import quick_cases
from benchmarks.accuracy.measure import measure
from benchmarks.accuracy.summary import summarise

COMMITTED = Path(__file__).parent / "quick.json"
ROOM = 1e-9


def rates(processes: int = 2) -> dict[str, float]:
    """Every rate of the reduced set by name; those that end in ``!`` must not rise."""
    with tempfile.TemporaryDirectory() as folder:
        cases = quick_cases(Path(folder))
        with ProcessPoolExecutor(processes) as pool:
            rows = list(pool.map(measure, cases, chunksize=4))
    return dict(_flat(summarise(rows)))


def _flat(summary: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for split in ("choose", "held-back"):
        for what in ("false_accusations", "false_correspondence"):
            yield f"{split}: {what}!", summary[what][split]["events"]
        for kind, row in summary["detection"][split].items():
            yield f"{split}: found, {kind}", row["found"] / row["pairs"]
        for what in ("modules", "layers"):
            for rate in ("precision", "recall"):
                yield f"{split}: {what}, {rate}", summary[what][split][rate]
    for name, row in summary["baselines"].items():
        if "auc" in row:
            # Not ours to keep good, but a baseline must not change unnoticed.
            yield f"baseline AUC, {name}", row["auc"]


def worse(new: dict[str, float], old: dict[str, float]) -> list[str]:
    """What got worse, in words; a rate that vanished counts too."""
    found = []
    for name, before in old.items():
        now = new.get(name)
        if now is None:
            found.append(f"{name}: {before:g}, now missing")
        elif (now > before + ROOM) if name.endswith("!") else (now < before - ROOM):
            found.append(f"{name}: {before:g}, now {now:g}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accept", action="store_true", help="commit these rates")
    new = rates()
    if parser.parse_args().accept:
        COMMITTED.write_text(json.dumps(new, indent=1) + "\n")
        print(f"{len(new)} rates written")
        return
    found = worse(new, json.loads(COMMITTED.read_text()))
    print("\n".join(found) if found else f"{len(new)} rates, none worse")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
