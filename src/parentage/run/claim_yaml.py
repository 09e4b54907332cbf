# SPDX-License-Identifier: Apache-2.0
"""Reads a claim: YAML in which every value stays text, or a CSV of numbers.

YAML from strangers: no tags, no anchors or aliases (which is how a small file becomes
a large one), no duplicate keys, bounded size and depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml
from pydantic import ValidationError

from parentage.artifact.entry import shown
from parentage.errors import ClaimError
from parentage.run.claim_tables import Rows, read_rows
from parentage.verdict.claim_file import CLAIM_FILE_SCHEMA, ClaimFile

LARGEST_CLAIM: Final = 2_000_000
DEPTH: Final = 16
ADVICE: Final = "See docs/claims.md for the format."

CSV_NEEDED: Final = ("label", "statistic", "of", "printed")
CSV_ALLOWED: Final = frozenset(
    {
        *CSV_NEEDED,
        *("series", "says", "claimed_at", "table", "at", "column", "where", "take"),
        *("tensor", "tensor_b", "layers", "model_a", "model_b", "candidate"),
        "reference",
    }
)


class _Loader(yaml.BaseLoader):  # type: ignore[misc]
    """Every scalar is text, so that printed digits survive."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _refuse("has an anchor or an alias", event.start_mark)
        if getattr(event, "tag", None):
            _refuse(f"has the tag {shown(str(event.tag))}", event.start_mark)
        self.depth += 1
        if self.depth > DEPTH:
            _refuse("is nested too deeply", event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse("has a key that is no text", key.start_mark)
            if key.value in seen:
                _refuse(f"has the key '{shown(key.value)}' twice", key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


class _RefusedError(Exception):
    pass


def _refuse(what: str, mark: yaml.Mark | None) -> NoReturn:
    where = f", line {mark.line + 1}" if mark is not None else ""
    message = f"{what}{where}"
    raise _RefusedError(message)


def load_yaml(text: str, file: str, error: type[ClaimError] = ClaimError) -> Any:  # noqa: ANN401
    """The plain data of a YAML text, all scalars as text.

    Raises:
        ClaimError: it is no YAML, or has what files from strangers must not have.
    """
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except _RefusedError as problem:
        raise error(str(problem), file=file, advice=ADVICE) from problem
    except (yaml.YAMLError, RecursionError) as problem:
        message = " ".join(str(problem).split())[:300]
        raise error(f"is no YAML: {message}", file=file, advice=ADVICE) from problem


def load_claim(path: Path) -> ClaimFile:
    """A claim from a YAML file or a CSV of numbers.

    Raises:
        ClaimError: the file is missing, too large, or not a claim.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_CLAIM + 1)
    except OSError as error:
        raise ClaimError(
            f"cannot be read: {error.strerror or error}", file=file
        ) from error
    if len(raw) > LARGEST_CLAIM:
        raise ClaimError(
            "is too large for a claim",
            file=file,
            expected=f"at most {LARGEST_CLAIM:,} bytes",
            advice="Name raw tables by path.",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ClaimError("is not UTF-8", file=file, offset=error.start) from error
    if path.suffix.lower() == ".csv":
        data = from_rows(read_rows(text, file), path.stem)
    else:
        data = load_yaml(text, file)
    return parse_claim(data, file)


def parse_claim(data: object, file: str) -> ClaimFile:
    """A claim from plain data.

    Raises:
        ClaimError: a field is missing, unknown or wrong; the first one is named.
    """
    if not isinstance(data, Mapping):
        raise ClaimError(
            "is no claim", file=file, expected="named fields", advice=ADVICE
        )
    if data.get("format") != CLAIM_FILE_SCHEMA:
        raise ClaimError(
            f"is of the format '{shown(str(data.get('format')))}'",
            file=file,
            expected=f"format: {CLAIM_FILE_SCHEMA}",
            advice=ADVICE,
        )
    try:
        return ClaimFile.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        first = problems[0]
        where = ".".join(str(part) for part in first["loc"]) or "claim"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        text = first["msg"].removeprefix("Value error, ")
        raise ClaimError(
            f"wrong field '{shown(where)}': {text}{more}", file=file, advice=ADVICE
        ) from error


def from_rows(rows: Rows, name: str) -> dict[str, Any]:
    """Plain data of a claim that was written as a CSV, one number a line.

    Raises:
        ClaimError: a column is missing or unknown.
    """
    for column in CSV_NEEDED:
        rows.index(column)
    unknown = [h for h in rows.header if h not in CSV_ALLOWED]
    if unknown:
        raise ClaimError(
            f"has the unknown column '{shown(unknown[0])}'",
            file=rows.file,
            expected="only " + ", ".join(sorted(CSV_ALLOWED)),
            advice=ADVICE,
        )
    series: dict[str, dict[str, Any]] = {}
    tables: dict[str, dict[str, str]] = {}
    about = {"candidate": "candidate", "reference": "reference"}
    for values in rows.rows:
        row = {k: v for k, v in zip(rows.header, values, strict=True) if v}
        about |= {k: row.pop(k) for k in ("candidate", "reference") if k in row}
        kind = (row.pop("statistic", ""), row.pop("of", ""))
        one = row.pop("series", "-".join(kind))
        item = series.setdefault(
            one, {"id": one, "title": one, "cells": [], "statistic": "", "of": ""}
        )
        item["statistic"], item["of"] = kind
        for key in ("says", "claimed_at"):
            if key in row:
                item[key] = row.pop(key)
        if "table" in row:
            path = row["table"]
            row["table"] = (
                f"table-{list(tables).index(path) + 1}" if path in tables else ""
            )
            if not row["table"]:
                tables[path] = {"path": path}
                row["table"] = f"table-{len(tables)}"
        if "where" in row:
            row["where"] = dict(_pairs(row["where"], rows.file))  # type: ignore[assignment]
        models = (row.pop("model_a", None), row.pop("model_b", None))
        item["cells"].append(row | ({"models": list(models)} if all(models) else {}))
    return {
        "format": CLAIM_FILE_SCHEMA,
        "id": "".join(c if c.isalnum() else "-" for c in name.lower()) or "claim",
        "title": name,
        **about,
        "tables": {f"table-{i + 1}": t for i, t in enumerate(tables.values())},
        "numbers": list(series.values()),
    }


def _pairs(text: str, file: str) -> list[tuple[str, str]]:
    found = []
    for part in text.split(";"):
        key, equals, value = part.partition("=")
        if not equals:
            raise ClaimError(
                f"'{shown(part)}' in column 'where' has no '='",
                file=file,
                expected="column=value;column=value",
            )
        found.append((key.strip(), value.strip()))
    return found
