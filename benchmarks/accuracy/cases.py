# SPDX-License-Identifier: Apache-2.0
"""Pairs of the zoo as cases of the benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zoo.full import manifest, quick
from zoo.full.pairs import pairs
from zoo.full.spec import cache, manifest_path

from benchmarks.accuracy.measure import Case, Cell


def full_cases(replica: int = 0) -> list[Case]:
    """All pairs of the full zoo, or of a replica, whose models are built."""
    rows = manifest.read(manifest_path(replica))
    return cases(pairs(rows), cache(replica))


def quick_cases(folder: Path | None = None) -> list[Case]:
    """All pairs of the reduced set, which is made if it is not there."""
    folder = folder or Path(tempfile.mkdtemp(prefix="parentage-quick-"))
    return cases(pairs(quick.build(folder)["models"]), folder)


def cases(found: Iterable[dict[str, Any]], folder: Path) -> list[Case]:
    """Cases of pairs whose models lie in a folder."""
    return [
        Case(
            folder / pair["candidate"],
            folder / pair["reference"],
            (pair["candidate"], pair["reference"]),
            pair["label"],
            pair["kind"],
            pair["split"],
            pair["honest"],
            pair["modules"],
            _cells(pair["layers"]),
        )
        for pair in found
        if (folder / pair["candidate"]).is_dir()
        and (folder / pair["reference"]).is_dir()
    ]


def _cells(layers: dict[str, list[list[int]]] | None) -> tuple[Cell, ...] | None:
    if layers is None:
        return None
    return tuple(
        (block, own, theirs) for block, rows in layers.items() for own, theirs in rows
    )
