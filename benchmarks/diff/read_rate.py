# SPDX-License-Identifier: Apache-2.0
"""How fast numpy runs over the same bytes through a memory map: the measure for diff.

Several plain reductions, each on a fresh map; the fastest is the one that counts.

Usage: python read_rate.py FILE FILE
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

REDUCTIONS = {
    "add uint64": (np.add, "u8"),
    "maximum uint64": (np.maximum, "u8"),
    "bitwise_or uint64": (np.bitwise_or, "u8"),
    "maximum uint16": (np.maximum, "u2"),
}


def main() -> None:
    files = [Path(word) for word in sys.argv[1:]]
    total = sum(f.stat().st_size // 8 * 8 for f in files)
    seconds, cpu = {}, {}
    for name, (ufunc, kind) in REDUCTIONS.items():
        started, worked = time.perf_counter(), time.process_time()
        for file in files:
            size = file.stat().st_size // 8 * 8
            values = np.memmap(file, kind, "r", shape=size // np.dtype(kind).itemsize)
            ufunc.reduce(values)
            del values
        seconds[name] = time.perf_counter() - started
        cpu[name] = time.process_time() - worked
    rates = {
        "wall": {n: total / s / 1e9 for n, s in seconds.items()},
        "cpu": {n: total / s / 1e9 for n, s in cpu.items()},
    }
    json.dump(rates, sys.stdout)


if __name__ == "__main__":
    main()
