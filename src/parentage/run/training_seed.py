# SPDX-License-Identifier: Apache-2.0
"""Draws step 0 again from its seed, through the classes of transformers.

With a declared seed this shows that step 0 was drawn and not made up. Without one, the
seeds that people use most are tried: two models of one shape that were begun from
seed 42 share their step 0, and look related, though nobody took anything.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from parentage.errors import ParentageError
from parentage.evidence.checkpoint_path import correlations
from parentage.evidence.record import Fact, RecordEvidence
from parentage.registry.fingerprint import Fingerprint
from parentage.run.fingerprint import fingerprint
from parentage.run.training_links import link
from parentage.run.training_points import Point, Points, path_of
from parentage.run.training_torch import RerunError, load, model_class
from parentage.training.packet import Packet

COMMON: Final = (
    *(0, 1, 2, 3, 4, 5, 7, 10, 13, 17, 21, 23, 27, 31, 34, 42, 43, 99, 100, 101, 111),
    *(123, 128, 222, 256, 314, 333, 500, 512, 666, 777, 888, 999, 1000, 1024, 1111),
    *(1234, 1337, 2021, 2022, 2023, 2024, 2025, 2026, 2048, 3407, 4242, 9999, 12345),
    *(31415, 42424, 123456, 1234567),
)
"""Seeds that examples and frameworks use most."""

LARGEST: Final = 200_000_000
"""Parameters of a model that the common seeds are tried on: each draws it anew."""

SUBJECT: Final = "step 0"


def seed_evidence(
    packet: Packet, points: Points, *, rerun: bool
) -> tuple[Points, RecordEvidence]:
    """Whether step 0 is drawn again by its seed.

    Returns:
        The points, with a step 0 that was drawn where the record holds none and the
        seed is declared or found, and the evidence.
    """
    start = packet.manifest.initialisation
    seed = start.seed if start else None
    framework = (start.framework if start else None) or ""
    declared = seed is not None and "transformers" in framework.lower()
    if not rerun:
        return points, _missing("seed-not-asked" if declared else "seed-none")
    folder = _folder(points)
    if folder is None:
        return points, _missing("seed-none")
    try:
        if declared and seed is not None:
            return _declared(points, folder, seed)
        return _common(points, folder)
    except ParentageError as error:
        return points, _missing("seed-unable", error=str(error))


def _missing(reason: str, **facts: Fact) -> RecordEvidence:
    return RecordEvidence(
        "step-0-seed", "exact", "missing", SUBJECT, reason, facts=facts
    )


def _folder(points: Points) -> Path | None:
    """A folder of the record that holds the config."""
    for point in points.all:
        place = point.whole
        if isinstance(place, (str, Path)) and (Path(place) / "config.json").is_file():
            return Path(place)
    return None


def drawn(folder: Path, seed: int, *, rule: int) -> Fingerprint:
    """The fingerprint of a model that transformers draws.

    Args:
        folder: holds the config.
        seed: of torch, on the processor, in float32.
        rule: seed of the fingerprint's sample.

    Raises:
        RerunError: it cannot be drawn.
    """
    torch = load("torch")
    kind, config = model_class(folder)
    with tempfile.TemporaryDirectory() as place, torch.random.fork_rng(devices=[]):
        try:
            torch.manual_seed(seed)
            kind(config).save_pretrained(place)
        except Exception as error:  # whatever a library makes of a hostile config
            raise RerunError(
                f"cannot be drawn: {str(error)[:200]}", file=folder.name
            ) from error
        return fingerprint(place, name=SUBJECT, seed=rule)


def _declared(points: Points, folder: Path, seed: int) -> tuple[Points, RecordEvidence]:
    made = drawn(folder, seed, rule=points.seed)
    point = Point(SUBJECT, "step-0", 0, made, None)
    facts: dict[str, Fact] = {"seed": seed, "framework": _version()}
    if points.start is None:
        # Whether it is the run's step 0, its link to the checkpoints says.
        facts["elements"] = made.values
        return replace(points, start=point), RecordEvidence(
            "step-0-seed", "exact", "consistent", SUBJECT, "seed-common", facts=facts
        )
    path = path_of([points.start, point])
    equal = sum(int((s.values[0] == s.values[1]).sum()) for s in path.strands)
    total = sum(s.values[0].size for s in path.strands)
    facts |= {"elements": total, "equal": equal / max(total, 1)}
    same = bool(total) and equal == total and not path.left_out
    return points, RecordEvidence(
        "step-0-seed",
        "exact",
        "verified" if same else "missing",
        SUBJECT,
        "seed-equal" if same else "seed-differs",
        statistic="share of equal values",
        value=equal / max(total, 1),
        threshold=1.0,
        n=total,
        facts=facts,
    )


def _common(points: Points, folder: Path) -> tuple[Points, RecordEvidence]:
    """Look for the seed among the common ones."""
    held = points.all[0]
    if held.made.parameters > LARGEST:
        return points, _missing("seed-none")
    best: tuple[float, int, Fingerprint] | None = None
    for seed in COMMON:
        made = drawn(folder, seed, rule=points.seed)
        path = path_of([Point(SUBJECT, "step-0", 0, made, None), held])
        effect = float(correlations(path.gram())[0, 1]) if path.modules else 0.0
        if best is None or effect > best[0]:
            best = effect, seed, made
    if best is None or not np.isfinite(best[0]):
        return points, _missing("seed-none")
    effect, seed, made = best
    found = link(held.made, made, tests=len(COMMON), seed=points.seed)
    if not found.holds:
        return points, _missing("seed-none")
    facts: dict[str, Fact] = {"seed": seed, "framework": _version()}
    if points.start is None:
        points = replace(points, start=Point(SUBJECT, "step-0", 0, made, None))
    return points, RecordEvidence(
        "step-0-seed",
        "exact",
        "consistent",
        SUBJECT,
        "seed-common",
        statistic="element correlation",
        value=effect,
        n=len(COMMON),
        log10_p=found.log10_p,
        facts=facts,
    )


def _version() -> str:
    transformers, torch = load("transformers"), load("torch")
    return f"transformers {transformers.__version__}, torch {torch.__version__}"
