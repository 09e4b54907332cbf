# SPDX-License-Identifier: Apache-2.0
"""Sequential audits: read layer by layer, stop where a module is decided.

Layers come in an order fixed by the seed. Each one's coins (:mod:`evidence.coins`) are
independent and fair given all earlier layers, if the module's initial weights were
drawn independently of the reference's: the flips and exchanges of its own units are as
likely as not, whatever anything else is. So the wealth of
:class:`parentage.stats.eprocess.EProcess` may be looked at after every layer. A module
whose wealth pays for the whole family, with an effect above the floor, is read no
further. Everything else is read to its full budget and tested as in any audit.

The family is counted on a rehearsal, before anything is looked at: all tests of the
full audit, whether or not they come to run, and one sequential test of every pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.copies import COPIED_Z
from parentage.evidence.layer_map import collect
from parentage.evidence.module import SEQUENTIAL, ModuleEvidence
from parentage.evidence.samples import BlockSamples
from parentage.evidence.units import GROUPS, applicable, parts
from parentage.run.compare import add_similarity
from parentage.run.pairing import BlockPair, ModulePair
from parentage.run.plan import Plan, block_key, seeded, selected
from parentage.run.rehearse import rehearse
from parentage.run.sampler import Reader, read_block
from parentage.stats.coins import Part, count
from parentage.stats.eprocess import EProcess
from parentage.verdict.finding import Criteria

if TYPE_CHECKING:
    from parentage.run.audit import Opened

FEWEST = 100
"""Coins of two layers of the candidate from which copies are told from chance.

Two layers that agree in so many coins by chance as copies do (six deviations) are
rarer than 1e-9, so leaving copies out changes the wealth expected under the null by
less than that. Layers with fewer coins are not bet on.
"""

FEW_LAYERS = 2
"""Modules with fewer layers have nothing to stop before."""


@dataclass(frozen=True)
class Stages:
    """What is fixed before the first weight is looked at.

    Attributes:
        family: exact tests of the whole audit, sequential ones included.
        reserved: (module, reference, reference module) -> tests paid for.
        criteria: levels and floors.
        seed: decides the order of the layers.
    """

    family: int
    reserved: dict[tuple[str, str, str], int]
    criteria: Criteria
    seed: int

    @classmethod
    def of(
        cls,
        own: Opened,
        references: Sequence[Opened],
        *,
        budget: int,
        undo: bool,
        seed: int,
        criteria: Criteria,
    ) -> Stages:
        """Count the family of an audit on a rehearsal.

        Args:
            own, references: the models.
            budget, seed: of the audit.
            undo: whether tests of aligned units are paid for.
            criteria: levels and floors.
        """
        found = rehearse(
            own, references, budget=budget, undo=undo, seed=seed, criteria=criteria
        )
        reserved = {
            (item.module, item.reference, item.reference_module): item.tests()
            - item.planned
            + 1
            for item in found.evidence
            if item.reference_module
        }
        return cls(found.family + len(reserved), reserved, criteria, seed)

    def level(self, search: float) -> float:
        """``log10`` of the wealth that decides."""
        return math.log10(self.family) + search - self.criteria.log10_alpha

    def run(
        self,
        pair: ModulePair,
        plan: Plan,
        readers: tuple[Reader, Reader],
        *,
        reference: str,
        search: float,
    ) -> ModuleEvidence | None:
        """Read one layer after the other until the module is decided.

        Args:
            pair: the modules.
            plan: what to read of each layer.
            readers: of both models; what they read must be kept for the full audit.
            reference: what the reference is called.
            search: ``log10`` of the names that were tried for this pair.

        Returns:
            Evidence with one sequential test; :attr:`ModuleEvidence.stopped` says
            whether it decided. ``None`` where the module has no layers to go by.
        """
        order = self.order(pair)
        if len(order) < FEW_LAYERS:
            return None
        result = ModuleEvidence(pair.candidate.name, pair.reference.name, reference)
        walk = _Walk()
        level = self.level(search)
        read = 0
        for layer in order:
            read += 1
            blocks = _read_layer(pair, layer, plan, readers)
            walk.add(blocks)
            for samples in blocks:
                add_similarity(result, samples, None)
            enough = walk.effect >= self.criteria.effect_floor
            if walk.process.log10_e >= level and enough:
                result.stopped = True
                break
        result.compared = [b.block for b in pair.blocks]
        result.evidence.append(self._evidence(pair, plan, walk, order[:read], level))
        if not result.stopped:
            # The full audit describes the whole module; only the test goes with it.
            result = replace(
                result, tallies={}, partners={}, elements=0, truncated=[], compared=[]
            )
        return result

    def order(self, pair: ModulePair) -> list[int]:
        """Layers that both have, in the order in which they are read."""
        left = {s[0] for b in pair.blocks for r in b.roles for s in r.candidate}
        right = {s[0] for b in pair.blocks for r in b.roles for s in r.reference}
        common = sorted(layer for layer in left & right if layer is not None)
        # Not of the reference: equal plans must read equal places of the candidate.
        rng = seeded(self.seed, "sequential", pair.candidate.name, len(common))
        return [common[i] for i in rng.permutation(len(common))]

    def _evidence(
        self,
        pair: ModulePair,
        plan: Plan,
        walk: _Walk,
        read: Sequence[int],
        level: float,
    ) -> Evidence:
        process = walk.process
        stopped = process.log10_e >= level and walk.effect >= self.criteria.effect_floor
        total, part = (
            plan.of_modules(pair.candidate.name, pair.reference.name),
            _bytes_of(pair, plan, read),
        )
        details: dict[str, object] = {
            "decided": stopped,
            "log10 e needed": level,
            "heads": process.heads,
            "element correlation": walk.effect,
            "layers read": len(read),
            "layers": len(self.order(pair)),
            "copies left out": walk.copies,
            "bytes read of candidate": part[0] if stopped else total[0],
            "bytes read of reference": part[1] if stopped else total[1],
            "bytes planned of candidate": total[0],
            "bytes planned of reference": total[1],
        }
        return Evidence(
            SEQUENTIAL,
            "exact",
            Subject(pair.candidate.name),
            "log10 e",
            process.log10_e,
            process.trials,
            log10_p=process.log10_p,
            effect=walk.effect if stopped else None,
            details=details,
        )


@dataclass
class _Walk:
    """Wealth and effect over the layers read so far."""

    process: EProcess = field(default_factory=EProcess)
    cross: float = 0.0
    scale: float = 0.0
    copies: int = 0
    _seen: list[dict[tuple[str, int], Part]] = field(default_factory=list)

    @property
    def effect(self) -> float:
        """Element correlation of same-numbered units."""
        return self.cross / self.scale if self.scale > 0 else 0.0

    def add(self, blocks: Sequence[BlockSamples]) -> None:
        """Bet on a layer's coins, unless it is a copy of one that was bet on."""
        own = {
            (f"{samples.block}: {group.name}", number): part
            for samples in blocks
            for group in GROUPS
            if applicable(group, samples)
            for number, part in enumerate(parts(group, samples))
        }
        copied = self._copied(own)
        if copied is not False:
            self.copies += copied is True
            return
        self._seen.append(own)
        heads = trials = 0
        for samples in blocks:
            for item in collect(samples, effective=False):
                inner = item.pooled()
                heads += int((inner > 0).sum())
                trials += int((inner != 0).sum())
                self.cross += float(item.coins.cross.sum())
                self.scale += float(item.coins.scale.sum())
        self.process.add(heads, trials)

    def _copied(self, own: dict[tuple[str, int], Part]) -> bool | None:
        """Whether a layer agrees with an earlier one as copies do; ``None``: unclear.

        Copies share their flips, so they would be bet on twice.
        """
        if sum(len(np.unique(part.units)) for part in own.values()) < FEWEST:
            return None
        heads, trials = np.zeros(len(self._seen)), np.zeros(len(self._seen))
        for key, part in own.items():
            places = [i for i, seen in enumerate(self._seen) if key in seen]
            if not places:
                continue
            others = np.concatenate([self._seen[i][key].candidate for i in places])
            coins = count([Part(part.units, part.candidate, others)], effective=False)
            heads[places] += coins.heads[0]
            trials[places] += coins.trials[0]
        z = (2 * heads - trials) / np.sqrt(np.maximum(trials, 1))
        return bool((z > COPIED_Z).any())


def _read_layer(
    pair: ModulePair, layer: int, plan: Plan, readers: tuple[Reader, Reader]
) -> list[BlockSamples]:
    found = []
    for block in pair.blocks:
        if block.block != block.reference_block:
            continue
        part = _only(block, layer)
        samples = read_block(pair, part, plan, *readers) if part.roles else None
        if samples is not None:
            found.append(samples)
    return found


def _only(block: BlockPair, layer: int) -> BlockPair:
    """One layer of a block, in the roles that both models have there."""
    roles = []
    for role in block.roles:
        left = {s: t for s, t in role.candidate.items() if s[0] == layer}
        right = {s: t for s, t in role.reference.items() if s[0] == layer}
        if left and right:
            roles.append(replace(role, candidate=left, reference=right))
    return replace(block, roles=tuple(roles))


def _bytes_of(pair: ModulePair, plan: Plan, layers: Sequence[int]) -> tuple[int, int]:
    """Bytes that a plan reads of some layers of both."""
    wanted = set(layers)
    totals = [0, 0]
    for block in pair.blocks:
        if block.block != block.reference_block:
            continue
        experts = plan.experts[block_key(pair, block)]
        for role in block.roles:
            sizes = plan.sizes.get((*block_key(pair, block), role.role))
            if sizes is None:
                continue
            for side, slots in enumerate((role.candidate, role.reference)):
                chosen = selected(slots, experts)
                here = sum(s[0] in wanted for s in chosen)
                totals[side] += sizes[side] * here // max(len(chosen), 1)
    return totals[0], totals[1]
