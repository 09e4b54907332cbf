# SPDX-License-Identifier: Apache-2.0
"""What a training record supports: the rule, as data, applied to its evidence.

The rule stands in ``training_rule.toml``. ``from-scratch-supported`` asks for every
line of it and for no contradiction anywhere. Nothing here weighs evidence against
evidence: a contradiction is listed with its reason, and it is for people to explain.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal

from parentage.evidence.record import RecordEvidence, RecordOutcome

Support = Literal["from-scratch-supported", "incomplete", "contradicted"]
"""``from-scratch-supported``: every line of the rule is met. ``incomplete``: nothing
contradicts, and some line is not met. ``contradicted``: some check found that the
record cannot be true as it stands."""

RANK: Final[Mapping[RecordOutcome, int]] = {
    "contradicted": 0,
    "missing": 1,
    "consistent": 2,
    "verified": 3,
}
"""Order of outcomes; a line of the rule names the least that it asks for."""


@dataclass(frozen=True)
class RuleLine:
    """One condition of the rule.

    Attributes:
        id, title: its name for programs and for people.
        checks: check -> least outcome.
    """

    id: str
    title: str
    checks: Mapping[str, RecordOutcome]


@dataclass(frozen=True)
class LineResult:
    """Whether a line of the rule is met.

    Attributes:
        line: the line.
        met: whether every check of it reached the outcome it asks for.
        lacking: checks that did not, or were not made.
    """

    line: RuleLine
    met: bool
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class RecordVerdict:
    """What the record supports, and why.

    Attributes:
        support: see :data:`Support`.
        lines: every line of the rule with its result.
        contradictions: checks that contradict, each once, in the order made.
    """

    support: Support
    lines: tuple[LineResult, ...]
    contradictions: tuple[str, ...]


@cache
def rule() -> tuple[RuleLine, ...]:
    """The lines of the rule, in the order in which reports show them."""
    text = resources.files("parentage.verdict").joinpath("training_rule.toml")
    rows = tomllib.loads(text.read_text("utf-8"))["line"]
    return tuple(RuleLine(**row) for row in rows)


def judge_record(evidence: Sequence[RecordEvidence]) -> RecordVerdict:
    """What a record supports, from all of its evidence."""
    least: dict[str, int] = {}
    for item in evidence:
        rank = RANK[item.outcome]
        least[item.check] = min(rank, least.get(item.check, rank))
    lines = []
    for line in rule():
        lacking = tuple(
            check
            for check, wanted in line.checks.items()
            if least.get(check, -1) < RANK[wanted]
        )
        lines.append(LineResult(line, not lacking, lacking))
    against = tuple(
        dict.fromkeys(e.check for e in evidence if e.outcome == "contradicted")
    )
    support: Support = "incomplete"
    if against:
        support = "contradicted"
    elif all(line.met for line in lines):
        support = "from-scratch-supported"
    return RecordVerdict(support, tuple(lines), against)
