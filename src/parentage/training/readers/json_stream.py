# SPDX-License-Identifier: Apache-2.0
"""A large JSON file value by value, so that what precedes a damage is not lost.

Only the outermost object or list is taken apart, and lists under chosen keys of the
outermost object; each value inside is parsed as a whole and is bounded in size.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parentage.errors import TrainingLogError

CHUNK: Final = 1 << 20
MAX_VALUE: Final = 32 << 20
"""Characters of one value at most."""

_NEAR: Final = 4096
"""An error this close to the end of the window may go away with more text."""

_SPACE: Final = " \t\r\n"


class JsonDamage(Exception):  # noqa: N818 - carried to a fact, not raised to users
    """Where a JSON text stops making sense.

    Args:
        message: what is wrong.
        line: line of the file, from 1.
        truncated: whether the text simply ends.
    """

    def __init__(self, message: str, line: int, *, truncated: bool) -> None:
        super().__init__(message)
        self.message, self.line, self.truncated = message, line, truncated


class _Reader:
    """A window on the text that moves forward."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("r", encoding="utf-8", errors="replace")
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._end = False
        self._line, self._counted = 1, 0  # line of the place counted up to

    def close(self) -> None:
        self._stream.close()

    def _more(self) -> bool:
        if self._end:
            return False
        self.here()
        piece = self._stream.read(max(CHUNK, len(self._text) - self._at))
        self._end = not piece
        self._text = self._text[self._at :] + piece
        self._at = self._counted = 0
        return bool(piece)

    def here(self) -> int:
        """Line of the place that is read next."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def take(self, wanted: str) -> str:
        """The next character, which must be one of ``wanted``."""
        found = self.peek()
        if not found or found not in wanted:
            said = "the file ends" if not found else f"found {found!r}"
            raise JsonDamage(
                f"{said} where {' or '.join(wanted)} was expected",
                self.here(),
                truncated=not found,
            )
        self._at += 1
        return found

    def value(self) -> object:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError):
                    raise JsonDamage(
                        "nested too deeply", self.here(), truncated=False
                    ) from error
                if len(self._text) - self._at > MAX_VALUE:
                    raise JsonDamage(
                        f"one value has more than {MAX_VALUE} characters",
                        self.here(),
                        truncated=False,
                    ) from error
                # A value that stops being JSON long before the window ends is wrong;
                # one that stops at its end may only need more text.
                place, said = getattr(error, "pos", 0), getattr(error, "msg", "")
                cut = said.startswith("Unterminated string")
                near = cut or len(self._text) - place <= _NEAR
                line = self.here() + self._text.count("\n", self._at, place)
                truncated = cut or not self._text[place:].strip()
                if not near or not self._more():
                    raise JsonDamage(
                        f"not JSON: {said or error}", line, truncated=truncated
                    ) from error
                continue
            # A number at the end of the window may go on behind it.
            if end == len(self._text) and self._more():
                continue
            self._at = end
            return found


def entries(
    path: Path, listed: frozenset[str] = frozenset()
) -> Iterator[tuple[int, str | None, object]]:
    """Line, key and value of everything in the outermost object or list.

    Args:
        path: the file.
        listed: keys whose lists come element by element, under that key.

    Yields:
        ``(line, key, value)``; the key is ``None`` for elements of an outermost list.

    Raises:
        JsonDamage: the text is damaged; everything before the damage was yielded.
        TrainingLogError: it holds neither an object nor a list.
    """
    reader = _Reader(path)
    try:
        first = reader.peek()
        if first not in ("{", "["):
            raise TrainingLogError(
                "holds no JSON object or list", file=path.name, expected="{ or ["
            )
        if first == "[":
            yield from _elements(reader, None)
        else:
            reader.take("{")
            if reader.peek() == "}":
                return
            while True:
                line = reader.here()
                key = reader.value()
                reader.take(":")
                if str(key) in listed and reader.peek() == "[":
                    yield from _elements(reader, str(key))
                else:
                    yield line, str(key), reader.value()
                if reader.take(",}") == "}":
                    break
        if reader.peek():
            raise JsonDamage(
                "text follows the end of the JSON", reader.here(), truncated=False
            )
    finally:
        reader.close()


def _elements(
    reader: _Reader, key: str | None
) -> Iterator[tuple[int, str | None, object]]:
    reader.take("[")
    if reader.peek() == "]":
        reader.take("]")
        return
    while True:
        reader.peek()
        line = reader.here()
        yield line, key, reader.value()
        if reader.take(",]") == "]":
            return
