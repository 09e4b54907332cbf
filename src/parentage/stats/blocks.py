# SPDX-License-Identifier: Apache-2.0
"""Exact ranks of small blocks of units among all orders of the block.

Units are split into blocks of eight, ``(0..7), (8..15), ...``, before anything is
read. Within each block the trace ``sum_i <c_i, r_i>`` of the observed numbering is
ranked among all 8! = 40,320 orders of the candidate's units. Under the null each order
is as likely as the others *whatever the other blocks hold*, since a block's trace
depends on the order within that block only; so the ranks are independent, and exact
at any number of units.

Pairs of units (swap coins) give one bit for two units, and the trace over all units
needs an approximation beyond what can be drawn. Blocks sit between: a block of eight
gives up to 15.3 bits, and 64 units reach 1e-27 where 32 swap coins stop at 2e-10.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
from importlib import resources
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from parentage.stats.tails import LOG10_E, log10_fisher

BLOCK = 8
"""Units of a block: the largest whose orders can all be looked at."""

FEW = 48
"""Blocks up to which their sum is drawn rather than taken for normal."""

Floats = NDArray[np.float32]


@functools.cache
def _halves() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Columns of the first and last four rows: ``(70, 24, 4)`` each.

    Every order of eight is a choice of four columns for the upper rows, an order of
    those, and an order of the rest: sums of halves are formed once and reused.
    """
    half = BLOCK // 2
    orders = np.array(list(itertools.permutations(range(half))))
    upper = np.array(list(itertools.combinations(range(BLOCK), half)))
    lower = np.array([sorted(set(range(BLOCK)) - set(u)) for u in upper.tolist()])
    return upper[:, orders], lower[:, orders]


def log10_ranks(grams: NDArray[np.floating]) -> list[float]:
    """``log10`` of the exact p-value of each block.

    Args:
        grams: ``(blocks, 8, 8)``, inner products of candidate and reference units.

    The observed order is one of those counted, so no p-value is below 1/8!.
    """
    upper, lower = _halves()
    half = BLOCK // 2
    rows = np.arange(half)
    found = []
    for gram in np.asarray(grams, dtype=np.float64):
        top = gram[rows, upper].sum(axis=2)
        bottom = gram[rows + half, lower].sum(axis=2)
        sums = top[:, :, None] + bottom[:, None, :]
        observed = float(np.trace(gram))
        # Summation order differs, and equal units must count as ties.
        slack = 1e-9 * float(np.abs(gram).sum())
        count = int(np.count_nonzero(sums >= observed - slack))
        found.append(math.log10(count / sums.size))
    return found


def log10_blocks(grams: NDArray[np.floating]) -> float:
    """Fisher's combination over the blocks, which are independent under the null."""
    return log10_fisher(log10_ranks(grams))


def block_starts(units: NDArray[np.integer]) -> NDArray[np.intp]:
    """Positions at which a whole block ``8k .. 8k+7`` begins.

    Args:
        units: numbers of the units that were read, rising.
    """
    at = np.flatnonzero(units % BLOCK == 0)
    at = at[at + BLOCK <= len(units)]
    whole: NDArray[np.intp] = at[units[at + BLOCK - 1] == units[at] + BLOCK - 1]
    return whole


def block_grams(
    starts: NDArray[np.intp], candidate: Floats, reference: Floats
) -> NDArray[np.float64]:
    """Inner products within each block, ``(blocks, 8, 8)``.

    Args:
        starts: from :func:`block_starts`.
        candidate, reference: ``(units, features)``.
    """
    rows = starts[:, None] + np.arange(BLOCK)
    products = np.matmul(candidate[rows], reference[rows].transpose(0, 2, 1))
    grams: NDArray[np.float64] = products.astype(np.float64)
    return grams


@functools.cache
def _table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shifts, and quantiles of ``-ln p`` of one block at each, ``(shifts, 100)``."""
    text = resources.files("parentage.stats").joinpath("block_power.json").read_text()
    rows = json.loads(text)
    return np.array(rows["shift"]), np.array(rows["quantiles"])


def simulate_block(
    shift: float, draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """``-ln p`` of simulated blocks.

    Args:
        shift: how far the inner product of same-numbered units lies above that of
            others, in standard deviations.
        draws: number of simulated blocks.
        rng: source of the noise.
    """
    grams = rng.standard_normal((draws, BLOCK, BLOCK)) + shift * np.eye(BLOCK)
    return -np.array(log10_ranks(grams)) / LOG10_E


def detectable_by_blocks(
    blocks: int, features: float, log10_alpha: float, probability: float
) -> float | None:
    """Smallest element correlation that blocks of eight find.

    Args:
        blocks: number of blocks.
        features: effective number of independent features of a unit.
        log10_alpha: level that the p-value must reach.
        probability: wanted probability of detection.

    Returns:
        The correlation, or ``None`` where even equal units would not be found. The
        sum over blocks is drawn from a stored simulation of one block, which
        ``tests/stats/test_blocks.py`` repeats; correlations are those of its grid.
    """
    if blocks < 1:
        return None
    for shift, values in zip(*_table(), strict=True):
        total = _low_sum(values, blocks, probability)
        if total > 0 and log10_fisher([-total * LOG10_E / blocks] * blocks) <= (
            log10_alpha
        ):
            return float(shift / math.sqrt(features + shift**2))
    return None


def _low_sum(values: NDArray[np.float64], blocks: int, probability: float) -> float:
    """What the sum over blocks exceeds with the given probability."""
    if blocks > FEW:
        margin = NormalDist().inv_cdf(probability)
        spread = margin * math.sqrt(blocks) * float(values.std())
        return blocks * float(values.mean()) - spread
    drawn = np.random.default_rng(0).choice(values, (4000, blocks)).sum(axis=1)
    return float(np.quantile(drawn, 1 - probability))
