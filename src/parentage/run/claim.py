# SPDX-License-Identifier: Apache-2.0
"""Checks a published claim: cell by cell, then whether its statistic can carry it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from parentage import __version__
from parentage.artifact.entry import shown
from parentage.errors import ClaimError, UsageError
from parentage.report.claim_document import (
    CLAIM_SCHEMA,
    ClaimDocument,
    ClaimInfo,
    FileItem,
)
from parentage.run.claim_controls import controls_of
from parentage.run.claim_models import Models
from parentage.run.claim_tables import Tables, Unavailable, read_rows
from parentage.run.claim_traps import find_traps
from parentage.run.claim_values import Calculator
from parentage.run.claim_yaml import load_claim
from parentage.verdict.claim_file import Cell, ClaimFile, Column, Series, Source
from parentage.verdict.claim_number import Printed, UnprintableError, printed
from parentage.verdict.claim_outcome import conclude
from parentage.verdict.claim_result import (
    CellResult,
    Judgement,
    Reason,
    SeriesResult,
    Support,
)
from parentage.verdict.claim_support import judge_series


def check_claim(
    path: str | Path,
    *,
    models: Mapping[str, str] | None = None,
    data: str | Path | None = None,
    seed: int = 0,
    command: Sequence[str] = (),
) -> ClaimDocument:
    """Does a published claim reproduce, and can its statistic carry it?

    Args:
        path: the claim, a YAML file or a CSV of numbers (``docs/claims.md``).
        models: names that the claim gives to models -> paths or references.
        data: folder that paths of raw tables are relative to; by default the folder
            of the claim.
        seed: of shuffles and draws of the controls.
        command: how the check was called, for the document.

    Raises:
        UsageError: a model is named that the claim does not know, or no such folder.
        ClaimError: the claim or a table is malformed.
        ParentageError: a model cannot be read.
    """
    file = Path(path)
    claim = load_claim(file)
    folder = Path(data) if data is not None else file.parent
    if not folder.is_dir():
        raise UsageError(
            "is no folder", file=str(folder), expected="the folder of the raw tables"
        )
    return check_loaded(
        claim,
        file=file,
        models=models or {},
        folder=folder,
        seed=seed,
        command=command,
    )


def check_loaded(
    claim: ClaimFile,
    *,
    file: Path,
    models: Mapping[str, str],
    folder: Path | None,
    seed: int = 0,
    command: Sequence[str] = (),
) -> ClaimDocument:
    """The same for a claim that was read already; see :func:`check_claim`."""
    known = {*(claim.models or ()), *claim.others, *_named(claim)}
    for name in models:
        if name not in known:
            raise UsageError(
                f"the claim has no model '{shown(name)}'",
                file=str(file),
                expected="one of " + ", ".join(sorted(known))
                if known
                else "a claim that names models",
            )
    tables = Tables(claim.tables, folder)
    with Models(models) as opened:
        calculator = Calculator(tables, opened, claim.models)
        judgement = _judge(claim, calculator, seed, str(file))
        read = {
            name: (one.checkpoint.bytes_read, one.checkpoint.digest())
            for name, one in opened.opened.items()
        }
    raw = file.read_bytes()
    files = [FileItem.of("claim", file.name, len(raw), hashlib.sha256(raw).hexdigest())]
    files += [FileItem.of(name, *found) for name, found in tables.files.items()]
    files += [
        FileItem.of(name, models[name], size, digest)
        for name, (size, digest) in read.items()
    ]
    return ClaimDocument(
        schema=CLAIM_SCHEMA,
        parentage=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=tuple(command),
        claim=ClaimInfo.of(claim),
        files=tuple(files),
        judgement=judgement,
    )


def _named(claim: ClaimFile) -> set[str]:
    sources = [s for series in claim.numbers for s in (series.source, *series.cells)]
    sources += [c for series in claim.numbers for c in series.columns.values()]
    sources += [s for control in claim.controls for s in control.values]
    return {name for s in sources if s.models for name in s.models}


def _judge(claim: ClaimFile, calculator: Calculator, seed: int, file: str) -> Judgement:
    results: list[SeriesResult] = []
    supports: list[Support] = []
    for series in claim.numbers:
        for name, kind, cells in _columns(series, file):
            checked = tuple(_check(kind, cell, calculator, file) for cell in cells)
            result = SeriesResult(
                name, series.title, kind, series.says, series.claimed_at, checked
            )
            results.append(result)
            if series.says == "nothing" or series.claimed_at is None:
                continue
            value = _printed(series.claimed_at, file, f"{series.id}.claimed_at").value
            if value is None:
                raise ClaimError(
                    f"claimed_at of '{series.id}' is a hash",
                    file=file,
                    expected="a number",
                )
            controls = controls_of(
                series,
                kind,
                float(value),
                claim,
                calculator,
                sources=cells,
                seed=seed,
            )
            supports.append(judge_series(result, float(value), controls))
    traps = find_traps(claim, calculator.tables, results, supports)
    return conclude(results, supports, traps)


def _columns(series: Series, file: str) -> list[tuple[str, str, list[Cell]]]:
    """Id, ``statistic/subject`` and cells: one item, or one for each column of rows."""
    if series.rows is None:
        cells = [
            Cell(
                label=c.label,
                printed=c.printed,
                **c.over(series.source).model_dump(exclude_none=True),
            )
            for c in series.cells
        ]
        return [(series.id, series.kind, cells)]
    rows = read_rows(series.rows, f"{file}: {series.id}.rows")
    extra = [h for h in rows.header[1:] if h not in series.columns]
    if extra:
        raise ClaimError(
            f"column '{shown(extra[0])}' of '{series.id}' is not explained",
            file=file,
            expected="an entry in its columns",
        )
    found = []
    for name, column in series.columns.items():
        index = rows.index(name)
        kind = f"{column.statistic or series.statistic}/{column.of or series.of}"
        cells = [
            _cell(row[0], row[index], column, series) for row in rows.rows if row[index]
        ]
        found.append((f"{series.id}.{name}", kind, cells))
    return found


def _cell(label: str, text: str, column: Column, series: Series) -> Cell:
    source = column.over(series.source)
    plain = source.model_dump(exclude_none=True)
    if series.key is not None:
        plain["where"] = {**plain.get("where", {}), series.key: label}
    if "at" in plain and isinstance(plain["at"], str):
        plain["at"] = plain["at"].replace("{row}", label)
    if source.layers is None and source.tensor is not None:
        plain["layers"] = label
    return Cell(label=label, printed=text, **plain)


def _check(kind: str, cell: Cell, calculator: Calculator, file: str) -> CellResult:
    text = _printed(cell.printed, file, cell.label)
    source = cell
    about = _about(source, calculator)
    try:
        found = calculator.one(kind.split("/", maxsplit=1)[0], source)
        slack = calculator.slack(source)
    except Unavailable as problem:
        return CellResult(
            cell.label,
            cell.printed,
            None,
            text.tolerance,
            "not-checkable",
            Reason(problem.code, problem.detail),
            about,
        )
    return CellResult(
        cell.label,
        cell.printed,
        found,
        text.tolerance + slack,
        text.compare(found, slack),
        None,
        about,
    )


def _about(source: Source, calculator: Calculator) -> str:
    """What a number is computed from, in names of files and columns."""
    parts = []
    for one in (source, source.shared, source.a, source.b, source.whole):
        if one is None:
            continue
        if one.table is not None:
            where = [f"{k}={v}" for k, v in (one.where or {}).items()]
            at = one.at if isinstance(one.at, str) else ", ".join(one.at or ())
            take = [one.take] if one.take and one.take != "value" else []
            named = [n for n in (one.column, at, *where, *take) if n]
            parts.append(": ".join([one.table, " ".join(named)]))
        elif one.tensor is not None or one.tokenizers or one.module:
            names = one.models or calculator.pair or ()
            what = one.tensor or one.tokenizers or one.module or ""
            parts.append(": ".join([" / ".join(names), what]))
    return "; ".join(parts)


def _printed(text: str, file: str, where: str) -> Printed:
    try:
        return printed(text)
    except UnprintableError as error:
        raise ClaimError(
            f"{shown(where)}: {shown(str(error))}",
            file=file,
            expected="a printed number such as 0.9487, 53.09 %, 196,608, or a hash",
        ) from error
