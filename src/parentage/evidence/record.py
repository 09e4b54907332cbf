# SPDX-License-Identifier: Apache-2.0
"""What one check of a training record returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from parentage.evidence.base import Grade

RecordOutcome = Literal["verified", "consistent", "missing", "contradicted"]
"""``verified``: computed from bytes or weights themselves, with nothing taken on trust
but what the check names. ``consistent``: what is stated agrees with itself and with
honest runs; whoever wrote it could have made it agree. ``missing``: the record does
not hold what the check needs, or leaves something unexplained. ``contradicted``: two
things that the record states, or a statement and the bytes, cannot both be true."""

Fact = str | int | float | bool | None

Said = tuple[RecordOutcome, str]
"""An outcome with the reason that says it."""


@dataclass(frozen=True)
class RecordEvidence:
    """Result of one check on one part of a record.

    Attributes:
        check: id in ``record_catalogue.toml``, such as ``loss-start``.
        grade: see :data:`~parentage.evidence.base.Grade`; how the *threshold* of the
            check is known, whatever its outcome.
        outcome: see :data:`RecordOutcome`.
        subject: stage, log file or checkpoint that it is about.
        reason: key of ``report/training_reasons.py``: the finding as a sentence with
            places, which ``facts`` fill in.
        statistic: name of the number, if the check has one.
        value: the number.
        threshold: what it was held against.
        n: how many points, files or tensors it rests on.
        log10_p: of checks with a p-value.
        facts: plain values: steps, line numbers, what was found and expected.
        items: longer lists, such as every gap; rows of plain values.
    """

    check: str
    grade: Grade
    outcome: RecordOutcome
    subject: str
    reason: str
    statistic: str | None = None
    value: float | None = None
    threshold: float | None = None
    n: int = 0
    log10_p: float | None = None
    facts: dict[str, Fact] = field(default_factory=dict)
    items: tuple[dict[str, Fact], ...] = ()
