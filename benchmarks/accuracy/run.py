# SPDX-License-Identifier: Apache-2.0
"""The accuracy benchmark: every pair of the full zoo, ours and the baselines.

Resumable: measured pairs are kept, one JSON line each, beside the models. Writes
results.json here, and docs/benchmark.md with its figures.

Usage: python -m benchmarks.accuracy.run [--processes N] [--limit N] [--again]
       python -m benchmarks.accuracy.run --confirm REPLICA
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from zoo.full.spec import cache

from benchmarks.accuracy import page
from benchmarks.accuracy.baselines import modeldna
from benchmarks.accuracy.cases import full_cases
from benchmarks.accuracy.measure import Case, Measured, measure
from benchmarks.accuracy.summary import summarise
from parentage import __version__

HERE = Path(__file__).resolve().parent
CONFIRMED = HERE / "confirmation.json"


def measured(
    cases: Sequence[Case], kept: Path, processes: int, *, again: bool
) -> list[Measured]:
    """Measure what is not measured yet; every finished pair is kept at once.

    Args:
        cases: the pairs.
        kept: file of finished pairs, one JSON line each.
        processes: how many at a time.
        again: audit finished pairs again; the baselines do not change with our code.
    """
    rows: dict[tuple[str, str], Measured] = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            row = Measured(**json.loads(line))
            rows[row.candidate, row.reference] = row
    todo = [c for c in cases if c.names not in rows]
    random.Random(0).shuffle(todo)
    kept.parent.mkdir(parents=True, exist_ok=True)
    tools = kept.parent
    modeldna.install(tools / "modeldna-venv")
    job = partial(measure, tool_cache=tools)
    with ProcessPoolExecutor(processes) as pool, kept.open("a") as out:
        for row in pool.map(job, todo, chunksize=4):
            out.write(json.dumps(row.to_json()) + "\n")
            out.flush()
            rows[row.candidate, row.reference] = row
            if len(rows) % 50 == 0:
                print(f"{len(rows)} of {len(cases)} pairs", flush=True)
    if again:
        with ProcessPoolExecutor(processes) as pool:
            ours = pool.map(partial(measure, baselines=False), cases, chunksize=8)
            for new in ours:
                old = rows[new.candidate, new.reference]
                new.baselines, new.modeldna = old.baselines, old.modeldna
                new.baseline_seconds = old.baseline_seconds
                rows[new.candidate, new.reference] = new
    return [rows[c.names] for c in cases]


def document(rows: Sequence[Measured]) -> dict[str, Any]:
    """Results with everything needed to run them again."""
    return {
        "command": "make zoo-full bench",
        "versions": {
            "parentage": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        **summarise(rows),
    }


def confirm(replica: int, processes: int) -> None:
    """Our own rates on a replica of the zoo, all pairs, nothing chosen on any."""
    with ProcessPoolExecutor(processes) as pool:
        job = partial(measure, baselines=False)
        rows = list(pool.map(job, full_cases(replica), chunksize=8))
    for row in rows:
        row.split = "held-back"
    result = document(rows) | {
        "command": f"python -m zoo.full.build --replica {replica} && "
        f"python -m benchmarks.accuracy.run --confirm {replica}"
    }
    for name in ("baselines", "modeldna"):
        del result[name]
    CONFIRMED.write_text(json.dumps(result, indent=1) + "\n")
    page.write(json.loads((HERE / "results.json").read_text()))


def main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--again", action="store_true", help="audit all pairs again")
    parser.add_argument("--confirm", type=int, help="number of a replica of the zoo")
    options = parser.parse_args()
    if options.confirm:
        confirm(options.confirm, options.processes)
        return
    cases = full_cases()[: options.limit]
    kept = cache().with_name("accuracy-pairs.jsonl")
    rows = measured(cases, kept, options.processes, again=options.again)
    result = document(rows)
    (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n")
    page.write(result)


if __name__ == "__main__":
    main()
