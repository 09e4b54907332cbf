# SPDX-License-Identifier: Apache-2.0
"""Order test: was a wider model's width cut in order?

Question: do the candidate's units match units of a wider (or narrower) reference in
rising order? Statistic: length of the longest increasing run of nearest matches.
Null: the candidate's units are numbered at random, so the bound of
:mod:`parentage.stats.order` holds (exact, conservative). Blind to: pruning that
re-sorted its units. Applies only where widths differ; equal widths have sharper tests.
"""

from __future__ import annotations

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.samples import Floats
from parentage.stats.order import log10_order, longest_increasing, nearest


def order_test(
    subject: Subject, candidate: Floats, reference: Floats, *, residual: bool
) -> Evidence:
    """Match units of two widths and test whether the matches rise.

    Args:
        subject: what the units belong to.
        candidate, reference: ``(units, features)`` with equal features.
        residual: whether units are dims of the residual stream.
    """
    matches, cosines = nearest(candidate, reference)
    run = longest_increasing(matches)
    return Evidence(
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
