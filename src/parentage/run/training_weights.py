# SPDX-License-Identifier: Apache-2.0
"""The weights of a training record: step 0, the chain, the end, and the references.

Every set of weights is held as a fingerprint, given or made here, and pairs are tested
as an audit tests them. What is computed from the weights needs no trust; what was taken
on trust is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from parentage.artifact.source.locate import Reference
from parentage.evidence.base import Grade
from parentage.evidence.checkpoint_chain import Stretch, chain_evidence
from parentage.evidence.checkpoint_motion import motion_evidence
from parentage.evidence.checkpoint_path import correlations
from parentage.evidence.checkpoint_released import released_evidence
from parentage.evidence.checkpoint_way import (
    line_evidence,
    order_evidence,
    still_evidence,
    tensor_evidence,
)
from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import RecordEvidence
from parentage.report.document import Report
from parentage.report.training_document import ChainItem, ChainLink, ChainPoint
from parentage.run.training_gradients import norm_evidence
from parentage.run.training_links import LINKED, Link, links
from parentage.run.training_optimizer import state_evidence
from parentage.run.training_points import Point, Points, path_of, read_points
from parentage.run.training_rates import rates_between, reach_between
from parentage.run.training_references import reference_evidence
from parentage.run.training_replay import replay_evidence
from parentage.run.training_seed import seed_evidence
from parentage.run.training_segments import segment_evidence
from parentage.run.training_start import start_evidence
from parentage.training.packet import Packet


@dataclass(frozen=True)
class WeightsPart:
    """What was found about the weights.

    Attributes:
        evidence: results of checks of the parts ``initialisation`` and ``chain``.
        chain: points and links, for the chain map.
        trusted: keys of what was taken on trust (``report/training_words.py``).
    """

    evidence: list[RecordEvidence] = field(default_factory=list)
    chain: ChainItem = field(default_factory=ChainItem)
    trusted: tuple[str, ...] = ()


def weights_part(
    packet: Packet,
    *,
    model: Reference | None,
    against: Sequence[Reference],
    logs: Sequence[LogSubject] = (),
    report: Report | None = None,
    budget: int,
    seed: int,
    rerun: bool = False,
) -> WeightsPart:
    """Every check that reads weights.

    Args:
        packet: the record.
        model: the released weights, if not the ones that the packet names.
        against: references.
        logs: of the record, for learning rates.
        report: an audit of ``model`` against ``against`` that was made already.
        budget: bytes to read of each set of weights at most, for each comparison.
        seed: decides which bytes.
        rerun: draw step 0 again, and repeat stretches.

    Raises:
        ArtifactError: ``model`` or a reference cannot be read.
    """
    final = final_weights(packet, model)
    points = read_points(packet, final, seed=seed)
    points, drawn = seed_evidence(packet, points, rerun=rerun)
    start = start_evidence(packet, points, seed=seed)
    found = [start, drawn, *points.evidence]
    pairs = _pairs(points)
    tested = links([p.made for p in points.all], pairs, seed=points.seed)
    found += _chain(packet, points, logs, tested)
    found += reference_evidence(
        final,
        against,
        points,
        random_start=start.outcome in ("consistent", "verified"),
        report=report,
        budget=budget,
        seed=seed,
    )
    found += replay_evidence(packet, points, logs, rerun=rerun)
    found += segment_evidence(packet, points, logs, rerun=rerun)
    return WeightsPart(found, _map(points, tested), _trusted(points, found))


def final_weights(packet: Packet, model: Reference | None) -> Reference | None:
    """Where the released weights are: as named by hand, or by the packet."""
    if model is not None:
        return model
    return packet.usable(packet.manifest.model.released)


def _pairs(points: Points) -> list[tuple[int, int]]:
    """Neighbours, step 0 with every point, every point with the end."""
    last = len(points.all) - 1
    pairs = [(i, i + 1) for i in range(last)]
    if points.start is not None:
        pairs += [(0, i) for i in range(2, last + 1)]
    return pairs + [(i, last) for i in range(last - 1)]


def _chain(
    packet: Packet,
    points: Points,
    logs: Sequence[LogSubject],
    tested: dict[tuple[int, int], Link],
) -> list[RecordEvidence]:
    every, trained = points.all, points.trained
    missing: tuple[tuple[str, Grade], ...] = (
        ("chain", "exact"),
        ("released", "exact"),
    )
    if len(every) < 2:
        name = packet.manifest.model.name
        return [
            RecordEvidence(c, g, "missing", name, "chain-short") for c, g in missing
        ]
    last = len(every) - 1
    consecutive = [
        _stretches(packet, logs, every, (i, i + 1), tested) for i in range(last)
    ]
    ends = (
        _stretches(packet, logs, every, (0, last), tested)
        if points.start is not None and last > 1
        else []
    )
    found = chain_evidence(consecutive, ends)
    tensors, replaced = tensor_evidence(path_of(every), _sums(packet, logs, every))
    found += tensors
    found.append(
        _released(packet, points, tested, replaced if points.released else None)
    )
    if len(trained) < 2:
        return found
    path = path_of(trained)
    found += [order_evidence(path), line_evidence(path)]
    reaches, sums = [], {}
    for i in range(len(trained) - 1):
        steps = (trained[i].step or 0, trained[i + 1].step or 0)
        reach = reach_between(packet.manifest, logs, (i, i + 1), steps)
        rates = rates_between(packet.manifest, logs, *steps)
        sums[i, i + 1] = None if rates is None else rates.total
        if reach is not None:
            reaches.append(reach)
    found += still_evidence(path, sums)
    found.append(motion_evidence(path, reaches))
    found += state_evidence(packet.manifest, trained, path)
    return found + norm_evidence(packet.manifest, trained, logs)


def _sums(
    packet: Packet, logs: Sequence[LogSubject], points: Sequence[Point]
) -> list[float | None]:
    """Sum of learning rates between neighbours; to the released weights none."""
    found: list[float | None] = []
    for earlier, later in pairwise(points):
        if later.step is None:
            found.append(0.0)
            continue
        rates = rates_between(packet.manifest, logs, earlier.step or 0, later.step)
        found.append(None if rates is None else rates.total)
    return found


def _stretches(
    packet: Packet,
    logs: Sequence[LogSubject],
    points: Sequence[Point],
    pair: tuple[int, int],
    tested: dict[tuple[int, int], Link],
) -> list[Stretch]:
    earlier, later = points[pair[0]], points[pair[1]]
    steps = None
    if later.step is not None and earlier.step is not None:
        steps = later.step - earlier.step
    rates = (
        rates_between(packet.manifest, logs, earlier.step or 0, later.step or 0)
        if steps
        else None
    )
    path = path_of([earlier, later])
    found = []
    for f in tested[pair].findings:
        effect = f.effect
        std = 0.0
        if f.module in path.modules:
            gram = path.grams[f.module]
            effect = float(correlations(gram)[0, 1])
            std = float(np.sqrt(gram[0, 0] / max(path.elements[f.module], 1)))
        found.append(
            Stretch(
                f.module,
                earlier.label,
                later.label,
                steps,
                rates.total / std if rates is not None and std > 0 else None,
                f.word in LINKED,
                f.word != "not-testable",
                f.word == "correspondence",
                f.log10_p,
                effect,
                f.power,
            )
        )
    return found


def _released(
    packet: Packet,
    points: Points,
    tested: dict[tuple[int, int], Link],
    replaced: str | None,
) -> RecordEvidence:
    if points.released is None or not points.checkpoints:
        return RecordEvidence(
            "released", "exact", "missing", "released", "no-final-weights"
        )
    last, end = points.checkpoints[-1], points.released
    place = len(points.all) - 1
    broken = tested[place - 1, place].broken
    stages = packet.manifest.stages
    steps = max((s.first_step + (s.steps or 0) for s in stages), default=0)
    return released_evidence(
        path_of([last, end]),
        broken=broken[0].module if broken else replaced,
        parameters=end.made.parameters,
        later=last.step is not None and last.step < steps,
    )


def _map(points: Points, tested: dict[tuple[int, int], Link]) -> ChainItem:
    every = points.all
    if not every:
        return ChainItem()
    effects = correlations(path_of(every).gram())
    return ChainItem(
        points=tuple(
            ChainPoint(
                label=p.label,
                kind=p.kind,
                step=p.step,
                stored="weights" if p.whole is not None else "fingerprint",
            )
            for p in every
        ),
        links=tuple(
            ChainLink(
                a=a,
                b=b,
                finding=found.word if found.holds else _weakest(found),
                log10_p=found.log10_p,
                effect=float(effects[a, b]) if effects.size else None,
            )
            for (a, b), found in sorted(tested.items())
        ),
    )


def _weakest(found: Link) -> str:
    """The word of a pair in which not every module links."""
    words = [f.word for f in found.tested if f.word not in LINKED]
    return words[0] if words else found.word


def _trusted(points: Points, found: Sequence[RecordEvidence]) -> tuple[str, ...]:
    keys = []
    if any(p.whole is None for p in points.all):
        keys.append("fingerprints")
    if points.start is not None:
        keys.append("time-of-step-0")
    if any(e.check == "chain-motion" and e.outcome != "missing" for e in found):
        keys.append("rates")
    asked = ("replay", "segment-memory")
    if any(e.check in asked and e.outcome != "missing" for e in found):
        keys.append("batches")
    return tuple(keys)
