# SPDX-License-Identifier: Apache-2.0
"""What checking a claim gives: cells, controls, rates, and what they allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from parentage.verdict.claim_file import Says
from parentage.verdict.claim_statistics import ControlKind

CellOutcome = Literal["reproduces", "cut-off", "differs", "not-checkable"]
SupportOutcome = Literal["can", "cannot", "unknown"]
Outcome = Literal[
    "supported",
    "reproduces",
    "does-not-reproduce",
    "cannot-support",
    "cannot-be-checked",
]


@dataclass(frozen=True)
class Reason:
    """Why, as a code and what it names; the words are in the reports."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class CellResult:
    """One printed number beside the recomputed one.

    Attributes:
        label: where it stands in what was published.
        printed: its text.
        recomputed: number or hash, ``None`` where it could not be computed.
        tolerance: half a unit of the last printed digit, and of the last digit of the
            raw values where these were rounded too; 0 for a hash.
        outcome: ``cut-off`` reproduces if digits were dropped in place of rounded.
        reason: why it could not be checked.
        source: what it was computed from.
    """

    label: str
    printed: str
    recomputed: float | str | None
    tolerance: float
    outcome: CellOutcome
    reason: Reason | None = None
    source: str = ""


@dataclass(frozen=True)
class SeriesResult:
    """Numbers of one statistic.

    Attributes:
        statistic: ``statistic/subject``.
    """

    id: str
    title: str
    statistic: str
    says: Says
    claimed_at: str | None
    cells: tuple[CellResult, ...]

    def count(self, outcome: CellOutcome) -> int:
        """How many cells came out so."""
        return sum(c.outcome == outcome for c in self.cells)


@dataclass(frozen=True)
class ControlResult:
    """Values of a statistic where the answer is known.

    Attributes:
        origin: ``raw`` table, ``printed`` numbers, ``weights``, or ``moments``: means
            and standard deviations of the accuser's own table.
        values: how many finite values; ``missing`` were empty, null or not finite.
        reached: how many speak for a relation at least as much as the claimed value.
    """

    kind: ControlKind
    title: str
    statistic: str
    origin: Literal["raw", "printed", "weights", "moments"]
    values: int
    missing: int
    reached: int
    smallest: float | None
    largest: float | None
    mean: float | None
    reason: Reason | None = None

    @property
    def silent(self) -> bool:
        """Whether the control was run and holds no value at all."""
        return self.values == 0 and self.reason is None


@dataclass(frozen=True)
class RateResult:
    """How often the statistic errs at the claimed value.

    Attributes:
        origin: ``controls`` of the claim, ``known-pairs`` of this project (every score
            is known), or its ``benchmark`` (only some points of the curve are known).
        error: ``false-positive``: independent pairs that reach the claimed value;
            ``miss``: descendants that do not.
        at_least, at_most: events; equal where the number is known.
        low, high: Clopper-Pearson bounds at 95 % of the smallest and of the largest.
    """

    origin: Literal["controls", "known-pairs", "benchmark"]
    error: Literal["false-positive", "miss"]
    title: str
    at_least: int
    at_most: int
    trials: int
    low: float
    high: float


@dataclass(frozen=True)
class Support:
    """Whether a statistic can carry what a series is said to show."""

    series: str
    statistic: str
    says: Says
    claimed_at: str
    outcome: SupportOutcome
    reasons: tuple[Reason, ...]
    controls: tuple[ControlResult, ...]
    rates: tuple[RateResult, ...]
    missing: tuple[ControlKind, ...]


@dataclass(frozen=True)
class Trap:
    """A known way to be misled, found in these very numbers.

    Attributes:
        code: ``null-control``, ``wrong-centring``, ``centring-differs``,
            ``cut-tensors``, ``control-beats-claim``, ``shuffling-changes-nothing``.
        subject: series, control or table.
        numbers: what was measured.
    """

    code: str
    subject: str
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """The whole answer."""

    outcome: Outcome
    cells: dict[str, int]
    series: tuple[SeriesResult, ...]
    supports: tuple[Support, ...]
    traps: tuple[Trap, ...]
