# SPDX-License-Identifier: Apache-2.0
"""All evidence about one module of the candidate and one of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from parentage.evidence.base import Evidence
from parentage.evidence.coins import pooled_coins
from parentage.evidence.copies import Copies
from parentage.evidence.fixed_points import fixed_points, groups_of_block
from parentage.evidence.layer_map import (
    GroupCoins,
    LayerMap,
    clustered,
    collect,
    layer_map,
)
from parentage.evidence.module import ModuleEvidence, NormTrap
from parentage.evidence.permutation_trace import permutation_trace
from parentage.evidence.pooled_residual import embedding_columns, pooled_residual
from parentage.evidence.residual_profile import (
    embedding_profile,
    is_position_table,
    vector_profile,
)
from parentage.evidence.samples import BlockSamples, Floats, Sample
from parentage.evidence.similarity import Tally, distinct_rows
from parentage.run.pairing import ModulePair
from parentage.run.plan import Plan
from parentage.run.sampler import Rectangles, read_block
from parentage.stats.similarity import Similarity, similarity

STRONG_Z = 6.0
"""A layer's partner is another layer than its own number only beyond this."""

MATCHED = (
    "the order test matched the residual dims of the two widths, which leaves no "
    "relabelling of them to test with"
)

SINUSOIDAL = (
    "positions are a fixed table, so relabelling the residual dims changes the "
    "function; tests that rest on it do not apply"
)


def compare_modules(
    pair: ModulePair,
    plan: Plan,
    candidate: Rectangles,
    reference: Rectangles,
    *,
    name: str,
    seed: int,
    orders: Sequence[Evidence] = (),
    fixed_positions: bool = False,
) -> ModuleEvidence:
    """Run every test on a pair of modules, reading block by block.

    Args:
        pair: the modules with the roles they share.
        plan: what to read.
        candidate, reference: readers of the two models.
        name: what the reference is called in the report.
        seed: for Monte-Carlo ranks and shuffles.
        orders: order tests of this pair, where widths differ.
        fixed_positions: a module of the same residual stream has a fixed table.
    """
    result = ModuleEvidence(pair.candidate.name, pair.reference.name, name)
    result.fixed_positions = fixed_positions
    pooled: list[tuple[LayerMap, GroupCoins]] = []
    units: list[tuple[int | None, Floats, Floats]] = []
    copies = Copies()
    vectors: list[Sample] = []
    embeddings: list[BlockSamples] = []
    for block in pair.blocks:
        samples = read_block(pair, block, plan, candidate, reference)
        if samples is None:
            continue
        result.compared.append(block.block)
        main = block.block == block.reference_block
        collected = collect(samples, copies if main else None)
        found = layer_map(samples, collected)
        if found is not None:
            result.maps.append(found)
        if main and found is not None:
            pooled += [(found, item) for item in collected]
            units += groups_of_block(samples)
        add_similarity(result, samples, found)
        vectors += [s for s in samples.samples.values() if s.axes == ("residual",)]
        if block.block in {"embedding", "head", "projector", "other"} or any(
            role == "residual_rows" for role in samples.samples
        ):
            embeddings.append(samples)
    _pool(result, pooled, units, copies.clusters(), seed)
    _residual(result, pair, vectors, embeddings, seed)
    result.evidence += [
        e for e in orders if not (e.residual_group and result.fixed_positions)
    ]
    return result


def _pool(
    result: ModuleEvidence,
    pooled: list[tuple[LayerMap, GroupCoins]],
    units: list[tuple[int | None, Floats, Floats]],
    copies: list[list[int | None]],
    seed: int,
) -> None:
    """Tests over all layers; layers that are copies of each other count as one."""
    module = result.module
    coins = [(m.block, clustered(item, m.rows, copies)) for m, item in pooled]
    counts = {block: len(item.clusters) for block, item in coins}
    result.maps = [
        replace(m, clusters=counts.get(m.block, m.clusters)) for m in result.maps
    ]
    if coins:
        result.evidence.append(pooled_coins(module, coins, "sign"))
        result.evidence.append(pooled_coins(module, coins, "swap"))
    later = {layer for group in copies for layer in group[1:]}
    groups = [(c, r) for layer, c, r in units if layer not in later]
    if groups:
        result.evidence.append(fixed_points(module, groups))
        result.evidence.append(permutation_trace(module, groups, coins, seed=seed))


def _residual(
    result: ModuleEvidence,
    pair: ModulePair,
    vectors: list[Sample],
    embeddings: list[BlockSamples],
    seed: int,
) -> None:
    module = pair.candidate
    tables = [s for b in embeddings for s in b.samples.values() if s.axes[-1:]]
    result.fixed_positions |= any(is_position_table(s) for s in tables)
    fixed = result.fixed_positions or not module.symmetric_residual
    reason = SINUSOIDAL if fixed else None
    if vectors:
        left, right, count = vector_profile(vectors)
        pieces = [(np.arange(left.shape[0]), left, right)] if count else []
        result.evidence.append(
            pooled_residual(
                module.name,
                "norms",
                pieces,
                method="pooled-residual",
                reason=MATCHED if pair.dims is not None else reason,
            )
        )
        result.norms = _norm_trap(vectors, seed)
    profiles = embedding_profile(embeddings)
    if profiles:
        block = embeddings[0].block
        result.evidence.append(
            embedding_columns(
                module.name,
                block,
                [(ids, c, r) for _, ids, c, r in profiles],
                reason=reason,
            )
        )


def _norm_trap(vectors: list[Sample], seed: int) -> NormTrap | None:
    rng = np.random.default_rng(seed)
    found: list[Similarity] = []
    for sample in vectors:
        if not sample.role.endswith("_norm"):
            continue
        found += [
            similarity(sample.candidate[i], sample.reference[j], rng)
            for i, j in sample.same_layers()
        ]
    if not found:
        return None
    return NormTrap(
        len(found),
        float(np.mean([s.cosine for s in found])),
        float(np.mean([s.shuffled for s in found])),
        float(np.mean([s.pearson for s in found])),
    )


def add_similarity(
    result: ModuleEvidence, samples: BlockSamples, found: LayerMap | None
) -> None:
    """Byte identity and similarity of each layer with its partner."""
    partner: dict[int | None, int | None] = {}
    if found is not None:
        own = set(found.columns)
        for row, layer in enumerate(found.rows):
            best = found.best(row)
            strong = float(found.z[row, best]) > STRONG_Z
            if strong or layer not in own:
                partner[layer] = found.columns[best]
    if samples.block != samples.reference_block:
        return
    for sample in samples.samples.values():
        if sample.truncated:
            result.truncated.append(sample.role)
        result.elements += sample.candidate.size
        for i, layer in enumerate(sample.candidate_layers):
            target = partner.get(layer, layer)
            position = sample.position(target)
            if position is None or layer in sample.missing[0]:
                continue
            key = (samples.block, layer)
            result.partners[key] = target
            tally = result.tallies.setdefault(key, Tally())
            tally.add(sample, i, position, _units(sample))


def _units(sample: Sample) -> Callable[[Floats], int]:
    """How many units of an identical tensor a relabelling would have moved."""
    for label in ("neuron", "expert", "residual"):
        if label in sample.axes:
            axis = sample.axes.index(label)
            return lambda rows: distinct_rows(np.moveaxis(rows, axis, 0))
    return lambda _: 0
