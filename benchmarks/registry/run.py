# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks.registry.run``: time and findings against registry size.

Fills a registry with synthetic fingerprints, twenty of which have a descendant, and at
1,000, 10,000 and 100,000 of them screens the twenty and as many strangers. Needs about
8 GB of disk in ``--folder``, which is removed in the end, and a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.registry.planted import DESCENTS, child, parent, stranger
from benchmarks.registry.synthetic import population, prepared
from parentage.registry.fingerprint import Fingerprint
from parentage.registry.index import Index
from parentage.registry.search import search
from parentage.registry.sketch import sketch
from parentage.registry.store import Prepared, Registry
from parentage.run.screen import screen

HERE = Path(__file__).parent
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
    rows, times, scans = [], [], []
    for number, descent in enumerate(DESCENTS):
        candidate = child(number, descent, 1)
        took, scan, document = once(candidate, registry, index)
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
                "seconds": took,
            }
        )
    wrong = 0
    for number in range(len(DESCENTS)):
        took, scan, document = once(stranger(number), registry, index)
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
) -> tuple[float, float, Any]:
    """The second of two screenings: seconds of all and of the search, document."""
    for _ in range(2):
        started = time.perf_counter()
        document = screen(candidate, registry, index=index)
        took = time.perf_counter() - started
    started = time.perf_counter()
    search(index, sketch(candidate), nearest=3)
    return took, time.perf_counter() - started, document


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
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/registry"))
    parser.add_argument("--url", help="a database; SQLite in the folder by default")
    parser.add_argument("--key", default="sqlite", help="name of the results")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--draws", type=int, default=20, help="0: no miss rates")
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    results = HERE / "results.json"
    data = json.loads(results.read_text()) if results.exists() else {}
    sizes: list[dict[str, Any]] = []
    url = options.url or str(options.folder / "registry.db")
    with Registry(url) as registry:
        done = registry.count()
        for size in options.sizes:
            started = time.perf_counter()
            before, done = done, fill(registry, size, done, options.workers)
            filled = time.perf_counter() - started
            row = measure(registry, options.folder / "index")
            row["fill seconds"] = filled
            row["filled"] = done - before
            sizes.append(row)
            print({k: v for k, v in row.items() if k != "rows"}, flush=True)
            for item in row["rows"]:
                if not item["right"]:
                    print("   missed:", item, flush=True)
            data[options.key] = {
                "machine": f"{platform.machine()}, 2 cores",
                "sizes": sizes,
            }
            results.write_text(json.dumps(data, indent=1) + "\n")
        if options.draws:
            data["misses"] = misses(registry, options.folder / "index", options.draws)
            results.write_text(json.dumps(data, indent=1) + "\n")
    if not options.keep:
        shutil.rmtree(options.folder)


if __name__ == "__main__":
    main()
