# SPDX-License-Identifier: Apache-2.0
"""The public cases that ship with the package, and files of own cases."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from parentage.artifact.entry import shown
from parentage.errors import CaseError, UsageError
from parentage.verdict.case_file import CASE_FILE_SCHEMA, CaseFile

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

LARGEST_CASE: Final = 1_000_000
ADVICE: Final = "See docs/cases.md for the format."


def folder() -> Traversable:
    """Where the shipped cases lie."""
    return resources.files("parentage").joinpath("cases")


@cache
def shipped() -> dict[str, CaseFile]:
    """Every shipped case by its id, sorted."""
    found = [
        parse_case(file.read_text("utf-8"), file.name)
        for file in folder().iterdir()
        if file.name.endswith(".toml")
    ]
    return {case.id: case for case in sorted(found, key=lambda c: c.id)}


def load_case(name: str) -> tuple[CaseFile, Path | None]:
    """A shipped case by its id, or a case file by its path.

    Returns:
        The case, and the folder that its claims lie in (``None``: the shipped ones).

    Raises:
        UsageError: there is no such case.
        CaseError: the file is malformed.
    """
    if name in shipped():
        return shipped()[name], None
    path = Path(name)
    if path.suffix != ".toml" or not path.is_file():
        raise UsageError(
            f"there is no case '{shown(name)}'",
            expected="an id of `parentage case list`, or a file NAME.toml",
        )
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_CASE + 1)
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"cannot be read: {error}", file=name) from error
    if len(raw) > LARGEST_CASE:
        raise CaseError(
            "is too large", file=name, expected=f"at most {LARGEST_CASE:,} bytes"
        )
    return parse_case(text, name), path.parent / "claims"


def parse_case(text: str, file: str) -> CaseFile:
    """A case from TOML.

    Raises:
        CaseError: a field is missing, unknown or wrong; the first one is named.
    """
    try:
        data = tomllib.loads(text)
    # Numbers of thousands of digits are ValueErrors as well.
    except (ValueError, RecursionError) as error:
        raise CaseError(f"is no TOML: {error}", file=file, advice=ADVICE) from error
    if data.get("format") != CASE_FILE_SCHEMA:
        raise CaseError(
            f"is of the format '{shown(str(data.get('format')))}'",
            file=file,
            expected=f'format = "{CASE_FILE_SCHEMA}"',
            advice=ADVICE,
        )
    try:
        return CaseFile.model_validate(_frozen(data))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        first = problems[0]
        where = ".".join(str(part) for part in first["loc"]) or "case"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        message = first["msg"].removeprefix("Value error, ")
        raise CaseError(
            f"wrong field '{shown(where)}': {message}{more}", file=file, advice=ADVICE
        ) from error


def _frozen(value: object) -> object:
    """Lists as tuples, which is what strict fields take."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value
