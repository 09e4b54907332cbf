# SPDX-License-Identifier: Apache-2.0
"""The sets of weights of a training record, each as a fingerprint.

Whole weights are sampled by the same rule as fingerprints are, so that a record of
fingerprints only, one of whole weights and one of both go through the same checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from parentage.artifact.source.locate import Reference
from parentage.errors import ParentageError
from parentage.evidence.checkpoint_path import Path as WeightPath
from parentage.evidence.checkpoint_path import Strand
from parentage.evidence.record import RecordEvidence
from parentage.model.description import Model, Tensor
from parentage.registry.container import is_fingerprint, read_fingerprint
from parentage.registry.fingerprint import MAX_BYTES, Fingerprint
from parentage.run.fingerprint import fingerprint
from parentage.run.offline import HeldReader, common_cut
from parentage.run.training_torch import RerunError
from parentage.training.packet import Packet

Kind = Literal["step-0", "checkpoint", "released"]


@dataclass(frozen=True, eq=False)
class Point:
    """A set of weights of the record.

    Attributes:
        label: such as ``step 300``.
        kind: what it is.
        step: of training; ``None`` for released weights.
        made: the fingerprint, given or made here.
        whole: where the whole weights are, if they were handed in.
        optimizer: file of the optimizer's state, if there is one.
    """

    label: str
    kind: Kind
    step: int | None
    made: Fingerprint
    whole: Reference | None
    optimizer: Path | None = None


@dataclass(frozen=True, eq=False)
class Points:
    """What could be read of a record's weights.

    Attributes:
        start: step 0, if it could be read.
        checkpoints: in the order of training, step 0 not among them.
        released: the final weights.
        evidence: sets of weights that could not be read.
        seed: of the rule by which weights were sampled.
    """

    start: Point | None
    checkpoints: tuple[Point, ...]
    released: Point | None
    evidence: list[RecordEvidence]
    seed: int

    @property
    def trained(self) -> list[Point]:
        """Step 0 and checkpoints, in the order of training."""
        return [*([self.start] if self.start else []), *self.checkpoints]

    @property
    def all(self) -> list[Point]:
        """Every point, the released weights last."""
        return [*self.trained, *([self.released] if self.released else [])]


def read_points(
    packet: Packet, final: Reference | None, *, seed: int, size: int = MAX_BYTES
) -> Points:
    """Read every set of weights that a packet names.

    One that cannot be read is evidence; the others are still read.

    Args:
        packet: the record.
        final: the released weights, as named by hand or by the packet.
        seed: of the sample, where the packet holds no fingerprint that has one.
        size: bytes of each fingerprint at most.

    Raises:
        ParentageError: ``final`` cannot be read.
    """
    named = _named(packet)
    evidence: list[RecordEvidence] = []
    given: dict[str, Fingerprint] = {}
    for label, _, _, _, print_, _ in named:
        if print_ is not None:
            try:
                given[label] = read_fingerprint(print_)
            except ParentageError as error:
                evidence.append(_unreadable(label, error))
    seeds = [g.scheme.seed for g in given.values()]
    seed = seeds[0] if seeds else seed
    found: list[Point] = []
    for label, kind, step, whole, _, optimizer in named:
        made = given.get(label)
        path: Reference | None = whole
        if whole is not None:
            try:
                made = fingerprint(whole, name=label, seed=seed, size=size)
            except ParentageError as error:
                evidence.append(_unreadable(label, error))
                path = None
        if made is not None:
            found.append(Point(label, kind, step, made, path, optimizer))
    released = None
    if final is not None:
        made = fingerprint(final, name="released", seed=seed, size=size)
        path = None if _is_given(final) else final
        released = Point("released", "released", None, made, path)
    start = next((p for p in found if p.kind == "step-0"), None)
    rest = tuple(p for p in found if p.kind == "checkpoint")
    return Points(start, rest, released, evidence, seed)


def whole_of(point: Point) -> Path:
    """The folder of a point's whole weights, for what has to run the model.

    Raises:
        RerunError: only a fingerprint was handed in.
    """
    if not isinstance(point.whole, (str, Path)):
        raise RerunError("only a fingerprint was handed in", file=point.label)
    return Path(point.whole)


def _is_given(place: Reference) -> bool:
    return isinstance(place, (str, Path)) and is_fingerprint(place)


_Named = tuple[str, Kind, int, Path | None, Path | None, Path | None]


def _named(packet: Packet) -> list[_Named]:
    """Label, kind, step, whole weights, fingerprint and optimizer state of each."""
    m = packet.manifest
    rows: list[_Named] = []
    start = m.initialisation
    if start is not None and (start.weights or start.fingerprint):
        whole, print_ = packet.usable(start.weights), packet.usable(start.fingerprint)
        if whole or print_:
            rows.append(("step 0", "step-0", 0, whole, print_, None))
    for point in m.checkpoints:
        kind: Kind = "step-0" if point.step == 0 else "checkpoint"
        if kind == "step-0" and rows:
            continue
        whole, print_ = packet.usable(point.weights), packet.usable(point.fingerprint)
        if whole or print_:
            state = packet.usable(point.optimizer)
            label = f"step {point.step}"
            rows.append((label, kind, point.step, whole, print_, state))
    return rows


def _unreadable(label: str, error: ParentageError) -> RecordEvidence:
    facts: dict[str, str | int | float | bool | None] = {"error": str(error)}
    return RecordEvidence(
        "chain", "exact", "missing", label, "weights-unreadable", facts=facts
    )


def path_of(points: Sequence[Point]) -> WeightPath:
    """The values that all points hold of the same tensors."""
    held = [_by_place(p.made.held) for p in points]
    readers = [HeldReader(p.made) for p in points]
    strands, left_out = [], 0
    for key, tensor in held[0].items():
        sides = [h.get(key) for h in held]
        tensors = [t for t in sides if t is not None]
        tiles = [p.made.tile(t) for p, t in zip(points, tensors, strict=False)]
        if len(tensors) < len(points) or any(t is None for t in tiles):
            left_out += 1
            continue
        cut = common_cut([t for t in tiles if t is not None])
        if cut is None or any(t.shape != tensor.shape for t in tensors):
            left_out += 1
            continue
        values = [r.rectangle(t, cut) for r, t in zip(readers, tensors, strict=True)]
        strands.append(
            Strand(
                tensor.module,
                tensor.role,
                tensor.layer,
                tensor.expert,
                tensor.view.tensor,
                np.stack(values),
                tuple(t.dtype for t in tensors),
            )
        )
    return WeightPath(
        tuple(p.label for p in points),
        tuple(p.step for p in points),
        tuple(strands),
        left_out,
    )


_Place = tuple[str, str, str, int | None, int | None]


def _by_place(model: Model) -> dict[_Place, Tensor]:
    found: dict[_Place, Tensor] = {}
    for module in model.modules:
        for t in module.tensors:
            found.setdefault((t.module, t.block, t.role, t.layer, t.expert), t)
    return found
