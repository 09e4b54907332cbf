# SPDX-License-Identifier: Apache-2.0
"""Does the way from step 0 to the end look like that of a training?

Exact tests between points say whether one was trained on from the other; here stands
what follows from them along the way. Whether a missing link is a break or too long a
way was measured on honest runs (docs/training-records.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parentage.evidence.record import Fact, RecordEvidence, Said

EXPECTED: Final = 0.2
"""Element correlation between two ends that the steps between them lead to expect,
above which a link that is missing is a contradiction, not a long way."""

RELATIVE: Final = 30.0
"""Sum of learning rates over a stretch, in standard deviations of the weights, up to
which honest runs were seen to keep their link; see docs/training-records.md."""

NEIGHBOUR: Final = 0.3
"""Element correlation of a module over another stretch, at least as long, that makes
a missing link a break."""


@dataclass(frozen=True)
class Stretch:
    """What exact tests say of a module between two points.

    Attributes:
        module: its name in the later point.
        earlier, later: labels of the points.
        steps: between them, if known.
        reach: sum of learning rates over standard deviation of weights, if known.
        linked: whether they link at the level of an accusation.
        tested: whether the tests apply and could have found a copy.
        open: neither a link nor its absence is beyond doubt.
        log10_p, effect, power: of the tests.
    """

    module: str
    earlier: str
    later: str
    steps: int | None
    reach: float | None
    linked: bool
    tested: bool
    open: bool
    log10_p: float | None
    effect: float | None
    power: float | None


def chain_evidence(
    consecutive: Sequence[Sequence[Stretch]], ends: Sequence[Stretch]
) -> list[RecordEvidence]:
    """Whether every point links to the one before it, and step 0 to the end.

    Args:
        consecutive: for each pair of neighbours, the stretches of all modules.
        ends: from step 0 to the end; empty where there is no step 0.
    """
    every = [s for pair in consecutive for s in pair if s.tested]
    if not every:
        return [
            RecordEvidence("chain", "exact", "missing", "checkpoints", "chain-short")
        ]
    found = [_break(s, every) for s in every if not s.linked]
    if ends:
        found += _ends(ends, every)
    else:
        found.append(
            RecordEvidence("chain", "exact", "missing", "step 0", "chain-no-start")
        )
    if found:
        return found
    facts: dict[str, Fact] = {
        "pairs": len(consecutive),
        "modules": len({s.module for s in every}),
        "least": min(s.effect or 0.0 for s in every),
        "ends": min((s.effect or 0.0 for s in ends if s.tested), default=None),
        "untested": ", ".join(
            sorted({s.module for p in consecutive for s in p if not s.tested})
        ),
    }
    return [
        RecordEvidence(
            "chain",
            "exact",
            "verified",
            "step 0 to the end",
            "chain-links",
            n=len(every) + len(ends),
            log10_p=max(s.log10_p or 0.0 for s in [*every, *ends] if s.tested),
            facts=facts,
        )
    ]


def _break(one: Stretch, every: Sequence[Stretch]) -> RecordEvidence:
    """A module that does not link to its predecessor."""
    longer = [
        s.effect or 0.0
        for s in every
        if s.module == one.module
        and s.linked
        and s.steps is not None
        and one.steps is not None
        and s.steps >= one.steps
    ]
    near = one.reach is not None and one.reach <= RELATIVE
    said: Said = ("missing", "chain-far")
    if one.open:
        said = ("missing", "chain-open")
    elif near or max(longer, default=0.0) >= NEIGHBOUR:
        said = ("contradicted", "chain-broken")
    facts: dict[str, Fact] = {
        "module": one.module,
        "earlier": one.earlier,
        "later": one.later,
        "effect": one.effect,
        "power": one.power,
        "reach": one.reach,
    }
    return RecordEvidence(
        "chain",
        "exact",
        said[0],
        f"{one.earlier} to {one.later}",
        said[1],
        statistic="element correlation",
        value=one.effect,
        threshold=one.power,
        log10_p=one.log10_p,
        facts=facts,
    )


def _ends(ends: Sequence[Stretch], every: Sequence[Stretch]) -> list[RecordEvidence]:
    found = []
    for one in ends:
        if not one.tested or one.linked:
            continue
        steps = [s for s in every if s.module == one.module]
        if not all(s.linked for s in steps):
            continue  # the break is named where it is
        expected = math.prod(max(s.effect or 0.0, 0.0) for s in steps)
        said: Said = ("missing", "chain-far")
        if expected >= EXPECTED and not one.open:
            said = ("contradicted", "chain-ends-apart")
        found.append(
            RecordEvidence(
                "chain",
                "exact",
                said[0],
                f"{one.earlier} to {one.later}",
                said[1],
                statistic="element correlation",
                value=one.effect,
                threshold=expected,
                log10_p=one.log10_p,
                facts={
                    "module": one.module,
                    "earlier": one.earlier,
                    "later": one.later,
                    "effect": one.effect,
                    "expected": expected,
                },
            )
        )
    return found
