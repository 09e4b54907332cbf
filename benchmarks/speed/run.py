# SPDX-License-Identifier: Apache-2.0
"""Whole-process time and memory of `parentage audit`, beside a plain torch script.

Everything is measured in one run, so only ratios are quoted. Writes
results.json and docs/speed.md.

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
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "speed.md"
INTRO = """# Time and memory

`make bench-speed` writes random Llama-shaped models in BF16 (2.2 GB each, and 8.8 GB
each; one of each pair is a descendant) and measures whole processes, interleaved, in
one run on warm files. Beside `parentage audit --json` stands
[a plain torch script](../benchmarks/speed/torch_cosine.py) that loads both models and
takes the cosine of all same-named tensors. Only ratios travel between machines.

| process | median seconds | peak memory | read of each model |
|---|---|---|---|
"""


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
    PAGE.write_text(page(result))
    json.dump(result, sys.stdout, indent=2)


def page(result: dict[str, Any]) -> str:
    """docs/speed.md."""
    text = INTRO
    for name, row in result["rows"].items():
        read = "everything"
        if "bytes_read" in row:
            stored = row["bytes_stored"][0] / 1e6
            read = f"{row['bytes_read'][0] / 1e6:.1f} of {stored:,.0f} MB"
        seconds, peak = row["median_seconds"], row["peak_mb"]
        text += f"| {name} | {seconds:.2f} | {peak} MB | {read} |\n"
    ratios = result["ratios"]
    text += f"\nThe torch script takes **{ratios['torch / audit']:.1f} times** as long "
    text += "as the audit.\n"
    for name, ratio in ratios.items():
        if name.startswith("audit,"):
            text += "With models four times as large the audit takes "
            text += f"**{ratio:.2f} times** as long, because it reads no more.\n"
    text += (
        f"\nMeasured on {result['cores']} cores, Python {result['python']}; all runs "
    )
    return text + "are in `benchmarks/speed/results.json`.\n"


if __name__ == "__main__":
    main()
