# SPDX-License-Identifier: Apache-2.0
"""Repeated stretches, true and altered: ``python -m benchmarks.records.replays A``.

``A`` is a folder that ``python -m zoo.records.honest A`` filled; torch is needed.
Every record with a stretch is repeated as it is, with one and with two threads, and
with data or code that are not the run's. Writes ``replays.json`` beside this file.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from zoo.records.honest import RECORDS

from parentage.run.training_logs import log_part
from parentage.run.training_points import read_points
from parentage.run.training_replay import FAR, NEAR, Stretch, repeat, stretch_of
from parentage.training.packet import open_packet

RESULTS = Path(__file__).parent / "replays.json"

Batches = dict[str, torch.Tensor]


def moved(held: Batches, stretch: Stretch, order: Callable[[int], int]) -> Batches:
    """Batches in another order of steps."""
    found = {}
    for key, value in held.items():
        step, name = key.split(".", 1)
        place = order(int(step) - stretch.first) % stretch.steps
        found[f"{stretch.first + place}.{name}"] = value
    return found


def one_other(held: Batches, stretch: Stretch) -> Batches:
    """One batch of the stretch put in the place of another."""
    middle = stretch.first + stretch.steps // 2
    return {
        k: held[k.replace(f"{middle}.", f"{stretch.first}.", 1)]
        if k.startswith(f"{middle}.")
        else v
        for k, v in held.items()
    }


def backwards(held: Batches, stretch: Stretch) -> Batches:
    """Other text: the same tokens from the last to the first."""
    del stretch
    return {k: v.flip(-1) if "pixel" not in k else v for k, v in held.items()}


DATA: Mapping[str, Callable[[Batches, Stretch], Batches]] = {
    "batches in the opposite order": lambda held, s: moved(
        held, s, lambda i: s.steps - 1 - i
    ),
    "one batch of fifty another": one_other,
    "every text backwards": backwards,
}

CODE: Mapping[str, dict[str, Any]] = {
    "second beta 0.999 for 0.95": {"betas": (0.9, 0.999)},
    "no weight decay": {"weight_decay": 0.0},
    "no clipping": {"gradient_clip": None},
}


def altered(stretch: Stretch, place: Path) -> dict[str, Stretch]:
    """The stretch with other data or other settings."""
    held = load_file(stretch.batches)
    found = {}
    for number, (name, change) in enumerate(DATA.items()):
        file = place / f"{number}.safetensors"
        save_file(
            {k: v.clone().contiguous() for k, v in change(held, stretch).items()}, file
        )
        found[name] = replace(stretch, batches=file)
    for name, values in CODE.items():
        how = stretch.optimizer.model_copy(update=values)
        found[name] = replace(stretch, optimizer=how)
    for share in (1.1, 0.5):
        rates = tuple(r * share for r in stretch.rates)
        found[f"learning rate times {share}"] = replace(stretch, rates=rates)
    return found


def main(folder: Path) -> None:
    """Repeat everything and write the results."""
    rows: dict[str, Any] = {}
    for record in RECORDS:
        packet = open_packet(folder / record.name)
        if not packet.manifest.replays:
            continue
        points = read_points(packet, None, seed=0)
        part = packet.manifest.replays[0]
        stretch = stretch_of(packet, points, log_part(packet).logs, part)
        row: dict[str, Any] = {"true": {}, "altered": {}}
        for threads in (1, 2):
            torch.set_num_threads(threads)
            end = repeat(stretch)
            row["true"][f"as it was, {threads} thread{'s' * (threads > 1)}"] = [
                end.distance,
                end.spread,
            ]
        with tempfile.TemporaryDirectory() as place:
            for name, other in altered(stretch, Path(place)).items():
                end = repeat(other)
                row["altered"][name] = [end.distance, end.spread]
        rows[record.name] = row
        print(record.name, json.dumps(row, indent=1), flush=True)
    results = {"near": NEAR, "far": FAR, "records": rows}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
