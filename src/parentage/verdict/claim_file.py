# SPDX-License-Identifier: Apache-2.0
"""A published claim as data, ``parentage.claim-file/1``: see ``docs/claims.md``.

Values stay the text that was printed, because its digits say how exact it is meant to
be. Everything is checked before anything is computed.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from parentage.verdict.claim_number import printed
from parentage.verdict.claim_statistics import ControlKind, statistics

CLAIM_FILE_SCHEMA: Final = "parentage.claim-file/1"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Take = Literal[
    "value", "mean", "median", "sd", "population-sd", "min", "max", "count", "sum"
]
TokenizerNumber = Literal[
    "jaccard",
    "overlap-a",
    "overlap-b",
    "size-a",
    "size-b",
    "shared",
    "equal-ids",
    "merges-a",
    "merges-b",
    "merges-shared",
]
Says = Literal["derived", "independent", "nothing"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where a number can be computed from; unset parts are taken from the series.

    Attributes:
        table: a name of ``tables``.
        at: path into a JSON table, ``a.b.0``; several paths give several values.
        column, where: column of a CSV table, and what other columns must hold.
        take: what to make of the values.
        tensor: name of a stored tensor, ``{layer}`` standing for each of ``layers``.
        tensor_b: its name in the second model where it differs.
        layers: such as ``0-45`` or ``10,20,30``.
        models: names of the two models of this number.
        shared, a, b, whole: parts of a ratio or a difference: ``shared`` with ``a``
            and ``b`` gives Jaccard, ``shared`` with ``whole`` a share, ``a`` with ``b``
            their difference.
        stated: numbers that the claim itself states, to check its own arithmetic.
        tokenizers: a number about the tokenizers of the two models.
        module: name of the first model's module whose share of parameters is meant.
    """

    table: Name | None = None
    at: Words | tuple[Words, ...] | None = None
    column: Words | None = None
    where: dict[str, str] | None = None
    take: Take | None = None
    tensor: Words | None = None
    tensor_b: Words | None = None
    layers: Words | None = None
    models: tuple[Name, Name] | None = None
    shared: Source | None = None
    a: Source | None = None
    b: Source | None = None
    whole: Source | None = None
    stated: tuple[Words, ...] | None = None
    tokenizers: TokenizerNumber | None = None
    module: Words | None = None

    def over(self, below: Source) -> Source:
        """This source, with what it leaves open taken from another."""
        own = self.model_dump(include=set(Source.model_fields), exclude_none=True)
        base = below.model_dump(include=set(Source.model_fields), exclude_none=True)
        if {
            *("at", "column", "tensor", "tokenizers", "module", "shared", "a", "stated")
        } & set(own):
            # Another kind of source: only what several kinds have in common is kept.
            if "stated" in own:
                base = {}
            elif "at" in own or "column" in own:
                base = {k: v for k, v in base.items() if k in _TABLE}
            else:
                base = {k: v for k, v in base.items() if k in _MODELS}
        where = {**base.get("where", {}), **own.get("where", {})}
        merged = {**base, **own} | ({"where": where} if where else {})
        return Source.model_validate(merged)


_TABLE: Final = frozenset({"table", "where", "take", "column", "at"})
_MODELS: Final = frozenset({"models", "layers", "tensor", "tensor_b", "take"})


class Cell(Source):
    """One printed number."""

    label: Words
    printed: Words


class Column(Source):
    """One column of a table of printed numbers, and what it is computed from."""

    statistic: Name | None = None
    of: Name | None = None


class Series(_Part):
    """Numbers of one statistic, printed together.

    Attributes:
        says: what the numbers are said to show; ``nothing`` for mere description.
        claimed_at: the value that is said to show it; needed unless ``nothing``.
        cells, rows: the numbers, one by one or as a small CSV table whose first column
            labels the rows.
        key: column of the source table that holds the labels of ``rows``.
        columns: for each further heading of ``rows``.
    """

    id: Name
    title: Words
    statistic: Name
    of: Name
    says: Says = "nothing"
    claimed_at: Words | None = None
    source: Source = Source()
    cells: tuple[Cell, ...] = ()
    rows: Annotated[str, StringConstraints(max_length=200_000)] | None = None
    key: Words | None = None
    columns: dict[str, Column] = Field(default_factory=dict)

    @property
    def kind(self) -> str:
        """``statistic/subject``."""
        return f"{self.statistic}/{self.of}"

    @model_validator(mode="after")
    def _whole(self) -> Series:
        if bool(self.cells) == (self.rows is not None):
            message = "a series has either cells or rows"
            raise ValueError(message)
        if self.rows is not None and not self.columns:
            message = "rows need columns"
            raise ValueError(message)
        if (self.says == "nothing") != (self.claimed_at is None):
            message = "claimed_at goes with says: derived or independent"
            raise ValueError(message)
        kinds = [self.kind] + [
            f"{c.statistic or self.statistic}/{c.of or self.of}"
            for c in self.columns.values()
        ]
        for kind in kinds:
            if kind not in statistics():
                message = f"unknown statistic '{kind}'"
                raise ValueError(message)
        return self


class Control(_Part):
    """Values of a statistic where the answer is known.

    Attributes:
        kind: what is known: nothing related, or (``positive``) a known descendant.
        series: ids of the series it belongs to; all of its statistic if empty.
        values: where its values are; each source may give several.
        printed: the published values, where no file holds them.
    """

    kind: ControlKind
    title: Words
    statistic: Name
    of: Name
    series: tuple[Name, ...] = ()
    values: tuple[Source, ...] = ()
    printed: tuple[Words, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Control:
        if f"{self.statistic}/{self.of}" not in statistics():
            message = f"unknown statistic '{self.statistic}/{self.of}'"
            raise ValueError(message)
        if not self.values and not self.printed:
            message = "a control has values or printed"
            raise ValueError(message)
        for text in self.printed:
            printed(text)  # its error is a ValueError with the reason
        return self


class MomentColumns(_Part):
    """Columns of a table that hold means and standard deviations of both vectors."""

    mean_a: Words
    sd_a: Words
    mean_b: Words
    sd_b: Words
    cosine: Words


class Table(_Part):
    """A file of raw numbers, CSV or JSON.

    Attributes:
        path: relative to ``--data``, or to the claim's own folder.
        published: where it was published.
        moments: columns from which controls can be computed without weights.
        compared: column that says how a row was compared, and the text that marks rows
            of which only a part was (``status``, ``shape_mismatch...``).
    """

    path: Words
    published: Words | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    moments: MomentColumns | None = None
    compared: tuple[Words, Words] | None = None


class ClaimFile(_Part):
    """A claim: who says what of which models, with which numbers."""

    format: Literal["parentage.claim-file/1"]
    id: Name
    title: Words
    candidate: Words
    reference: Words
    by: Words | None = None
    date: Words | None = None
    sources: tuple[Words, ...] = ()
    notes: tuple[Words, ...] = ()
    models: tuple[Name, Name] | None = None
    others: tuple[Name, ...] = ()
    tables: dict[Name, Table] = Field(default_factory=dict)
    numbers: tuple[Series, ...] = Field(min_length=1, max_length=1000)
    controls: tuple[Control, ...] = ()

    @model_validator(mode="after")
    def _references(self) -> ClaimFile:
        ids = [s.id for s in self.numbers]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            message = f"two series are called '{twice[0]}'"
            raise ValueError(message)
        for control in self.controls:
            for name in control.series:
                if name not in ids:
                    message = f"a control names the unknown series '{name}'"
                    raise ValueError(message)
        for source in _sources(self):
            if source.table is not None and source.table not in self.tables:
                message = f"unknown table '{source.table}'"
                raise ValueError(message)
        return self


def _sources(claim: ClaimFile) -> list[Source]:
    found: list[Source] = []
    for series in claim.numbers:
        found += [series.source, *series.cells, *series.columns.values()]
    for control in claim.controls:
        found += control.values
    nested = [s for one in found for s in (one.shared, one.a, one.b, one.whole) if s]
    return found + nested
