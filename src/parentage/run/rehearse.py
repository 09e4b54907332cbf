# SPDX-License-Identifier: Apache-2.0
"""A rehearsal: the tests of an audit on random numbers in place of weights.

What will run, on how many coins, in how large a family and with which power depends on
shapes, budget and seed; so the audit's own code is run on values drawn at random, and
the power is computed by the functions that reports use. No weight is looked at.

What a rehearsal cannot know: how strongly the entries of trained rows depend on each
other (it assumes not at all; nearly so in layers, far from it in output matrices, see
``docs/commands/plan.md``), layers that are copies of each other, tables of fixed
positions, and names found by content.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from parentage.artifact.checkpoint import Checkpoint
from parentage.evidence.module import ALIGNED, ModuleEvidence
from parentage.evidence.samples import Floats
from parentage.model.description import View
from parentage.run.alignment import plan_tests
from parentage.run.exact import gather
from parentage.run.pairing import ModulePair
from parentage.run.plan import Cut, Plan, seeded
from parentage.run.sampler import Reader
from parentage.verdict.finding import Criteria
from parentage.verdict.judge import family_size
from parentage.verdict.power import detectable

if TYPE_CHECKING:
    from parentage.run.audit import Opened

PROBABILITIES = (0.8, 0.95)
"""Probabilities of detection that power is stated for."""


class RandomReader(Reader):
    """Gives independent normal values of the right shape; reads nothing."""

    def __init__(self, checkpoint: Checkpoint, side: str, seed: int) -> None:
        super().__init__(checkpoint)
        self._rng = seeded(seed, "rehearsal", side)

    def prefetch(self, wanted: Iterable[tuple[View, Cut]]) -> None:
        """Nothing: no weight is looked at."""

    def values(self, view: View, cut: Cut) -> Floats:  # noqa: ARG002
        """Values in place of a rectangle's."""
        shape = tuple(sum(stop - start for start, stop in axis) for axis in cut)
        drawn: Floats = self._rng.standard_normal(shape, dtype=np.float32)
        return drawn


@dataclass(frozen=True)
class Rehearsed:
    """What an audit will run and can find.

    Attributes:
        evidence: of random numbers: its counts are those of the audit, its values
            mean nothing.
        plans: for every reference, the pairs and what is read of them.
        family: number of exact tests of the whole audit.
        criteria: levels and floors.
    """

    evidence: list[ModuleEvidence]
    plans: list[tuple[list[ModulePair], Plan]]
    family: int
    criteria: Criteria

    def power(self, item: ModuleEvidence) -> list[tuple[float, float | None]]:
        """For each probability the smallest correlation that is found with it."""
        return [
            (p, detectable(item, self.family, replace(self.criteria, power=p)))
            for p in PROBABILITIES
        ]


def rehearse(
    own: Opened,
    references: Sequence[Opened],
    *,
    budget: int,
    undo: bool,
    seed: int,
    criteria: Criteria,
) -> Rehearsed:
    """Run an audit's exact tier on random numbers.

    Args:
        own: the candidate.
        references: at least one.
        budget: bytes that the audit may read of each model.
        undo: whether relabellings would be undone, whose tests are paid for.
        seed: of the audit.
        criteria: levels and floors.
    """
    sides = iter(range(1 + len(references)))

    def reader(checkpoint: Checkpoint, keep: bool) -> Reader:  # noqa: ARG001
        return RandomReader(checkpoint, str(next(sides)), seed)

    found = gather(own, references, budget=budget, seed=seed, make_reader=reader)
    if undo:
        plan_tests(found.evidence, own)
    return Rehearsed(found.evidence, found.plans, family_size(found.evidence), criteria)


def tests_of(item: ModuleEvidence) -> list[tuple[str, int]]:
    """Methods that will run on a pair of modules, and what each rests on."""
    found: dict[str, int] = {}
    for e in item.evidence:
        if e.n > 0 and e.value is not None:
            found[e.method] = found.get(e.method, 0) + e.n
    for layer_map in item.maps:
        found["layer-map"] = found.get("layer-map", 0) + layer_map.tests()
    if item.planned:
        found[ALIGNED] = item.planned
    return list(found.items())


def coins_of(item: ModuleEvidence) -> int:
    """Coins that the power statement of a pair of modules rests on."""
    coins = sum(n for n, _ in item.coin_groups())
    return coins or max((e.n for e in item.evidence if e.residual_group), default=0)
