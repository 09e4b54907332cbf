# SPDX-License-Identifier: Apache-2.0
"""JSON from strangers: bounded in depth and number of values before it is parsed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from parentage.artifact.entry import shown

if TYPE_CHECKING:
    from parentage.errors import ParentageError

# A string, an opening bracket or a closing one. Possessive: no backtracking. A string
# without an end takes the rest, so that the rest is not searched again and again.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'
_TOKEN = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)
_OPEN, _CLOSE, _QUOTE = frozenset(b"[{"), frozenset(b"]}"), ord('"')


@dataclass(frozen=True, slots=True)
class Limits:
    """What a JSON text may be.

    Attributes:
        depth: levels of nesting.
        values: number of values, counted roughly (commas and opening brackets).
        unique: whether the keys of an object must differ.
        finite: whether the words ``NaN`` and ``Infinity`` are refused.
        wide: most bytes of text that is not ASCII: Python may store four for each.
        digits: most digits of an integer.
    """

    depth: int
    values: int
    unique: bool = True
    finite: bool = True
    wide: int = 16_000_000
    digits: int = 20


class _RejectedError(ValueError):
    """A hook found something; the message is for the reader."""


def parse_object(
    raw: bytes,
    limits: Limits,
    *,
    error: type[ParentageError],
    file: str,
    base: int = 0,
    advice: str,
) -> dict[str, Any]:
    """The JSON object that ``raw`` holds.

    Args:
        raw: the text, in UTF-8.
        limits: what it may be.
        error: class of the error to raise.
        file: the file it comes from.
        base: offset of ``raw`` in that file, for messages.
        advice: what the reader can do if it is malformed.

    Raises:
        ParentageError: of class ``error``, naming the byte, line and column.
    """

    def fail(message: str, at: int | None, expected: str) -> NoReturn:
        offset = None if at is None else base + at
        raise error(message, file=file, offset=offset, expected=expected, advice=advice)

    values = raw.count(b",") + raw.count(b"[") + raw.count(b"{")
    if values > limits.values:
        fail(
            f"holds about {values} values", None, f"at most {limits.values} JSON values"
        )
    if len(raw) > limits.wide and not raw.isascii():
        # One sign outside the basic plane makes Python store four bytes for each.
        fail(
            f"holds {len(raw)} bytes of text that is not ASCII",
            None,
            f"at most {limits.wide} bytes of such text",
        )
    deep = _too_deep(raw, limits.depth)
    if deep is not None:
        fail(
            f"JSON is nested deeper than {limits.depth} levels",
            deep,
            f"at most {limits.depth} levels",
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        fail("not UTF-8 text", problem.start, "a JSON object in UTF-8")
    try:
        found = _decoder(limits).decode(text)
    except json.JSONDecodeError as problem:
        at = len(text[: problem.pos].encode())
        fail(
            f"not JSON: {problem.msg} (line {problem.lineno}, column {problem.colno})",
            at,
            "a JSON object",
        )
    except _RejectedError as problem:
        fail(str(problem), None, "a plain JSON object with unique keys")
    except RecursionError:
        fail("JSON is nested too deep to parse", None, "a flat JSON object")
    if rb"\u" in raw:
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            fail("holds half of a surrogate pair", None, "text in valid Unicode")
    if not isinstance(found, dict):
        fail(f"holds a JSON {type(found).__name__}", 0, "a JSON object")
    return found


def _too_deep(raw: bytes, limit: int) -> int | None:
    """Offset of the first bracket below ``limit`` levels, or ``None``."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return None
    depth = 0
    for match in _TOKEN.finditer(raw):
        first = raw[match.start()]
        if first == _QUOTE:
            continue
        if first in _OPEN:
            depth += 1
            if depth > limit:
                return match.start()
        else:
            depth -= 1
    return None


def _decoder(limits: Limits) -> json.JSONDecoder:
    def constant(word: str) -> object:
        message = f"the number {word} is not JSON"
        raise _RejectedError(message)

    return json.JSONDecoder(
        object_pairs_hook=_unique if limits.unique else None,
        parse_constant=constant if limits.finite else None,
        parse_int=partial(_integer, limits.digits),
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                message = f"duplicate key '{shown(key)}'"
                raise _RejectedError(message)
            seen.add(key)
    return found


def _integer(most: int, digits: str) -> int:
    if len(digits) > most:
        message = f"an integer of {len(digits)} digits"
        raise _RejectedError(message)
    return int(digits)
