# SPDX-License-Identifier: Apache-2.0
"""Whole-process time and memory of `parentage audit`, beside a plain torch script.

Everything is measured in one run, so only ratios are quoted. Writes results.json.

Usage: python -m benchmarks.speed.run [--models FOLDER] [--repeat N] [--large]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def measure(command: list[str]) -> tuple[float, float, str]:
    """Wall seconds, peak MB and stdout of a process that must not fail to run."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        message = f"{command} ended with {code}"
        raise RuntimeError(message)
    return seconds, usage.ru_maxrss / 1024, output


def audit_command(candidate: Path, reference: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "parentage.cli.main",
        "audit",
        str(candidate),
        "--against",
        str(reference),
        "--json",
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=Path, default=Path("build/speed"))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    folder = options.models
    # In a process of its own: a child's peak memory counts from its parent's size.
    build = [sys.executable, "-m", "benchmarks.speed.make_models", str(folder)]
    subprocess.run(build + ["--large"] * options.large, check=True)
    small = [folder / "small-a", folder / "small-b"]
    jobs = {
        "audit": audit_command(small[1], small[0]),
        "torch": [
            sys.executable,
            str(HERE / "torch_cosine.py"),
            *(str(m / "model.safetensors") for m in reversed(small)),
        ],
    }
    if options.large:
        large = [folder / "large-a", folder / "large-b"]
        jobs["audit, models four times as large"] = audit_command(large[1], large[0])
    rows: dict[str, dict[str, object]] = {}
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(options.repeat + 1):  # the first round warms the page cache
        for name, command in jobs.items():
            seconds, peak, output = measure(command)
            times[name].append(seconds)
            rows[name] = {"peak_mb": round(peak)}
            if name.startswith("audit"):
                report = json.loads(output)
                models = [report["candidate"], *report["references"]]
                rows[name] |= {
                    "bytes_read": [m["bytes_read"] for m in models],
                    "bytes_stored": [m["bytes_stored"] for m in models],
                    "finding": report["finding"],
                }
    for name in jobs:
        kept = times[name][1:]
        rows[name] |= {
            "seconds": [round(s, 3) for s in kept],
            "median_seconds": round(statistics.median(kept), 3),
        }
    medians = {n: statistics.median(t[1:]) for n, t in times.items()}
    ratios = {"torch / audit": round(medians["torch"] / medians["audit"], 2)}
    for name in jobs:
        if name.startswith("audit,"):
            ratios[f"{name} / audit"] = round(medians[name] / medians["audit"], 2)
    result = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "rows": rows,
        "ratios": ratios,
    }
    (HERE / "results.json").write_text(json.dumps(result, indent=2) + "\n")
    json.dump(result, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
