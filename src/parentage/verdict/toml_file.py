# SPDX-License-Identifier: Apache-2.0
"""Reads files that people write, in TOML: of a bounded size, with lines of keys."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from parentage.artifact.entry import shown
from parentage.errors import ListedError
from parentage.verdict.toml_lines import Path as Keys
from parentage.verdict.toml_lines import lines_of

BEYOND: Final = 2**63
"""The first whole number that TOML does not know."""


def read_written(
    name: str | Path, most: int, error: type[ListedError], *, expected: str
) -> bytes:
    """The bytes of a file.

    Args:
        name: the file.
        most: bytes that it may have.
        error: what is raised.
        expected: what the file should be, for an error.

    Raises:
        ListedError: of the class ``error``; it is too large, or cannot be read.
    """
    path = Path(name)
    try:
        if path.stat().st_size > most:
            raise error(
                "is too large",
                file=shown(str(name)),
                expected=f"{expected}, of at most {most} bytes",
            )
        return path.read_bytes()
    except OSError as problem:
        raise error(
            f"cannot be read: {problem.strerror or problem}",
            file=shown(str(name)),
            expected=expected,
        ) from problem


def parse_toml(
    raw: bytes,
    file: str,
    error: type[ListedError],
    *,
    parse_float: Callable[[str], Any] = float,
) -> tuple[dict[str, Any], dict[Keys, int]]:
    """What a file says, and the line of each key.

    Args:
        raw: its bytes.
        file: what it is called, for an error.
        error: what is raised.
        parse_float: makes numbers with a point; by default binary fractions.

    Raises:
        ListedError: of the class ``error``; this is no TOML, or holds a number that
            nothing here can hold.
    """
    try:
        text = raw.decode("utf-8")
        data = tomllib.loads(text, parse_float=parse_float)
        _whole(data)
        return data, lines_of(text)
    # Numbers of thousands of digits are ValueErrors, huge exponents ArithmeticErrors.
    except (ValueError, ArithmeticError, RecursionError) as problem:
        raise error(
            f"is not TOML: {problem}",
            file=shown(file),
            expected="UTF-8 text in TOML",
        ) from problem


def _whole(value: object) -> None:
    """Refuse whole numbers that TOML does not know.

    The reader takes any that are written in hexadecimal, and Python then refuses to
    write them in decimal, as an error would.
    """
    if isinstance(value, int) and not -BEYOND <= value < BEYOND:
        raise ValueError("a whole number has more than 64 bits")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            _whole(one)
