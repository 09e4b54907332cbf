# SPDX-License-Identifier: Apache-2.0
"""One scan by `parentage.run.diff`, and what it took.

Usage: python -m benchmarks.diff.scan KERNEL A B
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does

from parentage.artifact.fused import fused
from parentage.run.diff import diff


def main() -> None:
    kernel, a, b = sys.argv[1:]
    if kernel == "numba":
        fused()  # compiled before the clock of the processor starts
    started = time.process_time()
    found = diff(a, b, kernel=kernel, resume=False)
    cpu = time.process_time() - started
    numbers = found.document.total.numbers
    assert numbers is not None
    json.dump(
        {
            "scan_seconds": found.scan_seconds,
            "scan_cpu": cpu,
            "seconds": found.document.seconds,
            "kernel": found.document.kernel,
            "one_minus_cosine": numbers.one_minus_cosine,
            "changed": numbers.changed,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
