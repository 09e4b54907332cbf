# SPDX-License-Identifier: Apache-2.0
"""Fixed points: units whose nearest unit of the reference has their own number.

Question: are the units numbered like the reference's?
Statistic: number of fixed points over all layers.
Null: the candidate's units are uniformly relabelled in each layer, so the count is
about Poisson with mean one a layer; the p-value is the Chernoff bound of
methods.md 9.1 (exact, conservative). Not independent of the swap coins: it shares
their relabelling. Blind to: permuted copies.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.samples import BlockSamples, Floats
from parentage.evidence.units import GROUPS, applicable, unit_rows
from parentage.stats.fixed_points import count_fixed_points
from parentage.stats.tails import log10_fixed_points

MAX_UNITS = 2048
"""Units of a layer that are compared all against all."""

MAX_LAYERS = 48
"""Layers that take part, evenly spread; each is a group of its own."""


def groups_of_block(
    block: BlockSamples,
) -> list[tuple[int | None, Floats, Floats]]:
    """Exchangeable units of equal layers: ``(layer, candidate, reference)`` each.

    The arrays are ``(units, features)``.
    """
    found: list[tuple[int | None, Floats, Floats]] = []
    for group in GROUPS:
        if group.action != "swap" or not applicable(group, block):
            continue
        role = next(r for r in group.members if r in block.samples)
        sample = block.samples[role]
        if sample.candidate.size == 0 or sample.reference.size == 0:
            continue
        rows = unit_rows(sample, block)
        if rows is None or len(rows[0]) < 2:
            continue
        _, candidate, reference = rows
        found.extend(
            (
                sample.candidate_layers[i],
                candidate[i][:MAX_UNITS],
                reference[j][:MAX_UNITS],
            )
            for i, j in sample.same_layers()
        )
    return found


def fixed_points(module: str, groups: Iterable[tuple[Floats, Floats]]) -> Evidence:
    """Count fixed points over independent groups of exchangeable units."""
    chosen = [g for g in groups if min(g[0].shape[0], g[1].shape[0]) >= 2]
    if len(chosen) > MAX_LAYERS:
        spread = np.linspace(0, len(chosen) - 1, MAX_LAYERS).round().astype(int)
        chosen = [chosen[i] for i in spread]
    subject = Subject(module)
    if not chosen:
        return Evidence(
            "fixed-points",
            "exact",
            subject,
            "fixed points",
            None,
            0,
            reason="no exchangeable units were read in both models",
        )
    total = sum(count_fixed_points(c, r) for c, r in chosen)
    units = sum(c.shape[0] for c, _ in chosen)
    return Evidence(
        "fixed-points",
        "exact",
        subject,
        "fixed points",
        total,
        units,
        log10_p=log10_fixed_points(total, len(chosen)),
        null_mean=float(len(chosen)),
        null_sd=float(np.sqrt(len(chosen))),
        details={"groups": len(chosen)},
    )
