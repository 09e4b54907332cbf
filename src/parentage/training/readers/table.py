# SPDX-License-Identifier: Apache-2.0
"""Tables: CSV, JSON lines and lists of objects; W&B exports are all three."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from parentage.errors import TrainingLogError
from parentage.training.manifest import Columns
from parentage.training.readers.huggingface import note_damage
from parentage.training.readers.json_stream import JsonDamage, entries
from parentage.training.readers.names import aliases, assign
from parentage.training.readers.source import lines_of, moment, number
from parentage.training.series import Builder


def read_csv(path: Path, columns: Columns | None, build: Builder) -> None:
    """A table with a header line; commas, semicolons or tabs between the fields.

    Raises:
        TrainingLogError: the header names no column that is known.
    """
    source = _not_comments(lines_of(path, build))
    first = next(source, None)
    if first is None:
        return
    line, header = first
    separator = max(",;\t", key=header.count)
    names = [n.strip() for n in next(csv.reader([header], delimiter=separator))]
    names[0] = names[0].removeprefix("\ufeff")
    chosen = _choose(names, columns, path.name)
    places = [(names.index(name), column) for name, column in chosen.items()]
    for line, text in source:
        try:
            fields = next(csv.reader([text], delimiter=separator), [])
        except csv.Error as error:
            build.fact("unreadable-line", line, text=str(error))
            continue
        if len(fields) != len(names):
            said = f"{len(fields)} fields where the header has {len(names)}"
            build.fact("unreadable-line", line, text=said)
            continue
        _add(line, [(column, fields[at]) for at, column in places], build)


def _not_comments(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    return ((n, text) for n, text in lines if text.strip() and not text.startswith("#"))


def read_jsonl(path: Path, columns: Columns | None, build: Builder) -> None:
    """One JSON object per line, or one list of objects.

    Raises:
        TrainingLogError: no line has a column that is known.
    """
    with path.open("rb") as stream:
        listed = stream.read(64).lstrip()[:1] == b"["
    rows = _listed(path, build) if listed else _lines(path, build)
    chosen: dict[str, str] | None = None
    seen: set[str] = set()
    for line, row in rows:
        if not seen.issuperset(row):
            # W&B writes a key from the step on at which it is first logged.
            seen.update(row)
            told = columns if _told_there(columns, seen) else None
            chosen = assign(sorted(seen), told, file=path.name)
            if told is None and columns is not None:
                continue
        if chosen:
            _add(line, [(c, row[n]) for n, c in chosen.items() if n in row], build)
    if seen and (not chosen or set(chosen.values()) <= {"step", "epoch", "time"}):
        _choose(sorted(seen), columns, path.name)


def _told_there(columns: Columns | None, seen: set[str]) -> bool:
    if columns is None:
        return False
    return set(columns.model_dump(exclude_none=True).values()) <= seen


def _listed(path: Path, build: Builder) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        for line, _, value in entries(path):
            if isinstance(value, dict):
                yield line, {str(k): v for k, v in _flat(value).items()}
            else:
                build.fact("unreadable-line", line, text="not an object")
    except JsonDamage as damage:
        note_damage(damage, build)


def _lines(path: Path, build: Builder) -> Iterator[tuple[int, dict[str, object]]]:
    for line, text in lines_of(path, build):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            build.fact("unreadable-line", line, text=str(error).split("\n")[0])
            continue
        if isinstance(value, dict):
            yield line, _flat(value)
        else:
            build.fact("unreadable-line", line, text="not an object")


def _flat(value: dict[str, object]) -> dict[str, object]:
    """Keys of inner objects join their outer one's by a slash."""
    flat: dict[str, object] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            flat.update({f"{name}/{inner}": v for inner, v in item.items()})
        else:
            flat[name] = item
    return flat


def _choose(names: Sequence[str], columns: Columns | None, file: str) -> dict[str, str]:
    chosen = assign(names, columns, file=file)
    if not set(chosen.values()) - {"step", "epoch", "time"}:
        known = ", ".join(sorted(aliases()))
        raise TrainingLogError(
            "has no column that is known: " + ", ".join(names[:20])[:300],
            file=file,
            expected="columns such as step, loss and learning_rate",
            advice=f"Say which is which with `columns` in the manifest ({known}).",
        )
    return chosen


def _add(line: int, fields: list[tuple[str, object]], build: Builder) -> None:
    values = {}
    for column, text in fields:
        value = moment(text) if column == "time" else number(text)
        if value is not None:
            values[column] = value
        elif isinstance(text, str) and text.strip():
            build.fact("unreadable-value", line, text=f"{column}: {text}")
    if "step" not in values and "epoch" in values:
        # Logs per epoch count epochs; the unit is noted, not guessed.
        values["step"] = values["epoch"]
        build.stated["steps_are_epochs"] = 1.0
    if "step" in values:
        build.add(line, values)
    elif values:
        build.fact("no-step", line)
