# SPDX-License-Identifier: Apache-2.0
"""Runs that the honest ones have nothing to do with, and one that shares a seed.

``python -m zoo.records.strangers FOLDER`` trains what is not there yet: for every
network a run from another seed, to be taken from by forgeries, and ``llama-twin``,
which begins from the very weights of ``llama-cosine`` and reads other text.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from zoo.records.honest import RECORDS, Record, fill, one

LATER = 1000
"""Added to the seed of a run."""


def strangers() -> Sequence[Record]:
    """One run a network, from another seed, and the twin."""
    found: dict[str, Record] = {}
    for record in RECORDS:
        name = f"stranger-{record.network}"
        if name not in found:
            found[name] = replace(record, name=name, seed=record.seed + LATER)
    twin = Record("llama-twin", "llama", 501, one("cosine"), corpus="notes")
    return (*found.values(), twin)


if __name__ == "__main__":
    fill(strangers(), Path(sys.argv[1]))
