# SPDX-License-Identifier: Apache-2.0
"""One scan by `parentage.run.diff`, and what it took.

KERNEL may end with ``-pread``: then threads sum what they copy, as everywhere but on
Linux.

Usage: python -m benchmarks.diff.scan KERNEL A B
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does

from parentage.artifact.fused import fused
from parentage.run.diff import diff


def worked() -> float:
    """Processor seconds of this process and of those it has waited for."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def main() -> None:
    said, a, b = sys.argv[1:]
    kernel = said.removesuffix("-pread")
    if kernel == "numba":
        fused()  # compiled before the clock of the processor starts
    started = worked()
    processes = None if kernel == said else False
    found = diff(a, b, kernel=kernel, resume=False, processes=processes)
    cpu = worked() - started
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
