# SPDX-License-Identifier: Apache-2.0
"""Error rates of claimable statistics on pairs whose relation is known.

The table ``claim_rates.json`` is written by ``python -m benchmarks.claims.run`` from
the accuracy benchmark and from scores of the same statistics that claims are checked
with; a test holds it to both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from parentage.stats.rates import clopper_pearson
from parentage.verdict.claim_result import RateResult
from parentage.verdict.claim_statistics import Statistic

SCHEMA: Final = "parentage.claim-rates/1"


@dataclass(frozen=True)
class Benchmark:
    """What the accuracy benchmark knows of a published method.

    Attributes:
        threshold: the value that no independent pair of the other split passed.
        events: held-back independent pairs above it, of ``trials``.
        median, largest: of the scores of the held-back independent pairs.
        found: descendants above the threshold, of ``scored``.
    """

    title: str
    threshold: float
    events: int
    trials: int
    median: float
    largest: float
    found: int
    scored: int


@dataclass(frozen=True)
class Scores:
    """Scores of pairs of known relation, rising."""

    independent: tuple[float, ...]
    related: tuple[float, ...]


@cache
def _table() -> Mapping[str, Any]:
    file = resources.files("parentage.verdict").joinpath("claim_rates.json")
    table: dict[str, Any] = json.loads(file.read_text("utf-8"))
    if table["schema"] != SCHEMA:
        message = f"claim_rates.json is of schema {table['schema']}"
        raise ValueError(message)
    return table


def benchmark(name: str) -> Benchmark:
    """A published method of the accuracy benchmark."""
    return Benchmark(**_table()["baselines"][name])


def scores(name: str) -> Scores | None:
    """Scores of a statistic on known pairs, if they were measured."""
    row = _table()["scores"].get(name)
    if row is None:
        return None
    return Scores(tuple(row["independent"]), tuple(row["related"]))


def rates(statistic: Statistic, claimed: float) -> list[RateResult]:
    """How often the statistic errs when its claimed value is read as proof.

    False positives: independent pairs that reach it. Misses: descendants that do not.
    """
    found = []
    known = scores(statistic.scores) if statistic.scores else None
    if known is not None and known.independent:
        reached = sum(statistic.reaches(v, claimed) for v in known.independent)
        found.append(
            _rate("known-pairs", "false-positive", reached, reached, known.independent)
        )
    if known is not None and known.related:
        missed = sum(not statistic.reaches(v, claimed) for v in known.related)
        found.append(_rate("known-pairs", "miss", missed, missed, known.related))
    if statistic.baseline is not None:
        found += _bracketed(benchmark(statistic.baseline), claimed)
    return found


def _bracketed(b: Benchmark, claimed: float) -> list[RateResult]:
    """Bounds of both errors from the points of the curve that are known."""
    above_median = -(-b.trials // 2)  # at least half lie at or above the median
    if claimed > b.largest:
        least = most = 0
    elif claimed > b.threshold:
        least, most = 1, b.events
    elif claimed > b.median:
        least, most = b.events, b.trials - above_median
    else:
        least, most = above_median, b.trials
    least = min(least, most)
    trials = range(b.trials)
    items = [_rate("benchmark", "false-positive", least, most, trials, title=b.title)]
    missed = b.scored - b.found
    low, high = (missed, b.scored) if claimed > b.threshold else (0, missed)
    items.append(_rate("benchmark", "miss", low, high, range(b.scored), title=b.title))
    return items


def _rate(
    origin: Any,  # noqa: ANN401 - one of the literal words
    error: Any,  # noqa: ANN401
    least: int,
    most: int,
    trials: Sequence[object],
    *,
    title: str = "",
) -> RateResult:
    n = len(trials)
    low, high = clopper_pearson(least, n)[0], clopper_pearson(most, n)[1]
    return RateResult(origin, error, title, least, most, n, low, high)


def rate_of_controls(title: str, reached: int, trials: int) -> RateResult:
    """False positives among a claim's own controls."""
    low, high = clopper_pearson(reached, trials)
    return RateResult(
        "controls", "false-positive", title, reached, reached, trials, low, high
    )
