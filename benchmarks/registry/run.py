# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.registry.run``: time and findings against registry size.

Fills registries with 1,000, 10,000 and 100,000 synthetic fingerprints, twenty of which
have a descendant, in SQLite and in a PostgreSQL server of its own, and screens the
twenty and as many strangers against each. Needs about 20 GB of disk in ``--folder``,
which is removed in the end, and half an hour. Filling goes on where it stopped. ::

    python -m benchmarks.registry.run fill      # makes the registries
    python -m benchmarks.registry.run measure   # on a quiet machine
    python -m benchmarks.registry.run misses    # what the search misses, by correlation
    python -m benchmarks.registry.run page      # docs/registry.md and its figure
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from benchmarks.registry.page import write
from benchmarks.registry.planted import DESCENTS, child, parent, stranger
from benchmarks.registry.postgres import new_database, private_server
from benchmarks.registry.synthetic import population, prepared
from parentage.registry.database import reading, writing
from parentage.registry.fingerprint import Fingerprint
from parentage.registry.index import Index
from parentage.registry.search import search
from parentage.registry.sketch import sketch
from parentage.registry.store import Prepared, Registry
from parentage.registry.tables import CONTENTS, FINGERPRINTS
from parentage.run.screen import screen

RESULTS = Path(__file__).parent / "results.json"
SIZES = (1_000, 10_000, 100_000)
BATCH = 500
RHOS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
SHOWN = {"decoder alone": 5, "every fourth layer removed": 12, "embedding alone": 8}


def batch(number: int) -> list[Prepared]:
    return list(population(BATCH, number))


def fill(registry: Registry, size: int, done: int, workers: int) -> int:
    """Fill up to ``size`` fingerprints."""
    if not done:
        registry.add([prepared(parent(n)) for n in range(len(DESCENTS))])
        done = len(DESCENTS)
    numbers = range(done // BATCH, -(-size // BATCH))
    with ProcessPoolExecutor(workers) as pool:
        for items in pool.map(batch, numbers):
            registry.add(items[: size - done])
            done += len(items[: size - done])
    return done


def measure(registry: Registry, folder: Path) -> dict[str, Any]:
    """Screen the twenty descendants and as many strangers."""
    started = time.perf_counter()
    index = Index(registry, folder)
    built = time.perf_counter() - started
    started = time.perf_counter()
    index = Index(registry, folder)
    opened = time.perf_counter() - started
    rows: list[dict[str, Any]] = []
    colds, times, scans = [], [], []
    for number, descent in enumerate(DESCENTS):
        candidate = child(number, descent, 1)
        cold, took, scan, document = once(candidate, registry, index)
        colds.append(cold)
        times.append(took)
        scans.append(scan)
        found = {m.name: m for m in document.modules if accused(m.finding)}
        rows.append(
            {
                "descent": descent.name,
                "shape": candidate.modules[1].layers,
                "correlation": descent.correlation,
                "expected": list(descent.modules),
                "found": {n: m.reference for n, m in found.items()},
                "right": set(found) == set(descent.modules)
                and all(m.reference == f"parent-{number}" for m in found.values()),
                "passed": document.passed,
                "tested": document.tested,
                "seconds": took,
            }
        )
    wrong = 0
    for number in range(len(DESCENTS)):
        cold, took, scan, document = once(stranger(number), registry, index)
        colds.append(cold)
        times.append(took)
        scans.append(scan)
        wrong += any(accused(m.finding) for m in document.modules)
    return {
        "fingerprints": registry.count(),
        "index seconds": built,
        "open seconds": opened,
        "seconds": {
            "median": statistics.median(times),
            "largest": max(times),
            "search": statistics.median(scans),
            "largest of first": max(colds),
        },
        "found": sum(row["right"] for row in rows),
        "strangers accused": wrong,
        "family": document.settings.family,
        "rows": rows,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def accused(word: str) -> bool:
    return word in {"identical", "reused"}


def once(
    candidate: Fingerprint, registry: Registry, index: Index
) -> tuple[float, float, float, Any]:
    """Seconds of a first and a second screening and of the search, and the document."""
    took = []
    for _ in range(2):
        started = time.perf_counter()
        document = screen(candidate, registry, index=index)
        took.append(time.perf_counter() - started)
    started = time.perf_counter()
    search(index, sketch(candidate), nearest=3)
    return took[0], took[1], time.perf_counter() - started, document


def misses(registry: Registry, folder: Path, draws: int) -> list[dict[str, Any]]:
    """How many copies pass the search, and how many are found, by correlation."""
    index = Index(registry, folder)
    rows = []
    for name, number in SHOWN.items():
        descent = DESCENTS[number]
        for rho in RHOS:
            passed = found = 0
            stated: float | None = None
            for draw in range(draws):
                candidate = child(number, descent, 100 + draw, correlation=rho)
                document = screen(candidate, registry, index=index, lineage=False)
                own = [m for m in document.matches if m.name == f"parent-{number}"]
                passed += any(m.passed for m in own)
                named = {
                    m.name for match in own for m in match.modules if accused(m.finding)
                }
                found += set(descent.modules) <= named
                stated = next(
                    m.power.correlation
                    for m in document.modules
                    if m.name == descent.modules[-1]
                )
            rows.append(
                {
                    "descent": name,
                    "correlation": rho,
                    "draws": draws,
                    "passed": passed,
                    "found": found,
                    "stated power": stated,
                }
            )
            print(rows[-1], flush=True)
    return rows


def registry_file(folder: Path, size: int) -> Path:
    return folder / f"registry-{size}.db"


def fill_all(folder: Path, sizes: Sequence[int], workers: int) -> None:
    for size in sizes:
        with Registry(str(registry_file(folder, size))) as registry:
            started = time.perf_counter()
            done = registry.count()
            fill(registry, size, done, workers)
            took = time.perf_counter() - started
            print(f"{size}: {size - done} made in {took:.0f} s", flush=True)


def copied(source: Registry, target: Registry) -> None:
    """The same rows in another database, under the same numbers."""
    tables = (FINGERPRINTS, CONTENTS)
    with reading(source.engine) as old, writing(target.engine) as new:
        for table in tables:
            found = old.execution_options(yield_per=500).execute(select(table))
            for part in found.mappings().partitions():
                new.execute(insert(table), [dict(row) for row in part])


def measure_all(
    folder: Path, sizes: Sequence[int], engines: Sequence[str], data: dict[str, Any]
) -> None:
    with contextlib.ExitStack() as stack:
        server = ""
        if "postgres" in engines:
            server = stack.enter_context(private_server(folder))
        for engine in engines:
            rows: list[dict[str, Any]] = []
            data[engine] = {"sizes": rows}
            for size in sizes:
                url = str(registry_file(folder, size))
                if engine == "postgres":
                    url = new_database(server, f"r{size}")
                    file = str(registry_file(folder, size))
                    with Registry(file) as source, Registry(url) as target:
                        copied(source, target)
                with Registry(url) as registry:
                    row = measure(registry, folder / f"index-{engine}")
                rows.append(row)
                print({k: v for k, v in row.items() if k != "rows"}, flush=True)
                for item in row["rows"]:
                    if not item["right"]:
                        print("   missed:", item, flush=True)
            data[engine]["load"] = os.getloadavg()[0]
            save(data)


def save(data: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(data, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = ("fill", "measure", "misses", "page")
    parser.add_argument("steps", nargs="*", help="all by default: " + ", ".join(steps))
    parser.add_argument("--folder", type=Path, default=Path("build/registry"))
    parser.add_argument("--engines", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = options.steps or steps
    data = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if "fill" in chosen:
        fill_all(options.folder, options.sizes, options.workers)
    if "measure" in chosen:
        measure_all(options.folder, options.sizes, options.engines, data)
    if "misses" in chosen:
        size = options.sizes[-1]
        with Registry(str(registry_file(options.folder, size))) as registry:
            found = misses(registry, options.folder / "index-sqlite", options.draws)
        data["misses"] = {"fingerprints": size, "rows": found}
        save(data)
    if "page" in chosen:
        write(data)
    if not options.steps and not options.keep:
        shutil.rmtree(options.folder)


if __name__ == "__main__":
    main()
