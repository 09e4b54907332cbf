# SPDX-License-Identifier: Apache-2.0
"""Sign coins and swap coins of a module: one binomial for all layers.

Question: were the initial weights of these layers drawn independently of the
reference's same-numbered layers?
Statistic: number of units (or pairs of units) whose inner product agrees.
Null: each coin is fair and independent of all others, so the count is binomial.
Blind to: relabelled, re-signed or rotated copies. Cost: rows already read.
Reference: the groups of Zhu et al., arXiv:2502.12292 (Theorems 1 to 3), with the
sign group of GLU neurons, value dims and rotary pairs added.
"""

from __future__ import annotations

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.layer_map import GroupCoins, expected_heads
from parentage.evidence.units import Action
from parentage.stats.tails import log10_binomial_tail

METHODS: dict[Action, str] = {"sign": "sign-coins", "swap": "swap-coins"}


def pooled_coins(
    module: str,
    collected: list[tuple[str, GroupCoins]],
    action: Action,
) -> Evidence:
    """One binomial over all layers and groups of a module.

    Args:
        module: the module's name.
        collected: (block, coins) for every group.
        action: which symmetry's coins to count.
    """
    heads = trials = 0
    cross = scale = 0.0
    kinds: dict[str, tuple[int, int]] = {}
    for block, item in collected:
        if item.group.action != action:
            continue
        inner = item.pooled()
        up, n = int((inner > 0).sum()), int((inner != 0).sum())
        heads, trials = heads + up, trials + n
        kinds[f"{block}: {item.group.name}"] = (up, n)
        for row, column in item.same:
            cross += float(item.coins.cross[row, column])
            scale += float(item.coins.scale[row, column])
    subject = Subject(module)
    if trials == 0:
        return Evidence(
            METHODS[action],
            "exact",
            subject,
            "heads",
            None,
            0,
            reason="no unit of this symmetry was found in both models",
        )
    mean, sd = expected_heads(trials)
    return Evidence(
        METHODS[action],
        "exact",
        subject,
        "heads",
        heads,
        trials,
        log10_p=log10_binomial_tail(heads, trials),
        effect=cross / scale if scale > 0 else 0.0,
        null_mean=mean,
        null_sd=sd,
        details={"units": kinds},
    )
