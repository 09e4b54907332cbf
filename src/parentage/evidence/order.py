# SPDX-License-Identifier: Apache-2.0
"""Order test: was a wider model's width cut in order?

Question: do the candidate's units match units of a wider (or narrower) reference in
rising order? Statistic: length of the longest increasing run of nearest matches.
Null: the candidate's units are numbered at random, so the bound of
:mod:`parentage.stats.order` holds (exact, conservative). Blind to: pruning that
re-sorted its units. Applies only where widths differ; equal widths have sharper tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.samples import Floats
from parentage.stats.order import log10_order, longest_increasing, nearest


@dataclass(frozen=True)
class Matches:
    """Units of the longest rising run: the same units under two numberings.

    Attributes:
        candidate, reference: numbers of matched units, both strictly rising.
        widths: units of candidate and reference altogether.
    """

    candidate: NDArray[np.int64]
    reference: NDArray[np.int64]
    widths: tuple[int, int]


def order_test(
    subject: Subject, candidate: Floats, reference: Floats, *, residual: bool
) -> tuple[Evidence, Matches]:
    """Match units of two widths and test whether the matches rise.

    Args:
        subject: what the units belong to.
        candidate, reference: ``(units, features)`` with equal features.
        residual: whether units are dims of the residual stream.
    """
    matches, cosines = nearest(candidate, reference)
    run = longest_increasing(matches)
    evidence = Evidence(
        "order-test",
        "exact",
        subject,
        "increasing matches",
        len(run),
        len(matches),
        log10_p=log10_order(len(run), len(matches)),
        effect=float(cosines[run].mean()) if len(run) else 0.0,
        residual_group=residual,
        details={
            "candidate units": candidate.shape[0],
            "reference units": reference.shape[0],
        },
    )
    widths = candidate.shape[0], reference.shape[0]
    return evidence, Matches(run, matches[run], widths)
