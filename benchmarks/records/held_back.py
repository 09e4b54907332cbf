# SPDX-License-Identifier: Apache-2.0
"""False alarms of checks on records: ``python -m benchmarks.records.held_back A B``.

``A`` and ``B`` are the folders of ``zoo.records.honest`` and of
``zoo.records.strangers``, both honest; the threshold of ``segment-log`` was chosen
beside ``A``. Optimizer states are held against logs as they are and as other honest
frameworks write them: with steps counted from 1, with fewer decimals, with the learning
rate a line late. Batches are also judged by part of them. Writes ``held_back.json``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_fall import check_fall
from parentage.evidence.record import RecordEvidence
from parentage.evidence.segment_memory import (
    SegmentLosses,
    log_evidence,
    memory_evidence,
)
from parentage.run.training_gradients import norm_evidence
from parentage.run.training_logs import log_part
from parentage.run.training_points import read_points
from parentage.run.training_segments import losses_of
from parentage.training.packet import open_packet

RESULTS = Path(__file__).parent / "held_back.json"

DRAWS = 10
"""Times that part of the batches of a record are drawn."""

PARTS = (24, 60)
"""Batches that are drawn; checks ask for 24, and 60 for a log to be contradicted."""

Column = np.ndarray[Any, np.dtype[np.float64]]

WRITTEN: Mapping[str, Mapping[str, Callable[[Column], Column]]] = {
    "as it was": {},
    "steps counted from 1": {"step": lambda x: x + 1},
    "norms with 3 decimals": {"grad_norm": lambda x: np.round(x, 3)},
    "norms with 2 decimals": {"grad_norm": lambda x: np.round(x, 2)},
    "norms with 1 decimal": {"grad_norm": lambda x: np.round(x, 1)},
    "learning rate a line late": {"lr": lambda x: np.r_[0.0, x[:-1]]},
}
"""How an honest log was written -> what that makes of its columns."""


def written(log: LogSubject, way: str) -> LogSubject:
    """A log as another honest framework would have written it."""
    changed = {n: f(log.series.columns[n]) for n, f in WRITTEN[way].items()}
    series = replace(log.series, columns={**log.series.columns, **changed})
    return replace(log, series=series)


def summary(found: Iterable[tuple[str, RecordEvidence]]) -> dict[str, Any]:
    """Outcomes, what was contradicted, and how far values went."""
    rows = list(found)
    values = [e.value for _, e in rows if e.value is not None]
    return {
        "outcomes": dict(Counter(e.outcome for _, e in rows)),
        "alarms": [name for name, e in rows if e.outcome == "contradicted"],
        "least": min(values, default=None),
        "most": max(values, default=None),
    }


def part_of(found: SegmentLosses, count: int, seed: int) -> SegmentLosses:
    """Some of the batches, drawn at random."""
    rng = np.random.default_rng(seed)
    keep = np.sort(rng.choice(len(found.steps), count, replace=False))
    return replace(
        found,
        steps=found.steps[keep],
        stretch=found.stretch[keep],
        loss=found.loss[keep],
        at_point=found.at_point[keep],
    )


def measure(places: Sequence[Path]) -> dict[str, Any]:
    """Everything that is measured of the records of a folder."""
    states: dict[str, list[tuple[str, RecordEvidence]]] = {w: [] for w in WRITTEN}
    falls: dict[str, list[tuple[str, RecordEvidence]]] = {w: [] for w in WRITTEN}
    memory: dict[str, list[tuple[str, RecordEvidence]]] = {}
    logged: dict[str, list[tuple[str, RecordEvidence]]] = {}
    for place in places:
        packet = open_packet(place)
        logs = log_part(packet).logs
        points = read_points(packet, None, seed=0)
        for way in WRITTEN:
            other = [written(log, way) for log in logs]
            found = norm_evidence(packet.manifest, points.trained, other)
            states[way] += [(place.name, e) for e in found]
            falls[way] += [(place.name, e) for log in other for e in check_fall(log)]
        if not packet.manifest.segments:
            continue
        losses = losses_of(packet, points, packet.manifest.segments)
        tried = [("all", losses)]
        tried += [
            (str(count), part_of(losses, count, seed))
            for count in PARTS
            for seed in range(DRAWS)
        ]
        for size, some in tried:
            memory.setdefault(size, []).append((place.name, memory_evidence(some)))
            logged.setdefault(size, []).append((place.name, log_evidence(some, logs)))
        print(place.name, flush=True)
    return {
        "state-gradients": {w: summary(rows) for w, rows in states.items()},
        "loss-fall": {w: summary(rows) for w, rows in falls.items()},
        "segment-memory": {s: summary(rows) for s, rows in memory.items()},
        "segment-log": {s: summary(rows) for s, rows in logged.items()},
    }


def main(records: Path, strangers: Path) -> None:
    """Measure both folders and write the results."""
    results = {}
    for name, folder in (("chosen", records), ("held back", strangers)):
        places = sorted(p for p in folder.iterdir() if (p / "packet.toml").exists())
        results[name] = measure(places)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
