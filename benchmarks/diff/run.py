# SPDX-License-Identifier: Apache-2.0
"""`parentage diff` on two models of 4 GB, beside reading alone and a torch script.

Rounds are interleaved on warm files, so that a busy machine slows all of them; only
ratios are quoted. Writes results.json and docs/diff-speed.md.

Usage: python -m benchmarks.diff.run [--folder FOLDER] [--repeat N] [--keep]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "diff-speed.md"
INTRO = """# Time and memory of a full scan

`python -m benchmarks.diff.run` writes two random Llama-shaped models of 4 GB in BF16
(the second tuned with noise, every fifth tensor as it was), measures whole processes,
interleaved, in one run on warm files, and deletes the models. Beside
[`parentage diff`](commands/diff.md) stand

* [plain numpy reductions](../benchmarks/diff/read_rate.py) over the same mapped bytes,
  in one thread as numpy runs them: the rate at which this machine reads memory. Of
  three over 64-bit words the fastest counts, on its second run over one map, when all
  pages are in the page table (REFERENCE). The first run over a fresh map, which enters
  them, has FRESH GB/s;
* [a plain torch script](../benchmarks/diff/torch_diff.py) that takes the same numbers
  of all same-named tensors.

Only ratios travel between machines. The rate of a scan counts from the first byte of
weights to the last sum; the whole process adds the imports, the descriptions and the
document: that is what the seconds count. By processor time means: bytes for each second
that a core worked, times the cores a scan may use, over the reading rate of one thread;
it leaves out what other processes took. Memory is the largest sum over all processes
of a scan of what each holds (pages that several hold are divided among them), looked at
every 20 ms.

On Linux the sums of large models are taken by processes that map the files and copy
nothing. A mapped file that somebody cuts short kills the process that reads it; so
they hold nothing that would be lost, and what is left is then done with `pread`, which
says what is wrong with the file. Elsewhere all is read with `pread` (the rows below
named so): copying every byte out of the page cache takes longer than adding it up.

| process | GB/s | of reading | by processor time | seconds | peak memory |
|---|---|---|---|---|---|
"""


def measure(command: list[str]) -> dict[str, Any]:
    """Wall seconds, peak MB of all its processes, and the JSON of a process."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = [0.0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            peak[0] = max(peak[0], held(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    ended.set()
    watcher.join()
    seconds = time.monotonic() - started
    if os.waitstatus_to_exitcode(status):
        message = f"{command} failed"
        raise RuntimeError(message)
    return {
        "wall": seconds,
        "peak_mb": peak[0],
        "cpu": usage.ru_utime + usage.ru_stime,
        "out": json.loads(output),
    }


def held(pid: int) -> float:
    """MB that a process and its children hold, shared pages divided among them."""
    found = 0.0
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                found += int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return found + sum(held(int(child)) for child in children)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="parentage-diff-"))
    models = [folder / "a", folder / "b"]
    files = [str(m / "model.safetensors") for m in models]
    try:
        if not Path(files[1]).exists():
            make = [sys.executable, "-m", "benchmarks.diff.make_models", str(folder)]
            subprocess.run(make, check=True)
        size = sum(Path(f).stat().st_size for f in files)
        scan = [sys.executable, "-m", "benchmarks.diff.scan"]
        paths = [str(m) for m in models]
        jobs = {
            "read": [sys.executable, str(HERE / "read_rate.py"), *files],
            "numba": [*scan, "numba", *paths],
            "numpy": [*scan, "numpy", *paths],
            "numba-pread": [*scan, "numba-pread", *paths],
            "numpy-pread": [*scan, "numpy-pread", *paths],
            "torch": [sys.executable, str(HERE / "torch_diff.py"), *files],
        }
        rounds = [
            {name: measure(command) for name, command in jobs.items()}
            for _ in range(options.repeat + 1)  # the first round warms the page cache
        ][1:]
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    result = summary(rounds, size)
    (HERE / "results.json").write_text(json.dumps(result, indent=2) + "\n")
    PAGE.write_text(page(result))
    json.dump(result, sys.stdout, indent=2)


def summary(rounds: list[dict[str, Any]], size: int) -> dict[str, Any]:
    """Medians, and ratios taken round by round."""

    def median(values: list[float]) -> float:
        return round(statistics.median(values), 3)

    found = [r["read"]["out"] for r in rounds]
    rates = {n: median([f["wall"][n] for f in found]) for n in found[0]["wall"]}
    best = max(rates, key=lambda n: rates[n])
    reading = [f["wall"][best] for f in found]
    worked = [f["cpu"][best] for f in found]
    cores = os.cpu_count() or 1
    rows: dict[str, Any] = {}
    for name in ("numba", "numpy", "numba-pread", "numpy-pread", "torch"):
        wall = [r[name]["wall"] for r in rounds]
        seconds = [r[name]["out"].get("scan_seconds", r[name]["wall"]) for r in rounds]
        speed = [size / s / 1e9 for s in seconds]
        rows[name] = {
            "gb_per_s": median(speed),
            "of_reading": median([s / r for s, r in zip(speed, reading, strict=True)]),
            "of_reading_by_cpu": median(
                [
                    cores
                    * size
                    / 1e9
                    / r[name]["out"].get("scan_cpu", r[name]["cpu"])
                    / w
                    for r, w in zip(rounds, worked, strict=True)
                ]
            ),
            "all_reading": [round(r, 2) for r in reading],
            "wall": median(wall),
            "cpu": median([r[name]["cpu"] for r in rounds]),
            "peak_mb": round(max(r[name]["peak_mb"] for r in rounds)),
            "torch_over_this": median(
                [r["torch"]["wall"] / r[name]["wall"] for r in rounds]
            ),
            "torch_over_this_by_cpu": median(
                [r["torch"]["cpu"] / r[name]["cpu"] for r in rounds]
            ),
            "all_gb_per_s": [round(s, 2) for s in speed],
            "all_of_reading": [
                round(s / r, 3) for s, r in zip(speed, reading, strict=True)
            ],
        }
        rows[name]["kernel"] = rounds[0][name]["out"].get("kernel", "torch")
    return {
        "bytes": size,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "reading_gb_per_s": rates,
        "reference": best,
        "rows": rows,
    }


def page(result: dict[str, Any]) -> str:
    """docs/diff-speed.md."""
    rate = result["reading_gb_per_s"][result["reference"]]
    fresh = result["reading_gb_per_s"][f"{result['reference']}, fresh map"]
    text = INTRO.replace("REFERENCE", f"here `{result['reference']}`, {rate:.1f} GB/s")
    text = text.replace("FRESH", f"{fresh:.1f}")
    said = {
        "numba": "`diff` with the extra `fast` (numba)",
        "numpy": "`diff` with numpy alone",
        "numba-pread": "the same with `pread`, numba",
        "numpy-pread": "the same with `pread`, numpy",
        "torch": "torch script",
    }
    for name, row in result["rows"].items():
        text += (
            f"| {said[name]} | {row['gb_per_s']:.2f} | {100 * row['of_reading']:.0f} % "
            f"| {100 * row['of_reading_by_cpu']:.0f} % "
            f"| {row['wall']:.2f} | {row['peak_mb']} MB |\n"
        )
    rows = result["rows"]
    text += (
        f"\nThe torch script takes **{rows['numba']['torch_over_this']:.1f} times** as "
        f"long as `diff` with numba (whole processes, median of rounds; "
        f"{rows['numba']['torch_over_this_by_cpu']:.1f} times the processor time), and "
        f"**{rows['numpy']['torch_over_this']:.1f} times** as long as with numpy "
        "alone.\n"
    )
    return text + (
        f"\nMeasured on {result['cores']} cores with a load of "
        f"{result['load'][0]:.1f}, Python {result['python']}; all rounds are in "
        "`benchmarks/diff/results.json`.\n"
    )


if __name__ == "__main__":
    main()
