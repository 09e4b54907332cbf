# SPDX-License-Identifier: Apache-2.0
"""Controls of a claim: those it brings, and those that can be computed for it.

From weights: one vector shuffled, random numbers of equal mean and spread, other layers
beside each other, further models. From a table with means and standard deviations: what
shuffling leaves on average, exactly, without any weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

import numpy as np

from parentage.run.claim_models import Models
from parentage.run.claim_tables import Rows, Tables, Unavailable, Value
from parentage.run.claim_values import Calculator
from parentage.stats.vector_pairs import FUNCTIONS, Floats, Moments
from parentage.verdict.claim_file import ClaimFile, Control, Series, Source
from parentage.verdict.claim_number import printed
from parentage.verdict.claim_result import ControlResult, Reason
from parentage.verdict.claim_statistics import ControlKind, statistics

MOST_SHUFFLED: Final = 4_000_000
"""Elements of a vector that is shuffled or drawn; larger ones take minutes."""

Origin = Literal["raw", "printed", "weights", "moments"]


def controls_of(
    series: Series,
    kind: str,
    claimed: float,
    claim: ClaimFile,
    calculator: Calculator,
    *,
    sources: Sequence[Source],
    seed: int,
) -> list[ControlResult]:
    """Controls of one series: given ones first, then what can be computed.

    Args:
        series: the numbers that are said to show something.
        kind: ``statistic/subject`` of them.
        claimed: value at which they are said to show it.
        claim: all of the claim.
        calculator: its tables and models.
        sources: where the numbers of the series come from.
        seed: of shuffles and draws.
    """
    found = [
        _given(control, kind, claimed, calculator)
        for control in claim.controls
        if f"{control.statistic}/{control.of}" == kind
        and (not control.series or series.id in control.series)
    ]
    have = {c.kind for c in found if c.values}
    statistic = kind.split("/", maxsplit=1)[0]
    for name, values, title in [
        *_from_moments(statistic, claim, calculator.tables, sources),
        *_from_weights(statistic, claim, calculator.models, sources, seed),
    ]:
        if name not in have:
            origin: Origin = "moments" if title == "moments" else "weights"
            found.append(_result(name, title, kind, origin, claimed, values))
    return found


def _given(
    control: Control, kind: str, claimed: float, calculator: Calculator
) -> ControlResult:
    values: list[Value] = []
    try:
        for source in control.values:
            values += calculator.many(control.statistic, source)
        origin: Origin = "raw"
    except Unavailable as problem:
        if not control.printed:
            reason = Reason(problem.code, problem.detail)
            return _result(
                control.kind, control.title, kind, "raw", claimed, [], reason=reason
            )
        values = []
    if not control.values or (not values and control.printed):
        found = [printed(text).value for text in control.printed]
        values = [None if v is None else float(v) for v in found]
        origin = "printed"
    return _result(control.kind, control.title, kind, origin, claimed, values)


def _result(  # noqa: PLR0917 - all of them are needed
    name: ControlKind,
    title: str,
    kind: str,
    origin: Origin,
    claimed: float,
    values: Sequence[Value],
    *,
    reason: Reason | None = None,
) -> ControlResult:
    finite = [v for v in values if isinstance(v, float) and math.isfinite(v)]
    statistic = statistics()[kind]
    return ControlResult(
        name,
        title,
        kind,
        origin,
        len(finite),
        len(values) - len(finite),
        sum(statistic.reaches(v, claimed) for v in finite),
        min(finite, default=None),
        max(finite, default=None),
        float(np.mean(finite)) if finite else None,
        reason,
    )


def moments_of(
    claim: ClaimFile, tables: Tables, source: Source
) -> list[tuple[Moments, float]]:
    """Means, deviations and cosine of each row of a source's table that has them.

    Rows whose numbers are missing are left out; an empty list where the table has no
    such columns or is not at hand.
    """
    table = claim.tables[source.table] if source.table else None
    if table is None or table.moments is None or source.table is None:
        return []
    try:
        rows = tables.get(source.table)
    except Unavailable:
        return []
    if not isinstance(rows, Rows):
        return []
    m = table.moments
    columns = [
        rows.values(name, source.where or {})
        for name in (m.mean_a, m.sd_a, m.mean_b, m.sd_b, m.cosine)
    ]
    found = []
    for row in zip(*columns, strict=True):
        numbers = [v for v in row if isinstance(v, float)]
        if len(numbers) == len(row):
            found.append((Moments(*numbers[:4]), numbers[4]))
    return found


def _from_moments(
    statistic: str, claim: ClaimFile, tables: Tables, sources: Sequence[Source]
) -> Iterator[tuple[ControlKind, list[Value], str]]:
    """What shuffling leaves of each cosine, on average over all permutations."""
    if statistic != "cosine":
        return
    seen: set[str] = set()
    for source in sources:
        key = repr((source.table, sorted((source.where or {}).items())))
        rows = [] if key in seen else moments_of(claim, tables, source)
        seen.add(key)
        if len(rows) > 1:
            values: list[Value] = [m.shuffled_cosine for m, _ in rows]
            yield "shuffled", values, "moments"
            yield "random", values, "moments"
            return


def _from_weights(
    statistic: str,
    claim: ClaimFile,
    models: Models,
    sources: Sequence[Source],
    seed: int,
) -> Iterator[tuple[ControlKind, list[Value], str]]:
    """Controls computed from the models, where these were given."""
    named = [s for s in sources if s.tensor is not None]
    if not named or statistic not in FUNCTIONS:
        return
    pair = named[0].models or claim.models
    if pair is None:
        return
    function = FUNCTIONS[statistic]
    vectors = _vectors(models, named, pair)
    if not vectors:
        return
    rng = np.random.default_rng(seed)
    title = named[0].tensor or ""
    yield "shuffled", [function(a, rng.permutation(b)) for a, b in vectors], title
    yield (
        "random",
        [function(_drawn(a, rng), _drawn(b, rng)) for a, b in vectors],
        title,
    )
    if len(vectors) > 1:
        yield "mismatched", _mismatched(vectors, function), title
    for other in claim.others:
        values: list[Value] = [
            function(a, b)
            for known in pair
            for a, b in _vectors(models, named, (known, other))
        ]
        if values:
            yield "independent", values, other


def _vectors(
    models: Models, sources: Sequence[Source], pair: tuple[str, str]
) -> list[tuple[Floats, Floats]]:
    """Vectors of all sources that can be read and are not too large."""
    found = []
    for source in sources:
        try:
            found += [
                (a, b)
                for _, a, b in models.pairs(source, pair)
                if a.size <= MOST_SHUFFLED
            ]
        except Unavailable:
            continue
    return found


def _drawn(like: Floats, rng: np.random.Generator) -> Floats:
    drawn: Floats = like.mean() + like.std() * rng.standard_normal(like.size)
    return drawn


def _mismatched(
    vectors: Sequence[tuple[Floats, Floats]],
    function: Callable[[Floats, Floats], float],
) -> list[Value]:
    """Each layer beside the next one of the other model, the last beside the first."""
    found: list[Value] = []
    for i, (a, _) in enumerate(vectors):
        b = vectors[(i + 1) % len(vectors)][1]
        if a.size == b.size:
            found.append(function(a, b))
    return found
