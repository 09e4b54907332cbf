# SPDX-License-Identifier: Apache-2.0
"""Do the steps whose loss sticks out have gradients that stick out?

The batch of a step decides both: a hard batch has a higher loss and a longer gradient.
A loss column that was written without the batches knows nothing of the gradients beside
it, however well its level and its noise were chosen.

Null hypothesis of the accusation: the two move together at least as much as in the
honest log where they do so least. What it cannot see: a log of which both columns were
made up together, or that is another run's. Cost: a pass over the log.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_noise import MOSTLY, most_frequent
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.stats.coupling import coupling

FEWEST: Final = 200
"""Steps with a loss and a gradient norm."""

LEAST: Final = 0.1
"""Correlation that honest logs of every step have at least; the least of those that
thresholds were chosen on is 0.23, and 0.13 of those that were held back."""

LARGEST: Final = 2**19
"""Tokens per step up to which honest logs were measured. Larger batches leave less
coupling (0.5 at 128 tokens, 0.13 at this many), and how little is not known."""

SURE: Final = 3.0
"""Standard deviations on either side that a finding asks for (1 in 740)."""


def check_coupling(log: LogSubject) -> list[RecordEvidence]:
    """One result for a log with losses and gradient norms."""
    loss = log.series.curve("loss").last_pass()
    norm = log.series.curve("grad_norm").last_pass()
    if not len(norm) or not len(loss):
        return []
    if log.below_zero:
        return [_result(log, ("missing", "loss-below-zero"), None, len(loss))]
    _, a, b = np.intersect1d(loss.step, norm.step, return_indices=True)
    keep = norm.value[b] > 0
    a, b = a[keep], b[keep]
    # While the rate warms up both fall together, whatever made them.
    begin = max(30, len(a) // 10)
    count = len(a) - begin
    if count < FEWEST:
        return [_result(log, ("missing", "coupling-few"), None, count)]
    if most_frequent(norm.value[b]) > MOSTLY:
        return [_result(log, ("missing", "coupling-constant"), None, count)]
    value = coupling(loss.value[a][begin:], np.log(norm.value[b][begin:]))
    spread = SURE / np.sqrt(count)
    if not np.isfinite(value):
        return [_result(log, ("missing", "coupling-constant"), None, count)]
    said: Said = ("missing", "coupling-open")
    if value >= spread:
        said = ("consistent", "coupling-agrees")
    elif value < LEAST - spread and _single(log) and _measured(log):
        said = ("contradicted", "coupling-none")
    return [_result(log, said, value, count)]


def _single(log: LogSubject) -> bool:
    """Whether loss and norm of a line are those of one step, and of the same."""
    return log.every == 1 and log.averaged == 1


def _measured(log: LogSubject) -> bool:
    """Whether the batch is stated, and one of those that honest logs are known of."""
    tokens = log.plan.tokens_per_step if log.plan else None
    return tokens is not None and tokens <= LARGEST


def _result(log: LogSubject, said: Said, value: float | None, n: int) -> RecordEvidence:
    facts: dict[str, Fact] = {
        "needed": FEWEST,
        "least": LEAST,
        "spread": float(1 / np.sqrt(n)) if n > 0 else None,
    }
    return RecordEvidence(
        "loss-coupling",
        "calibrated",
        said[0],
        log.name,
        said[1],
        statistic="correlation of loss and gradient norm from step to step",
        value=value,
        threshold=LEAST,
        n=max(n, 0),
        facts=facts,
    )
