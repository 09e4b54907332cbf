# SPDX-License-Identifier: Apache-2.0
"""Highest wealth of independent pairs, one number for every run."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.module import ModuleEvidence
from parentage.run.exact import rooms
from parentage.run.sampler import Reader
from parentage.run.sequential import Stages
from parentage.stats.eprocess import log10_wealth
from parentage.stats.tails import log10_binomial_tail
from parentage.testing.memory import MemoryCheckpoint, load
from parentage.testing.relabel import relabel
from parentage.testing.synthetic import Shape, random_model
from parentage.verdict.finding import Criteria

ROOT = Path(__file__).resolve().parents[2]
Floats = NDArray[np.float64]

SHAPE = Shape(hidden_size=16, intermediate_size=112, num_hidden_layers=6, vocab_size=32)
"""Random models: six layers of about 150 coins each."""

NEVER = Criteria(log10_alpha=-1e9)
"""A level that nothing reaches, so that every run goes through all layers."""


def coins(runs: int, trials: int, seed: int) -> tuple[Floats, Floats]:
    """Fair coins looked at after every one.

    Returns:
        Of each run the highest ``log10`` wealth, and the smallest ``log10 p`` of the
        binomial test of a fixed sample, misused in the same way.
    """
    wealth = np.full((trials + 1, trials + 1), -np.inf)
    tail = np.zeros((trials + 1, trials + 1))
    for n in range(1, trials + 1):
        heads = np.arange(n + 1)
        wealth[n, : n + 1] = log10_wealth(heads, n - heads)
        tail[n, : n + 1] = [log10_binomial_tail(int(h), n) for h in heads]
    rng = np.random.default_rng(seed)
    looks = np.arange(1, trials + 1)
    highest, smallest = np.zeros(runs), np.zeros(runs)
    for run in range(runs):
        up = rng.integers(0, 2, trials).cumsum()
        highest[run] = wealth[looks, up].max()
        smallest[run] = tail[looks, up].min()
    return np.maximum(highest, 0.0), smallest


def walk(own: MemoryCheckpoint, other: MemoryCheckpoint, seed: int) -> ModuleEvidence:
    """The sequential part of an audit of two models' decoders or encoders."""
    left, right = own.opened("candidate"), other.opened("reference")
    (room,) = rooms(left, [right], 10**9)
    plan = room.plan(room.pairs, seed)
    pair = max(room.pairs, key=lambda p: p.candidate.layers)
    readers = (
        Reader(left.checkpoint, keep=True),
        Reader(right.checkpoint, keep=True),
    )
    stages = Stages(1, {}, NEVER, seed)
    found = stages.run(pair, plan, readers, reference="reference", search=0.0)
    if found is None:
        message = f"{own.name} has no layers to go by"
        raise ValueError(message)
    return found


def highest(found: ModuleEvidence) -> float:
    """Highest ``log10`` wealth after any layer; at least 0, that of the start."""
    (evidence,) = found.evidence
    return -(evidence.log10_p or 0.0)


def weights(job: tuple[int, int]) -> list[float]:
    """Independent random models, read layer by layer by the audit's own code."""
    first, count = job
    rows = []
    for seed in range(first, first + count):
        own = MemoryCheckpoint(random_model(SHAPE, 2 * seed, "F32"), SHAPE.config())
        other = MemoryCheckpoint(
            random_model(SHAPE, 2 * seed + 1, "F32"), SHAPE.config()
        )
        rows.append(highest(walk(own, other, seed)))
    return rows


def bundled(job: tuple[str, str, int, int]) -> list[float]:
    """A bundled independent pair; the candidate is relabelled anew in every run."""
    candidate, reference, first, count = job
    own = load(ROOT / "zoo/models" / candidate)
    other = load(ROOT / "zoo/models" / reference)
    rows = []
    for seed in range(first, first + count):
        rng = np.random.default_rng([seed, *map(ord, candidate + reference)])
        rows.append(highest(walk(relabel(own, rng), other, seed)))
    return rows


def rate(values: Floats, alpha: float) -> float:
    """Share of runs whose wealth ever reached ``1 / alpha``."""
    return float((values >= -math.log10(alpha)).mean())
