# SPDX-License-Identifier: Apache-2.0
"""Permutation trace: do same-numbered units agree more than relabelled ones?

Statistic: sum over layers of ``T = sum_i <c_i, r_i>``, each against the exact mean
and variance of its permutation distribution (Hoeffding 1951).
p-value: with few units per layer, the Monte-Carlo rank among relabellings; else an
exact bound: under exchanges of the fixed pairs (2k, 2k+1), which are relabellings,
``T`` moves by independent fair signs of known size, whose tail Chernoff bounds. The
standardised trace is shown too, but a normal tail is never used as a p-value.
"""

from __future__ import annotations

import math

import numpy as np

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.layer_map import GroupCoins
from parentage.evidence.samples import Floats
from parentage.stats.permutation import monte_carlo_rank, trace
from parentage.stats.tails import log10_rademacher_tail

SMALL = 64
"""Up to this many units per layer the rank among relabellings is used."""

DRAWS = 1999


def permutation_trace(
    module: str,
    groups: list[tuple[Floats, Floats]],
    collected: list[tuple[str, GroupCoins]],
    *,
    seed: int,
) -> Evidence:
    """Trace of a module's exchangeable units, all layers together.

    Args:
        module: the module's name.
        groups: exchangeable units of equal layers, ``(units, features)`` each.
        collected: the module's coins, whose swap products give the bound.
        seed: for the relabellings that are drawn.
    """
    moments = [trace(c, r) for c, r in groups]
    moments = [m for m in moments if m.variance > 0]
    if not moments:
        return Evidence(
            "permutation-trace",
            "exact",
            Subject(module),
            "z",
            None,
            0,
            reason="no exchangeable units were read in both models",
        )
    # Layers are scaled to unit variance, so that no layer speaks for all.
    z = sum(m.z for m in moments) / math.sqrt(len(moments))
    small = all(m.units <= SMALL for m in moments)
    if small:
        rank = monte_carlo_rank(groups, draws=DRAWS, rng=np.random.default_rng(seed))
        log10_p, how = math.log10(rank), f"rank among {DRAWS} relabellings"
    else:
        log10_p, how = log10_rademacher_tail(_swaps(collected)), "exchange of pairs"
    return Evidence(
        "permutation-trace",
        "exact",
        Subject(module),
        "z",
        z,
        sum(m.units for m in moments),
        log10_p=log10_p,
        null_mean=0.0,
        null_sd=1.0,
        details={"layers": len(moments), "p-value by": how},
    )


def _swaps(
    collected: list[tuple[str, GroupCoins]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    pieces = [
        item.pooled().ravel() for _, item in collected if item.group.action == "swap"
    ]
    return np.concatenate(pieces) if pieces else np.zeros(0)
