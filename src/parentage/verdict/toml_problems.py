# SPDX-License-Identifier: Apache-2.0
"""Complaints of a schema about a written file, in words that name key and choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from parentage.artifact.entry import shown
from parentage.verdict.toml_lines import Path as Keys
from parentage.verdict.toml_lines import line_of

Found = tuple[Keys, str]
"""Where in the file, and what is wrong there."""

_MISSING: Final = {
    "ko": "the Korean translation",
    "en": "the English text",
}
_CHOICES: Final = {"components": "component", "allowed": "class", "forbidden": "class"}


def problems_of(error: ValidationError) -> list[Found]:
    """Everything that a schema complains about."""
    return [
        said(item)
        for item in error.errors(include_url=False)
        # A list is also called too short where its elements are wrong.
        if not (item["type"] == "too_short" and item["input"])
    ]


def said(item: Mapping[str, Any]) -> Found:
    """One complaint of the schema, and where."""
    where = tuple(item["loc"])
    keys = tuple("schema" if key == "schema_" else key for key in where)
    name = shown(".".join(str(key) for key in keys))
    value = item.get("input")
    if item["type"] == "missing":
        last = str(keys[-1])
        if last == "source":
            return keys, f"{name}: the source is missing"
        if last in _MISSING:
            return keys, f"{name}: {_MISSING[last]} is missing"
        return keys, f"{name}: is missing"
    if item["type"] == "extra_forbidden":
        return keys, f"{name}: unknown key"
    if item["type"] == "literal_error":
        kind = next((_CHOICES[k] for k in keys if k in _CHOICES), "value")
        expected = item["ctx"]["expected"].replace("'", "")
        return (
            keys,
            f"{name}: unknown {kind} '{shown(str(value))}'; expected {expected}",
        )
    return keys, f"{name}: {item['msg']}"


def with_lines(
    found: Sequence[Found], lines: dict[Keys, int] | None
) -> list[tuple[int, str]]:
    """Problems in the order of their lines; line 0 where a file has none."""
    if lines is None:
        return sorted({(0, say) for _, say in found})
    return sorted({(line_of(lines, keys), say) for keys, say in found})


def tables(data: Mapping[str, Any], key: str) -> list[tuple[int, dict[str, Any]]]:
    """The tables of an array, with their numbers, in files that may be wrong."""
    rows = data.get(key)
    if not isinstance(rows, list):
        return []
    return [(n, row) for n, row in enumerate(rows) if isinstance(row, dict)]


def twice(rows: Sequence[BaseModel], at: Keys, what: str) -> Iterator[Found]:
    """Complaints about ids that stand twice."""
    seen = set()
    for number, row in enumerate(rows):
        name = str(getattr(row, "id", ""))
        if name in seen:
            yield (*at, number, "id"), f"two {what} are called {name!r}"
        seen.add(name)
