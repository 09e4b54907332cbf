# SPDX-License-Identifier: Apache-2.0
"""Reads optimizer states of a training record: safetensors, never a pickle.

The moments of tensor ``NAME`` stand as ``NAME.exp_avg`` and ``NAME.exp_avg_sq``, named
and shaped as in the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.checkpoint import Checkpoint, open_checkpoint
from parentage.errors import ParentageError
from parentage.evidence.checkpoint_motion import Moments, optimizer_evidence
from parentage.evidence.checkpoint_path import Path
from parentage.evidence.record import RecordEvidence
from parentage.model.description import Range, Tensor
from parentage.model.rectangle import read_rectangle
from parentage.run.training_points import Point
from parentage.training.manifest import Manifest

BY_TOKEN = frozenset({"embedding", "head"})
"""Modules that are left out where there are others: their rows belong to tokens, and
how often a token occurs moves them alike in any two runs."""

LEAST = 2
"""Last parts of a name that must agree."""

FIRST, SECOND = ".exp_avg", ".exp_avg_sq"


def state_evidence(
    manifest: Manifest, points: Sequence[Point], path: Path
) -> list[RecordEvidence]:
    """One result for every checkpoint with an optimizer state.

    Args:
        manifest: of the record.
        points: step 0 and checkpoints.
        path: of the same points.
    """
    found = []
    for number, point in enumerate(points):
        if point.optimizer is None:
            continue
        try:
            with open_checkpoint(point.optimizer) as state:
                moments = _moments(state, point, path)
        except ParentageError as error:
            found.append(
                RecordEvidence(
                    "optimizer-state",
                    "calibrated",
                    "missing",
                    point.label,
                    "optimizer-unreadable",
                    facts={"error": str(error)},
                )
            )
            continue
        found.append(
            optimizer_evidence(path, number, moments, betas=_betas(manifest, point))
        )
    if not found:
        found.append(
            RecordEvidence(
                "optimizer-state",
                "calibrated",
                "missing",
                "checkpoints",
                "optimizer-none",
            )
        )
    return found


def _betas(manifest: Manifest, point: Point) -> tuple[float, float] | None:
    for stage in manifest.stages:
        if stage.leads_to(point.step or 0):
            return stage.optimizer.betas if stage.optimizer else None
    return None


def _moments(state: Checkpoint, point: Point, path: Path) -> list[Moments]:
    names = {
        (s.module, s.role, s.layer, s.expert, s.name): i
        for i, s in enumerate(path.strands)
    }
    found = []
    hidden = any(s.module not in BY_TOKEN for s in path.strands)
    for module in point.made.held.modules:
        for tensor in module.tensors:
            view = tensor.view
            key = (*_place(tensor), view.tensor)
            place = names.get(key)
            if place is None or not path.strands[place].is_matrix:
                continue
            if hidden and module.name in BY_TOKEN:
                continue
            tile = point.made.tile(tensor)
            shape = path.strands[place].values.shape[1:]
            if tile is None or tile.values.shape != shape:
                continue
            name = _state_name(state, view.tensor, point)
            if name is None:
                continue
            first = _read(state, name + FIRST, tensor, tile.cut)
            second = _read(state, name + SECOND, tensor, tile.cut)
            found.append(Moments(place, first, second))
    return found


def _place(tensor: Tensor) -> tuple[str, str, int | None, int | None]:
    return tensor.module, tensor.role, tensor.layer, tensor.expert


def _state_name(state: Checkpoint, name: str, point: Point) -> str | None:
    """The name that a tensor has in the optimizer's state.

    Wrappers put parts before a name; the one with the most equal last parts is meant,
    if there is only one.
    """
    stored = point.made.sampled[name].shape
    parts = name.split(".")

    def common(other: str) -> int:
        pairs = zip(reversed(parts), reversed(other.split(".")), strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), len(parts))

    fitting = [
        key.removesuffix(FIRST)
        for key, entry in state.entries.items()
        if key.endswith(FIRST)
        and entry.shape == stored
        and key.removesuffix(FIRST) + SECOND in state.entries
        and state.entries[key.removesuffix(FIRST) + SECOND].shape == stored
    ]
    if name in fitting:
        return name
    ranked = sorted(((common(key), key) for key in fitting), reverse=True)
    if not ranked or ranked[0][0] < LEAST:
        return None
    alone = len(ranked) == 1 or ranked[1][0] < ranked[0][0]
    return ranked[0][1] if alone else None


def _read(
    state: Checkpoint, name: str, tensor: Tensor, cut: tuple[tuple[Range, ...], ...]
) -> NDArray[np.float32]:
    def named(
        _: str, grid: tuple[int, ...], select: tuple[Range, ...]
    ) -> NDArray[np.float32]:
        return state.read_float32(name, grid, select)

    read: Callable[[str, tuple[int, ...], tuple[Range, ...]], NDArray[np.float32]] = (
        named
    )
    return read_rectangle(read, tensor.view, cut, np.float32)
