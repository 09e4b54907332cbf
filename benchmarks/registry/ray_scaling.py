# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.registry.ray_scaling``: 200 screenings, one process and Ray.

All runs are of one call, on one registry whose index is made beforehand, and must give
the same documents. What one process does first is measured again at the end, so that a
machine that was busy for a while is noticed. Writes results.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does

from pathlib import Path
from typing import Any

from benchmarks.registry.planted import DESCENTS, child, parent, stranger
from benchmarks.registry.run import RESULTS, save
from benchmarks.registry.synthetic import population, prepared
from parentage.registry.store import Registry
from parentage.run.batch import screens
from parentage.run.executor import Executor, executor_of
from parentage.run.fingerprint import write_fingerprint

VOLATILE = {"created", "seconds"}


def candidates(folder: Path, count: int) -> list[str]:
    """Files of fingerprints: descendants of registered models, and strangers."""
    paths = []
    for number in range(count):
        at = number // 2 % len(DESCENTS)
        made = child(at, DESCENTS[at], number) if number % 2 else stranger(number)
        path = folder / f"candidate-{number}"
        write_fingerprint(made, path)
        paths.append(str(path))
    return paths


def timed(
    models: list[str], registry: str, index: Path, executor: Executor
) -> tuple[float, float, str]:
    """Seconds in all, seconds until the first result, and the documents as text."""
    first: list[float] = []
    started = time.perf_counter()

    def progress(*_: object) -> None:
        first.append(time.perf_counter() - started)

    documents = screens(models, registry, executor, index=index, progress=progress)[1]
    took = time.perf_counter() - started
    plain = [
        {k: v for k, v in (d or {}).items() if k not in VOLATILE} for d in documents
    ]
    return took, first[0], json.dumps(plain, sort_keys=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--registered", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="parentage-ray-") as name:
        folder = Path(name)
        models = candidates(folder, options.models)
        url, index = str(folder / "registry.db"), folder / "index"
        with Registry(url) as registry:
            registry.add([prepared(parent(n)) for n in range(len(DESCENTS))])
            registry.add(population(options.registered - len(DESCENTS), 1))
        timed(models[:2], url, index, executor_of("local", workers=1))
        said = ""
        for engine, workers in (("local", 1), ("ray", options.workers), ("local", 1)):
            took, first, documents = timed(
                models, url, index, executor_of(engine, workers=workers)
            )
            said = said or documents
            assert documents == said, f"{engine}: other documents"
            label = "one process" if engine == "local" else "Ray"
            rows.append(
                {"engine": label, "workers": workers, "seconds": took, "first": first}
            )
            print(rows[-1], flush=True)
    alone = (rows[0]["seconds"] + rows[2]["seconds"]) / 2
    each = alone / options.models
    for row in rows:
        row["ratio"] = alone / row["seconds"]
        # From the first results on, which the workers bring at about the same time.
        left = options.models - row["workers"]
        row["ratio warm"] = each * left / (row["seconds"] - row["first"])
    data = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    data["ray"] = {
        "models": options.models,
        "registered": options.registered,
        "cores": os.cpu_count(),
        "load": load,
        "rows": rows,
    }
    save(data)


if __name__ == "__main__":
    main()
