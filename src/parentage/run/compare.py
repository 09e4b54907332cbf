# SPDX-License-Identifier: Apache-2.0
"""All evidence about one module of the candidate and one of the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from parentage.evidence.coins import pooled_coins
from parentage.evidence.fixed_points import fixed_points, groups_of_block
from parentage.evidence.layer_map import (
    GroupCoins,
    LayerMap,
    collect,
    layer_map,
)
from parentage.evidence.module import ModuleEvidence, NormTrap
from parentage.evidence.permutation_trace import permutation_trace
from parentage.evidence.pooled_residual import (
    embedding_profile,
    pooled_residual,
    vector_profile,
)
from parentage.evidence.samples import BlockSamples, Floats, Sample
from parentage.evidence.similarity import Tally, distinct_rows
from parentage.model.description import Module
from parentage.run.pairing import ModulePair
from parentage.run.plan import Plan
from parentage.run.sampler import Reader, read_block
from parentage.run.width import order_evidence
from parentage.stats.similarity import Similarity, similarity

STRONG_Z = 6.0
"""A layer's partner is another layer than its own number only beyond this."""

SINUSOIDAL = (
    "positions are a fixed table, so relabelling the residual dims changes the "
    "function; tests that rest on it do not apply"
)


def compare_modules(
    pair: ModulePair,
    plan: Plan,
    candidate: Reader,
    reference: Reader,
    *,
    name: str,
    seed: int,
    order_budget: int = 0,
) -> ModuleEvidence:
    """Run every test on a pair of modules, reading block by block.

    Args:
        pair: the modules with the roles they share.
        plan: what to read.
        candidate, reference: readers of the two models.
        name: what the reference is called in the report.
        seed: for Monte-Carlo ranks and shuffles.
        order_budget: bytes for order tests, where widths differ.
    """
    result = ModuleEvidence(pair.candidate.name, pair.reference.name, name)
    pooled: list[tuple[str, GroupCoins]] = []
    units: list[tuple[Floats, Floats]] = []
    vectors: list[Sample] = []
    embeddings: list[BlockSamples] = []
    for block in pair.blocks:
        samples = read_block(pair, block, plan, candidate, reference)
        if samples is None:
            continue
        result.compared.append(block.block)
        collected = collect(samples)
        found = layer_map(samples, collected)
        if found is not None:
            result.maps.append(found)
        if block.block == block.reference_block:
            pooled += [(block.block, item) for item in collected]
            first = frozenset(
                item.same[cluster[0]][0]
                for item in collected[:1]
                for cluster in item.clusters
            )
            units += groups_of_block(samples, first)
        _describe(result, samples, found)
        vectors += [s for s in samples.samples.values() if s.axes == ("residual",)]
        if block.block in {"embedding", "head", "projector", "other"} or any(
            role == "residual_rows" for role in samples.samples
        ):
            embeddings.append(samples)
    _pool(result, pooled, units, seed)
    _residual(result, pair.candidate, vectors, embeddings, seed)
    result.evidence += order_evidence(pair, candidate, reference, budget=order_budget)
    return result


def _pool(
    result: ModuleEvidence,
    pooled: list[tuple[str, GroupCoins]],
    units: list[tuple[Floats, Floats]],
    seed: int,
) -> None:
    module = result.module
    if pooled:
        result.evidence.append(pooled_coins(module, pooled, "sign"))
        result.evidence.append(pooled_coins(module, pooled, "swap"))
    if units:
        result.evidence.append(fixed_points(module, units))
        result.evidence.append(permutation_trace(module, units, pooled, seed=seed))


def _residual(
    result: ModuleEvidence,
    module: Module,
    vectors: list[Sample],
    embeddings: list[BlockSamples],
    seed: int,
) -> None:
    reason = None if module.symmetric_residual else SINUSOIDAL
    if vectors:
        left, right, count = vector_profile(vectors)
        pieces = [(np.arange(left.shape[0]), left, right)] if count else []
        result.evidence.append(
            pooled_residual(
                module.name, "norms", pieces, method="pooled-residual", reason=reason
            )
        )
        result.norms = _norm_trap(vectors, seed)
    profiles = embedding_profile(embeddings)
    if profiles:
        block = embeddings[0].block
        result.evidence.append(
            pooled_residual(
                module.name,
                block,
                [(ids, c, r) for _, ids, c, r in profiles],
                method="embedding-columns",
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


def _describe(
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
