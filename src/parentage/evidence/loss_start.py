# SPDX-License-Identifier: Apache-2.0
"""Does the first logged loss lie where that of random weights lies?

A model that knows nothing spreads its probability evenly over the vocabulary: its loss
is ln(vocabulary), a little more where the logits of step 0 have some spread. Of
questions that are answered with yes or no it is ln 2, whatever the answers are.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import RecordEvidence

LOWEST: Final = 0.90
"""Of ln(V). Below this at step 0 or 1 a model has already learned; the starts of
sixteen honest runs lie between 0.998 and 1.02, see benchmarks/records."""

LATE: Final = 1
"""After this step losses may already have fallen, and a low one says nothing."""


def check_start(  # noqa: PLR0911 - one for each thing that can be known
    log: LogSubject,
) -> list[RecordEvidence]:
    """One result for a log that opens a stage that claims to begin from nothing."""
    if not log.from_nothing or not log.opens:
        return []
    vocabulary = log.model.vocabulary if log.model else None
    first = log.plan.first_step if log.plan else 0

    def result(
        outcome: str, reason: str, value: float | None, **facts: float | None
    ) -> list[RecordEvidence]:
        return [
            RecordEvidence(
                "loss-start",
                "calibrated",
                outcome,  # type: ignore[arg-type]
                log.name,
                reason,
                statistic="loss over ln(vocabulary)",
                value=value,
                threshold=LOWEST,
                n=1,
                facts={"vocabulary": vocabulary, **facts},
            )
        ]

    binary = log.plan is not None and log.plan.loss == "binary-cross-entropy"
    if binary:
        vocabulary = 2
    elif log.plan is not None and log.plan.loss != "token-cross-entropy":
        return result("missing", "start-other-loss", None)
    curves = [log.series.curve(n) for n in ("loss", "eval_loss") if log.series.has(n)]
    if vocabulary is None or not curves or log.series.stated.get("steps_are_epochs"):
        return result("missing", "start-unknown", None)
    earliest = min(curves, key=lambda c: (float(c.step.min()), -len(c)))
    at = int(np.argmin(earliest.step))
    step, loss = float(earliest.step[at]), float(earliest.value[at])
    expected = math.log(vocabulary)
    ratio = loss / expected
    facts = {
        "step": step,
        "loss": loss,
        "expected": expected,
        "line": float(earliest.line[at]),
    }
    if step - first > LATE:
        # An average over the first steps that is still high speaks for itself.
        if ratio >= LOWEST:
            return result("consistent", "start-agrees", ratio, **facts)
        return result("missing", "start-late", ratio, **facts)
    if ratio < LOWEST:
        return result("contradicted", "start-low", ratio, **facts)
    return result("consistent", "start-agrees", ratio, **facts)
