# SPDX-License-Identifier: Apache-2.0
"""The value that every test returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Grade = Literal["exact", "calibrated", "descriptive"]
"""``exact``: the p-value holds under the stated symmetry, whatever the data.
``calibrated``: ranked against known-independent controls.
``descriptive``: a number, never a reason to accuse."""


@dataclass(frozen=True)
class Subject:
    """What a piece of evidence is about.

    Attributes:
        module: module of the candidate.
        block: part of its layers, or ``None`` for all of them.
        layer: candidate layer, or ``None`` for all of them.
        reference_layer: the reference's layer it was compared with.
    """

    module: str
    block: str | None = None
    layer: int | None = None
    reference_layer: int | None = None


@dataclass(frozen=True)
class Evidence:
    """Result of one test on one subject.

    Attributes:
        method: id in the catalogue, such as ``sign-coins``.
        grade: see :data:`Grade`.
        subject: what it is about.
        statistic: name of the number, such as ``heads``.
        value: the number itself, ``None`` when the test could not run.
        n: how many units, coins or elements it rests on.
        log10_p: ``log10`` of the p-value, ``None`` for descriptive numbers.
        effect: element correlation of same-numbered units, where defined.
        null_mean, null_sd: moments of the statistic under the null, for drawing.
        residual_group: whether it rests on the ONE relabelling of the residual
            stream, which other modules of the stream share.
        reason: why it did not run, or what limits it.
        details: further plain numbers.
    """

    method: str
    grade: Grade
    subject: Subject
    statistic: str
    value: float | None
    n: int
    log10_p: float | None = None
    effect: float | None = None
    null_mean: float | None = None
    null_sd: float | None = None
    residual_group: bool = False
    reason: str | None = None
    details: dict[str, object] = field(default_factory=dict)

    @property
    def is_exact_test(self) -> bool:
        """Whether it has a p-value that can support an accusation."""
        return self.grade == "exact" and self.log10_p is not None
