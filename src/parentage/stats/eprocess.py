# SPDX-License-Identifier: Apache-2.0
"""A test of fair coins that may be looked at after every coin.

Null: each coin is fair given all earlier ones. Against a heads probability ``p`` a
gambler who stakes by it turns 1 into ``(2p)^heads (2(1-p))^tails``, which no rule of
stopping can make worth more than 1 on average. The mean over many ``p`` is such a
gambler too, and needs no tuning. By Ville's inequality its wealth ``E`` ever reaches
``1/alpha`` with probability at most ``alpha``, so ``1 / max E`` is a p-value however
often one looked and whenever one stopped.

Bets on the *agreeing* side only (``p > 1/2``): dependence makes units agree.
Source: Ville (1939); mixture after Robbins (1970); Krichevsky & Trofimov (1981) for
the prior; Ramdas et al., arXiv:2210.01948, for e-processes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from parentage.stats.tails import LOG10_E

Floats = NDArray[np.float64]

GAMBLERS = 128
"""Heads probabilities that are mixed.

They lie evenly on the scale ``p = sin(t)^2``, where ``t`` between a quarter and half
a turn of pi: the Jeffreys prior of a coin (Krichevsky and Trofimov's), its upper half.
On that scale a coin tells neighbours apart equally well everywhere. The nearest of 128
is off by at most 0.0031, which costs ``2 * 0.0031^2`` nats a coin: 0.2 nats in ten
thousand coins, beside ``ln 128 = 4.9`` for not knowing which one is right.
"""


def _gamblers() -> tuple[Floats, Floats]:
    turn = (np.arange(GAMBLERS) + 0.5) / GAMBLERS
    heads = np.sin(np.pi / 4 * (1 + turn)) ** 2
    # Of each pair the gains on heads and on tails sum to 2, as a fair game must.
    return np.log(2 * heads), np.log(2 * (1 - heads))


_LN_HEADS, _LN_TAILS = _gamblers()


def log10_wealth(heads: ArrayLike, tails: ArrayLike) -> Floats:
    """``log10`` of the wealth after so many heads and tails, in any order.

    Args:
        heads, tails: counts, of one shape.

    Returns:
        An array of that shape; 0 before the first coin.
    """
    up = np.asarray(heads, dtype=np.float64)[..., None]
    down = np.asarray(tails, dtype=np.float64)[..., None]
    each = up * _LN_HEADS + down * _LN_TAILS
    top = each.max(axis=-1, keepdims=True)
    mean = np.exp(each - top).mean(axis=-1)
    found: Floats = (top[..., 0] + np.log(mean)) * LOG10_E
    return found


@dataclass
class EProcess:
    """Wealth of the mixture over one sequence of coins.

    Attributes:
        heads, trials: coins so far.
        log10_e: ``log10`` of the wealth now.
        log10_highest: the highest it ever was when it was looked at.
    """

    heads: int = 0
    trials: int = 0
    log10_e: float = 0.0
    log10_highest: float = field(default=0.0)

    def add(self, heads: int, trials: int) -> float:
        """Take in further coins, independent of the earlier ones.

        Returns:
            ``log10`` of the wealth now.

        Raises:
            ValueError: the counts are impossible.
        """
        if not 0 <= heads <= trials:
            message = f"{heads} heads in {trials} coins"
            raise ValueError(message)
        self.heads += heads
        self.trials += trials
        self.log10_e = float(log10_wealth(self.heads, self.trials - self.heads))
        self.log10_highest = max(self.log10_highest, self.log10_e)
        return self.log10_e

    @property
    def log10_p(self) -> float:
        """``log10`` of the p-value that holds whenever one stops: ``1 / max E``."""
        return min(0.0, -self.log10_highest)


def crossing_probability(trials: int, log10_level: float) -> float:
    """Exact chance that fair coins, looked at after each one, ever cross a level.

    Args:
        trials: coins at most.
        log10_level: ``log10`` of the wealth to reach, such as 6.

    Returns:
        The probability, by going through all numbers of heads; at most
        ``10**-log10_level`` by Ville's inequality. Takes time quadratic in trials.
    """
    alive = np.ones(1)
    crossed = 0.0
    for n in range(1, trials + 1):
        spread = np.zeros(n + 1)
        spread[:-1] += 0.5 * alive
        spread[1:] += 0.5 * alive
        # Wealth rises with the heads, so those beyond the level are at the end.
        heads = _least_heads(n, log10_level)
        crossed += float(spread[heads:].sum())
        spread[heads:] = 0.0
        alive = spread
    return crossed


def _least_heads(trials: int, log10_level: float) -> int:
    """Fewest heads with which the wealth reaches a level; one more than all if none."""
    low, high = 0, trials + 1
    while low < high:
        middle = (low + high) // 2
        if float(log10_wealth(middle, trials - middle)) >= log10_level:
            high = middle
        else:
            low = middle + 1
    return low


def coins_to_decide(heads_probability: float, log10_level: float) -> float:
    """About how many coins of this heads probability reach a level.

    The number at which the *typical* path (the expected number of heads) does.
    """
    if heads_probability <= 0.5:
        return math.inf
    low, high = 1.0, 2.0

    def wealth(n: float) -> float:
        heads = n * heads_probability
        return float(log10_wealth(heads, n - heads))

    while wealth(high) < log10_level:
        high *= 2
        if high > 1e12:
            return math.inf
    for _ in range(60):
        middle = (low + high) / 2
        if wealth(middle) < log10_level:
            low = middle
        else:
            high = middle
    return high
