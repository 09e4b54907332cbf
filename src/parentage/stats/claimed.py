# SPDX-License-Identifier: Apache-2.0
"""Do claimed labels fit a table better than the same labels dealt out at random?

Exact under its null hypothesis, that the claim has nothing to do with the table: every
way of dealing the labels out is then as likely as the claimed one, and the p-value is
the share of random deals that fit as well, the claimed one counted among them (Phipson
and Smyth 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

DEALS: Final = 20_000
"""Random deals; the least p-value is one in this many and one."""

_AT_ONCE: Final = 500


@dataclass(frozen=True)
class ClaimFit:
    """How well labels fit.

    Attributes:
        value: mean of the claimed entries of the standardised table.
        p: of so large a value by chance.
        best: largest value after renaming the labels in any way.
        best_p: of so large a ``best`` by chance.
        renamed: what each label is renamed to there.
        means: mean row of the table per label.
    """

    value: float
    p: float
    best: float
    best_p: float
    renamed: tuple[int, ...]
    means: Floats


def fit_claim(
    table: Floats, label: Integers, *, seed: int = 0, deals: int = DEALS
) -> ClaimFit:
    """Hold claimed labels against a table.

    Args:
        table: ``(units, labels)``; larger where the unit belongs to the label.
        label: claimed label of each unit, each at least once.
        seed: of the random deals.
        deals: how many.
    """
    spread = table.std(0)
    scaled = (table - table.mean(0)) / np.where(spread > 0, spread, 1.0)
    units, labels = scaled.shape
    rows = np.arange(units)
    means = _means(scaled, label[None], labels)[0]
    value, (best, renamed) = float(scaled[rows, label].mean()), _best(means, label)
    rng = np.random.default_rng(seed)
    as_good = as_best = 0
    done = 0
    while done < deals:
        count = min(_AT_ONCE, deals - done)
        dealt = rng.permuted(np.tile(label, (count, 1)), axis=1)
        as_good += int((scaled[rows, dealt].mean(1) >= value - 1e-12).sum())
        found = _means(scaled, dealt, labels)
        as_best += sum(_best(m, label)[0] >= best - 1e-12 for m in found)
        done += count
    return ClaimFit(
        value,
        (1 + as_good) / (1 + deals),
        best,
        (1 + as_best) / (1 + deals),
        renamed,
        means,
    )


def _means(scaled: Floats, dealt: Integers, labels: int) -> Floats:
    """``(deals, labels, labels)``: mean row of the units of each label."""
    chosen = (dealt[:, None, :] == np.arange(labels)[None, :, None]).astype(np.float64)
    total = chosen @ scaled
    found: Floats = total / np.maximum(chosen.sum(2, keepdims=True), 1)
    return found


def _best(means: Floats, label: Integers) -> tuple[float, tuple[int, ...]]:
    """The renaming of labels that fits best, with its value over all units."""
    weight = np.bincount(label, minlength=len(means)).astype(np.float64)
    weighted = means * weight[:, None]
    old, new = linear_sum_assignment(weighted, maximize=True)
    return float(weighted[old, new].sum() / weight.sum()), tuple(int(n) for n in new)
