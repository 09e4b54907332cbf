# SPDX-License-Identifier: Apache-2.0
"""Reads a stored report back, and says plainly what is wrong with one that is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from parentage.errors import ReportError
from parentage.report.document import SCHEMA, Report
from parentage.report.schemas import model_schema, schema_file

D = TypeVar("D", bound=BaseModel)

SCHEMA_FILE = "report-1.schema.json"
"""Name of the JSON schema that lies beside this module."""

MAX_BYTES = 512 << 20
"""A report larger than this is refused unread."""


def load_report(path: str | Path) -> Report:
    """Read a report that ``parentage audit --json`` wrote.

    Args:
        path: a file with one ``parentage.report/1`` document.

    Raises:
        ReportError: the file is missing, no JSON, of another version, or has wrong
            fields.
    """
    text = read_text(path, advice="Give the file that `parentage audit --json` wrote.")
    return parse_report(text, file=str(path))


def read_text(path: str | Path, *, advice: str) -> str:
    """The text of a stored document.

    Args:
        path: the file.
        advice: what to do if it is missing.

    Raises:
        ReportError: it is missing, too large, or no UTF-8 text.
    """
    where = Path(path)
    try:
        size = where.stat().st_size
        if size > MAX_BYTES:
            raise ReportError(
                f"the file has {size} bytes",
                file=str(path),
                expected=f"a report of at most {MAX_BYTES} bytes",
            )
        return where.read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(
            f"cannot be read: {error.strerror or error}", file=str(path), advice=advice
        ) from error
    except UnicodeDecodeError as error:
        raise ReportError(
            "is not UTF-8 text", file=str(path), offset=error.start
        ) from error


def parse_report(text: str, *, file: str | None = None) -> Report:
    """Turn JSON text into a report.

    Args:
        text: the document.
        file: where it came from, for error messages.

    Raises:
        ReportError: see :func:`load_report`.
    """
    return parse_document(
        text,
        Report,
        SCHEMA,
        file=file,
        advice="A newer parentage may be needed to read it.",
    )


def parse_document(
    text: str, model: type[D], schema: str, *, file: str | None, advice: str
) -> D:
    """Turn JSON text into a document.

    Args:
        text: the document.
        model: what it is read as.
        schema: its name and version, as the key ``schema`` must hold them.
        file: where it came from, for error messages.
        advice: what to do about a document of another kind or version.

    Raises:
        ReportError: no JSON, of another kind or version, or with wrong fields.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        offset = error.pos if isinstance(error, json.JSONDecodeError) else None
        raise ReportError(f"is not JSON: {error}", file=file, offset=offset) from error
    if not isinstance(data, dict):
        raise ReportError(
            f"holds a JSON {type(data).__name__}",
            file=file,
            expected="an object with the key 'schema'",
        )
    version = data.get("schema")
    if version != schema:
        raise ReportError(
            f"has schema {str(version)[:80]!r}",
            file=file,
            expected=repr(schema),
            advice=advice,
        )
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise ReportError(first_problem(error), file=file) from error


def first_problem(error: ValidationError) -> str:
    """Path and message of the first wrong field, and how many more there are."""
    problems = error.errors(include_url=False, include_input=False)
    first = problems[0]
    path = ".".join(str(part) for part in first["loc"]) or "document"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"wrong field '{path}': {first['msg']}{more}"


def schema_text() -> str:
    """The JSON schema of the current document model, as it ships."""
    return model_schema(Report)


def shipped_schema() -> str:
    """The JSON schema file that was installed with the package."""
    return schema_file(SCHEMA_FILE)
