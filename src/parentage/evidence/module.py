# SPDX-License-Identifier: Apache-2.0
"""Everything found out about one module of the candidate and one of the reference."""

from __future__ import annotations

from dataclasses import dataclass, field

from parentage.evidence.base import Evidence
from parentage.evidence.layer_map import LayerMap
from parentage.evidence.similarity import Tally

ALIGNED = "aligned-coins"
"""Exact tests of units that were aligned first; they are planned before they run."""

SEQUENTIAL = "sequential"
"""Exact test that may stop the reading of a module early."""


@dataclass(frozen=True)
class NormTrap:
    """Raw cosine of norm gains beside what shuffling and centring leave of it.

    Attributes:
        vectors: gain vectors compared.
        cosine, shuffled, pearson: means over the vectors.
    """

    vectors: int
    cosine: float
    shuffled: float
    pearson: float


@dataclass
class ModuleEvidence:
    """Evidence about a pair of modules, before anybody judges it.

    Attributes:
        module, reference_module: names of the two modules.
        reference: which reference model it is.
        evidence: pooled evidence of the whole module.
        maps: one map of all layer pairs for every block.
        tallies: (block, layer) -> aligned similarity with that layer's partner.
        partners: (block, layer) -> layer of the reference it was held against.
        norms: the norm-cosine trap, where the module has norm gains.
        elements: values read of the candidate's module.
        truncated: roles whose shapes differ, so only a common range was compared.
        compared: blocks of which something was read in both models.
        reason: why nothing could be compared, if so.
        search: ``log10`` of the number of ways in which names were looked for by
            content; every exact p-value of the module is multiplied by it.
        fixed_positions: a fixed position table was found in the residual stream.
        planned: exact tests of aligned units that are paid for, run or not.
        cell_search: the same for one layer of a block, by block.
        reserved: exact tests that were paid for before anything was looked at, run or
            not; so that stopping early takes no test out of the family.
        stopped: a sequential test decided, and the rest of the module was not read.
    """

    module: str
    reference_module: str
    reference: str
    evidence: list[Evidence] = field(default_factory=list)
    maps: list[LayerMap] = field(default_factory=list)
    tallies: dict[tuple[str, int | None], Tally] = field(default_factory=dict)
    partners: dict[tuple[str, int | None], int | None] = field(default_factory=dict)
    norms: NormTrap | None = None
    elements: int = 0
    truncated: list[str] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)
    reason: str | None = None
    search: float = 0.0
    cell_search: dict[str, float] = field(default_factory=dict)
    fixed_positions: bool = False
    planned: int = 0
    reserved: int = 0
    stopped: bool = False

    @property
    def tally(self) -> Tally:
        """Aligned similarity over the whole module."""
        total = Tally()
        for part in self.tallies.values():
            total.merge(part)
        return total

    def coin_groups(self) -> list[tuple[int, float]]:
        """(coins, features) of the pooled coin tests, for the power statement."""
        return [
            (coins * found.clusters, features)
            for found in self.maps
            if found.block == found.reference_block
            for _, _, coins, features in found.groups
        ]

    def tests(self) -> int:
        """Number of exact tests: pooled and planned ones, every pair of layers."""
        ran = [e for e in self.evidence if e.is_exact_test]
        aligned = sum(e.method == ALIGNED for e in ran)
        others = len(ran) - aligned + sum(found.tests() for found in self.maps)
        return max(others, self.reserved) + max(aligned, self.planned)
