# SPDX-License-Identifier: Apache-2.0
"""Audits of a computed 519 B model against a 671 B one, over loopback.

Each line is one audit in a process of its own, held to two cores, against the server
in another: what was found, what was read (counted by the server), how long it took, how
long of it the auditing process had a core, and how much memory it used. ::

    python -m benchmarks.remote.audit [--write docs/remote.md]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PORT = 8917
ENDPOINT = f"http://127.0.0.1:{PORT}"
BUDGET, DESCENT = 48_000_000, 12_000_000
RUNS = (
    ("decoder", "reference", 0.0),
    ("decoder", "reference", 0.1),
    ("vision", "reference-vision", 0.0),
    ("independent", "reference", 0.0),
)
CLEARED = "no-dependence-found"
BEGIN, END = "<!-- remote table begins -->", "<!-- remote table ends -->"


def sent() -> dict[str, int]:
    """Bytes sent by the server, by repository, and its requests under ''."""
    with urllib.request.urlopen(f"{ENDPOINT}/_sent", timeout=60) as answer:
        found: dict[str, int] = json.load(answer)
        return found


@contextlib.contextmanager
def server(failing: float) -> Iterator[None]:
    words = ["-m", "parentage.testing.virtual", "--port", str(PORT)]
    process = subprocess.Popen(
        [sys.executable, *words, "--failing", str(failing)], stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                sent()
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def one(candidate: str, reference: str) -> None:
    """Run one audit and print what is reported of it."""
    from parentage.run.audit import audit

    started = time.monotonic()
    report = audit(
        f"virtual/{candidate}",
        [f"virtual/{reference}"],
        budget=BUDGET,
        undo_budget=0,
        descent_budget=DESCENT,
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "seconds": round(time.monotonic() - started, 1),
        "cpu": round(used.ru_utime + used.ru_stime, 1),
        "memory": used.ru_maxrss // 1000,
        "modules": [
            (m.name, m.finding, m.share_numerator, m.share_denominator, m.effect)
            for m in report.modules
        ],
        "headline": report.headline,
    }
    print(json.dumps(found))


def measured(candidate: str, reference: str, failing: float) -> dict[str, object]:
    with server(failing):
        line = subprocess.run(
            [sys.executable, "-m", "benchmarks.remote.audit", candidate, reference],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"HF_ENDPOINT": ENDPOINT, "OPENBLAS_NUM_THREADS": "1"},
        ).stdout
        counted = sent()
    found: dict[str, object] = json.loads(line)
    found["requests"] = counted[""]
    for side, name in (("left", candidate), ("right", reference)):
        found[side] = counted[f"virtual/{name}"]
    return found


def row(candidate: str, failing: float, found: dict[str, object]) -> str:
    modules = found["modules"]
    assert isinstance(modules, list)
    told = "; ".join(
        f"{name} {word}, {top:,} of {bottom:,} parameters ({top / bottom:.4%})"
        for name, word, top, bottom, _ in modules
        if word != CLEARED
    )
    cleared = ", ".join(name for name, word, *_ in modules if word == CLEARED)
    read = " / ".join(
        f"{float(str(found[side])) / 1e6:.1f}" for side in ("left", "right")
    )
    return (
        f"| `{candidate}` | {failing:.0%} | {told or 'nothing'} | {cleared} "
        f"| {read} | {found['requests']:,} | {found['seconds']} "
        f"| {found['cpu']} | {found['memory']} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pair", nargs="*")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    if given.pair:
        one(*given.pair)
        return
    cores = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, cores)
    lines = [
        "| candidate | requests that fail | found | cleared "
        "| MB read of candidate / reference | requests | seconds "
        "| of these the auditing process was running | MB of memory |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for candidate, reference, failing in RUNS:
        found = measured(candidate, reference, failing)
        print(found["headline"], file=sys.stderr)
        lines.append(row(candidate, failing, found))
        print(lines[-1], flush=True)
    if given.write:
        text = given.write.read_text()
        head, rest = text.split(BEGIN)
        tail = rest.split(END)[1]
        given.write.write_text(f"{head}{BEGIN}\n{chr(10).join(lines)}\n{END}{tail}")


if __name__ == "__main__":
    main()
