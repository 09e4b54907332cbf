# SPDX-License-Identifier: Apache-2.0
"""Known ways to be misled, looked for in the numbers of a claim."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from parentage.run.claim_controls import moments_of
from parentage.run.claim_tables import Rows, Tables, Unavailable
from parentage.stats.vector_pairs import Moments
from parentage.verdict.claim_file import ClaimFile, Source
from parentage.verdict.claim_number import UnprintableError, printed
from parentage.verdict.claim_result import CellResult, SeriesResult, Support, Trap
from parentage.verdict.claim_statistics import NEGATIVE

CONSTANTS = (1.0, 0.5)
"""What is subtracted in place of the mean: where gains start, or a guess of it."""

NOTHING = 0.01
"""A cosine that shuffling changes by less than this on average said nothing that a
level would not: one in a hundred of its range."""


def find_traps(
    claim: ClaimFile,
    tables: Tables,
    series: Sequence[SeriesResult],
    supports: Sequence[Support],
) -> list[Trap]:
    """Every trap, in the order of the claim."""
    return [
        *_controls(supports),
        *_centring(claim, tables, series),
        *_shuffling(claim, tables),
        *_cut(claim, tables),
    ]


def _controls(supports: Sequence[Support]) -> Iterator[Trap]:
    """Controls that hold nothing, and controls that do as well as the claim."""
    seen: set[str] = set()
    for support in supports:
        for control in support.controls:
            if control.silent and control.title not in seen:
                seen.add(control.title)
                yield Trap(
                    "null-control", control.title, {"missing": float(control.missing)}
                )
        for control in support.controls:
            if (
                support.says == "derived"
                and control.kind in NEGATIVE
                and control.values
                and 2 * control.reached >= control.values
            ):
                yield Trap(
                    "control-beats-claim",
                    f"{support.series}: {control.kind}",
                    {
                        "reached": float(control.reached),
                        "values": float(control.values),
                        "mean": float(control.mean or 0.0),
                    },
                )


def _centring(
    claim: ClaimFile, tables: Tables, series: Sequence[SeriesResult]
) -> Iterator[Trap]:
    """A centred cosine is the Pearson correlation; where it is not, what is it?"""
    spreads = [
        rows
        for name, table in claim.tables.items()
        if table.moments is not None
        and (rows := moments_of(claim, tables, Source(table=name)))
    ]
    plain = _by_place(series, "pearson/")
    for one in series:
        if not one.statistic.startswith("centred-cosine/"):
            continue
        for cell in one.cells:
            value = _value(cell)
            if value is None or "mean" not in cell.label:
                continue
            unit = max(10 * cell.tolerance, 1e-4)
            found = _constant(value, unit, spreads)
            beside = plain.get((_table(cell), cell.label))
            if found is not None:
                yield Trap("wrong-centring", f"{one.id}: {cell.label}", found)
            elif beside is not None and abs(beside - value) > 2 * unit:
                yield Trap(
                    "centring-differs",
                    f"{one.id}: {cell.label}",
                    {"centred": value, "pearson": beside},
                )


def _constant(
    value: float, unit: float, spreads: Sequence[Sequence[tuple[Moments, float]]]
) -> dict[str, float] | None:
    """The constant whose subtraction gives the value, if the mean's does not."""
    for rows in spreads:
        true = float(np.mean([m.pearson_of(c) for m, c in rows]))
        if abs(true - value) <= unit:
            return None
        for constant in CONSTANTS:
            about = [m.cosine_about(c, constant) for m, c in rows]
            mean = float(np.mean(about))
            if math.isfinite(mean) and abs(mean - value) <= unit:
                return {"constant": constant, "printed": value, "pearson": true}
    return None


def _shuffling(claim: ClaimFile, tables: Tables) -> Iterator[Trap]:
    """Cosines that are what means and deviations give, in whatever order."""
    for name, table in claim.tables.items():
        if table.moments is None:
            continue
        rows = moments_of(claim, tables, Source(table=name))
        if len(rows) < 2:
            continue
        plain = np.array([c for _, c in rows])
        left = np.array([m.shuffled_cosine for m, _ in rows])
        about = np.array([m.pearson_of(c) for m, c in rows])
        if abs(float(np.mean(plain - left))) < NOTHING:
            yield Trap(
                "shuffling-changes-nothing",
                name,
                {
                    "cosine": float(plain.mean()),
                    "shuffled": float(left.mean()),
                    "pearson": float(about.mean()),
                    "rows": float(len(rows)),
                },
            )


def _cut(claim: ClaimFile, tables: Tables) -> Iterator[Trap]:
    """Tables in which tensors of other shapes were compared by a part of them."""
    for name, table in claim.tables.items():
        if table.compared is None:
            continue
        try:
            rows = tables.get(name)
        except Unavailable:
            continue
        if isinstance(rows, Rows):
            column, marks = table.compared
            found = len(rows.matching({column: marks}))
            if found:
                yield Trap(
                    "cut-tensors",
                    name,
                    {"rows": float(found), "all": float(len(rows.rows))},
                )


def _by_place(
    series: Sequence[SeriesResult], statistic: str
) -> Mapping[tuple[str, str], float]:
    """Numbers of a statistic by the table they come from and their label."""
    found = {}
    for one in series:
        if one.statistic.startswith(statistic):
            for cell in one.cells:
                value = _value(cell)
                if value is not None:
                    found[_table(cell), cell.label] = value
    return found


def _table(cell: CellResult) -> str:
    return cell.source.partition(":")[0]


def _value(cell: CellResult) -> float | None:
    """The recomputed number of a cell, else the printed one."""
    if isinstance(cell.recomputed, float):
        return cell.recomputed
    try:
        value = printed(cell.printed).value
    except UnprintableError:
        return None
    return None if value is None else float(value)
