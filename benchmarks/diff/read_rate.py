# SPDX-License-Identifier: Apache-2.0
"""How fast numpy runs over the same bytes through a memory map: the measure for diff.

Several plain reductions over 64-bit words (of bytes or 16-bit numbers they would be
slower). Each runs on a fresh map, whose pages are entered into the page table on the
way, and again on the same map, which is then nothing but reading memory. The fastest of
these last is the one that counts.

Usage: python read_rate.py FILE FILE
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

REDUCTIONS = {
    "add uint64": np.add,
    "maximum uint64": np.maximum,
    "bitwise_or uint64": np.bitwise_or,
}


def main() -> None:
    files = [Path(word) for word in sys.argv[1:]]
    sizes = [f.stat().st_size // 8 for f in files]
    rates: dict[str, dict[str, float]] = {"wall": {}, "cpu": {}}
    for name, ufunc in REDUCTIONS.items():
        maps = [
            np.memmap(file, "u8", "r", shape=size)
            for file, size in zip(files, sizes, strict=True)
        ]
        for said in (f"{name}, fresh map", name):
            started, worked = time.perf_counter(), time.process_time()
            for values in maps:
                ufunc.reduce(values)
            total = 8e-9 * sum(sizes)
            rates["wall"][said] = total / (time.perf_counter() - started)
            rates["cpu"][said] = total / (time.process_time() - worked)
        del maps, values
    json.dump(rates, sys.stdout)


if __name__ == "__main__":
    main()
