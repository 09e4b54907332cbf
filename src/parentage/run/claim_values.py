# SPDX-License-Identifier: Apache-2.0
"""Computes a number of a claim from the source that it names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from parentage.run.claim_models import Models
from parentage.run.claim_tables import Rows, Tables, Unavailable, Value
from parentage.verdict.claim_file import Source
from parentage.verdict.claim_number import UnprintableError, printed

TAKES: Final[Mapping[str, Callable[[NDArray[np.float64]], Any]]] = {
    "mean": np.mean,
    "median": np.median,
    "sd": lambda v: np.std(v, ddof=1) if len(v) > 1 else math.nan,
    "population-sd": np.std,
    "min": np.min,
    "max": np.max,
    "sum": np.sum,
}


@dataclass(frozen=True)
class Calculator:
    """Tables and models of a claim, asked for one number at a time.

    Attributes:
        tables, models: what is at hand.
        pair: names of the claim's two models, where it names them.
    """

    tables: Tables
    models: Models
    pair: tuple[str, str] | None = None

    def one(self, statistic: str, source: Source) -> float | str:
        """The number that a source gives.

        Raises:
            Unavailable: it gives none, or several; the reason says why.
            ClaimError: a table is not what the claim says.
        """
        if source.stated is not None:
            return _taken([_stated(text) for text in source.stated], source)
        if source.shared or (source.a and source.b):
            return self._ratio(statistic, source)
        if source.module is not None:
            return self.models.share(self._models(source)[0], source.module)
        if source.tokenizers is not None:
            pair = self._models(source)
            return self.models.tokenizer_number(source.tokenizers, pair)
        values = self.many(statistic, source)
        return _taken(values, source)

    def many(self, statistic: str, source: Source) -> list[Value]:
        """Every value that a source gives; ``None`` where the table holds none.

        Raises:
            Unavailable: it names no source, or one that is not at hand.
        """
        if source.tensor is not None:
            return list(self.models.values(statistic, source, self._models(source)))
        if source.table is None:
            raise Unavailable("no-source")
        table = self.tables.get(source.table)
        if isinstance(table, Rows):
            if source.column is None:
                raise Unavailable("no-source", source.table)
            return table.values(source.column, source.where or {})
        if source.at is None:
            raise Unavailable("no-source", source.table)
        paths = (source.at,) if isinstance(source.at, str) else source.at
        return [table.value(path) for path in paths]

    def slack(self, source: Source) -> float:
        """How far off a number may be because the raw values were printed rounded."""
        if source.table is None or source.column is None or source.tensor is not None:
            return 0.0
        table = self.tables.get(source.table)
        if not isinstance(table, Rows) or source.take == "count":
            return 0.0
        return table.rounding(source.column)

    def _models(self, source: Source) -> tuple[str, str]:
        pair = source.models or self.pair
        if pair is None:
            raise Unavailable("no-model", "a, b")
        return pair

    def _ratio(self, statistic: str, source: Source) -> float:
        def part(which: Source | None) -> float:
            if which is None:
                raise Unavailable("no-source", statistic)
            found = self.one("count", which)
            if isinstance(found, str):
                raise Unavailable("not-a-number", found)
            return found

        if source.shared is None:
            return part(source.a) - part(source.b)
        shared = part(source.shared)
        if source.whole is not None:
            whole = part(source.whole)
        else:
            whole = part(source.a) + part(source.b) - shared
        if whole == 0:
            raise Unavailable("nothing-to-divide-by", statistic)
        return shared / whole


def _stated(text: str) -> float:
    try:
        value = printed(text).value
    except UnprintableError:
        value = None
    if value is None:
        raise Unavailable("not-a-number", text)
    return float(value)


def _taken(values: Sequence[Value], source: Source) -> float | str:
    take = source.take or "value"
    where = ", ".join(f"{k} = {v}" for k, v in (source.where or {}).items())
    if take == "count":
        return float(sum(v is not None for v in values))
    if not values:
        raise Unavailable("no-row", where)
    if any(v is None for v in values):
        missing = sum(v is None for v in values)
        raise Unavailable("not-a-number", f"{missing} / {len(values)}")
    if take == "value":
        if len(values) > 1:
            raise Unavailable("many-rows", f"{len(values)}: {where}")
        one = values[0]
        if isinstance(one, float) and not math.isfinite(one):
            raise Unavailable("not-a-number", where)
        assert one is not None  # noqa: S101 - ruled out above
        return one
    if any(isinstance(v, str) for v in values):
        raise Unavailable("not-a-number", where)
    found = float(TAKES[take](np.array(values, dtype=np.float64)))
    if not math.isfinite(found):
        raise Unavailable("not-a-number", where)
    return found
