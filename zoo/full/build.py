# SPDX-License-Identifier: Apache-2.0
"""Build the full zoo: ``python -m zoo.full.build``.

What exists, was built by the same recipe and from the same parents is kept.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from zoo.full import manifest
from zoo.full.make import make, read_row, sha256
from zoo.full.plan import replica
from zoo.full.spec import Item, cache, manifest_path


def fresh(item: Item, folder: Path) -> bool:
    """Whether a model exists as the plan and its parents want it."""
    row = read_row(folder / item.id)
    if row is None or row["digest"] != item.digest():
        return False
    return all(
        (folder / name / "model.safetensors").exists()
        and sha256(folder / name) == digest
        for name, digest in row["needs"].items()
    )


def build(items: Sequence[Item], folder: Path, workers: int) -> list[str]:
    """Build what is missing, parents before children.

    Args:
        items: the plan.
        folder: the cache.
        workers: number of processes, of one thread each.

    Returns:
        What failed, each with its error.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done: set[str] = set()
    waiting = list(items)
    running: dict[Future[dict[str, Any]], Item] = {}
    failed: list[str] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        while waiting or running:
            for item in list(waiting):
                if len(running) >= workers:
                    break
                if not done.issuperset(item.needs):
                    continue
                waiting.remove(item)
                if fresh(item, folder):
                    done.add(item.id)
                else:
                    running[pool.submit(make, item, folder)] = item
            if not running:
                if any(done.issuperset(i.needs) for i in waiting):
                    continue
                failed += [f"{i.id}: a model it needs is missing" for i in waiting]
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                item = running.pop(future)
                error = future.exception()
                if error is not None:
                    failed.append(f"{item.id}: {type(error).__name__}: {error}")
                    print(failed[-1], flush=True)
                    continue
                done.add(item.id)
                _report(future.result())
    return failed


def _report(row: dict[str, Any]) -> None:
    loss = row["loss"]
    curve = f", loss {loss[0][1]} -> {loss[-1][1]}" if loss else ""
    print(f"{row['id']}: {row['seconds']} s{curve}", flush=True)


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix", nargs="*", help="only models that start with this")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--replica", type=int, default=0, help="other seeds throughout")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    plan, folder = replica(options.replica), cache(options.replica)
    chosen = [
        i for i in plan if not options.prefix or i.id.startswith(tuple(options.prefix))
    ]
    started = time.monotonic()
    failed = build(chosen, folder, options.workers)
    found = manifest.collect(plan, folder)
    manifest.write(manifest_path(options.replica), found)
    print(f"{time.monotonic() - started:.0f} s, {len(failed)} failed")
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    main()
