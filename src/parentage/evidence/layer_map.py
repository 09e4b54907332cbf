# SPDX-License-Identifier: Apache-2.0
"""Coins of one block for every pair of layers: who descends from whom, by layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.copies import Copies
from parentage.evidence.samples import BlockSamples, Sample
from parentage.evidence.units import GROUPS, Action, Group, applicable, parts
from parentage.stats.coins import Coins, count, ratio
from parentage.stats.tails import log10_binomial_tail


@dataclass(frozen=True)
class GroupCoins:
    """Coins of one kind of unit in one block.

    Attributes:
        group: the kind of unit.
        coins: its coins for all pairs of layers, with the products of equal layer
            numbers, for tests that pool layers or need magnitudes.
        same: positions of equal layer numbers.
        clusters: positions in ``same`` of layers that are copies of each other in
            the candidate; they share their flips. Other layers stand alone.
    """

    group: Group
    coins: Coins
    same: tuple[tuple[int, int], ...]
    clusters: tuple[tuple[int, ...], ...]

    def pooled(self) -> NDArray[np.float64]:
        """Inner products, one row per independent cluster of layers."""
        rows = [self.coins.inner[list(c)].sum(axis=0) for c in self.clusters]
        return np.stack(rows) if rows else np.zeros((0, self.coins.inner.shape[1]))


def collect(
    block: BlockSamples, copies: Copies | None = None, *, effective: bool = True
) -> list[GroupCoins]:
    """Coins of every kind of unit whose symmetry holds in this block.

    Args:
        block: the samples.
        copies: told how far the candidate's own layers agree.
        effective: whether the number of features is wanted, for a power statement.
    """
    same = same_layers(next(iter(block.samples.values())))
    pieces = [
        (group, found)
        for group in GROUPS
        if applicable(group, block) and (found := parts(group, block))
    ]
    if copies is not None:
        layers = next(iter(block.samples.values())).candidate_layers
        copies.add([part for _, found in pieces for part in found], layers)
    alone = tuple((i,) for i in range(len(same)))
    return [
        GroupCoins(group, count(found, same, effective=effective), same, alone)
        for group, found in pieces
    ]


def clustered(
    item: GroupCoins, rows: tuple[int | None, ...], copies: list[list[int | None]]
) -> GroupCoins:
    """The same coins, with layers that are copies of each other sharing theirs."""
    place = {rows[row]: i for i, (row, _) in enumerate(item.same)}
    groups = [tuple(place[x] for x in group if x in place) for group in copies]
    return replace(item, clusters=tuple(g for g in groups if g))


def same_layers(sample: Sample) -> tuple[tuple[int, int], ...]:
    """Positions of equal layer numbers in candidate and reference."""
    where = {layer: i for i, layer in enumerate(sample.reference_layers)}
    return tuple(
        (i, where[layer])
        for i, layer in enumerate(sample.candidate_layers)
        if layer in where
    )


@dataclass(frozen=True)
class LayerMap:
    """Coins of a block, all pairs of layers, all of its independent groups pooled.

    Attributes:
        module, block, reference_block: what was compared.
        rows, columns: layer numbers of candidate and reference.
        heads, trials: ``(rows, columns)`` counts.
        cross, scale: numerator and denominator of the element correlation.
        groups: name, action, coins of one layer and effective features, per group.
        same: positions of equal layer numbers.
        clusters: number of independent clusters among them.
    """

    module: str
    block: str
    reference_block: str
    rows: tuple[int | None, ...]
    columns: tuple[int | None, ...]
    heads: NDArray[np.int64]
    trials: NDArray[np.int64]
    cross: NDArray[np.float64]
    scale: NDArray[np.float64]
    groups: tuple[tuple[str, Action, int, float], ...]
    same: tuple[tuple[int, int], ...]
    clusters: int

    @property
    def correlation(self) -> NDArray[np.float64]:
        """Element correlation of same-numbered units, ``(rows, columns)``."""
        return ratio(self.cross, self.scale)

    @property
    def z(self) -> NDArray[np.float64]:
        """Standardised count, only for choosing and drawing."""
        trials = self.trials.astype(np.float64)
        return ratio(2 * self.heads - trials, np.sqrt(trials))

    def log10_p(self, row: int, column: int) -> float:
        """Exact ``log10 p`` of one pair of layers (positions, not numbers)."""
        return log10_binomial_tail(
            int(self.heads[row, column]), int(self.trials[row, column])
        )

    def best(self, row: int) -> int:
        """Position of the reference layer that agrees most with a candidate layer.

        Ties (two copies of one layer) go to the smaller number.
        """
        return int(np.argmax(self.z[row]))

    def tests(self) -> int:
        """How many layer pairs could be judged on their own."""
        return int(np.count_nonzero(self.trials))


def layer_map(block: BlockSamples, collected: list[GroupCoins]) -> LayerMap | None:
    """Pool a block's groups into one map; ``None`` where nothing could be compared."""
    if not collected:
        return None
    sample = next(iter(block.samples.values()))
    diagonal = [
        (
            item.group.name,
            item.group.action,
            int(item.coins.trials[0, 0]),
            item.coins.features,
        )
        for item in collected
    ]

    def total(part: Callable[[Coins], NDArray[Any]]) -> NDArray[Any]:
        summed: NDArray[Any] = np.sum([part(item.coins) for item in collected], axis=0)
        return summed

    return LayerMap(
        module=block.module,
        block=block.block,
        reference_block=block.reference_block,
        rows=sample.candidate_layers,
        columns=sample.reference_layers,
        heads=total(lambda c: c.heads).astype(np.int64),
        trials=total(lambda c: c.trials).astype(np.int64),
        cross=total(lambda c: c.cross).astype(np.float64),
        scale=total(lambda c: c.scale).astype(np.float64),
        groups=tuple(diagonal),
        same=collected[0].same,
        clusters=len(collected[0].clusters),
    )


@dataclass(frozen=True)
class Cell:
    """A candidate layer's best reference layer in one block."""

    module: str
    block: str
    layer: int | None
    reference_layer: int | None
    heads: int
    trials: int
    log10_p: float
    correlation: float


def best_cells(found: LayerMap) -> list[Cell]:
    """For every candidate layer its best partner, with the *uncorrected* p-value.

    The choice among the reference's layers is paid for by whoever counts the family:
    every pair of layers is one test of it.
    """
    cells = []
    for row, layer in enumerate(found.rows):
        column = found.best(row)
        cells.append(
            Cell(
                found.module,
                found.block,
                layer,
                found.columns[column],
                int(found.heads[row, column]),
                int(found.trials[row, column]),
                found.log10_p(row, column),
                float(found.correlation[row, column]),
            )
        )
    return cells


def expected_heads(trials: int) -> tuple[float, float]:
    """Mean and standard deviation of the count under the null."""
    return trials / 2, math.sqrt(trials) / 2
