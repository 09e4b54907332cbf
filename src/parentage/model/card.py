# SPDX-License-Identifier: Apache-2.0
"""What a model card states: the front matter of ``README.md``, as plain words.

Nothing a card says is evidence. Values are strangers' text: sizes are bounded, YAML is
read without constructing objects and without aliases, and only short strings are kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import yaml

from parentage.artifact.entry import shown
from parentage.artifact.source.place import Location, open_file
from parentage.errors import DeclarationError, ParentageError

CARD: Final = "README.md"
MAX_CARD: Final = 4_000_000
MAX_FRONT: Final = 200_000
MAX_VALUES: Final = 2000
MAX_DEPTH: Final = 20
_FENCE: Final = "---"


@dataclass(frozen=True)
class Card:
    """A model card.

    Attributes:
        file: what it is called in messages.
        digest: SHA-256 of the file.
        text: the whole file.
        values: front-matter key -> its strings; other values are left out.
        lines: front-matter key -> line, counted from one.
        front: lines of the front matter with both fences; 0 without one.
    """

    file: str
    digest: str
    text: str
    values: dict[str, tuple[str, ...]]
    lines: dict[str, int]
    front: int

    def get(self, key: str) -> tuple[str, ...]:
        """Strings of a key; empty where it is not stated."""
        return self.values.get(key, ())


class _Plain(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses aliases, which can make a short text enormous, and deep nesting."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(
                None, None, "holds an alias, which is not read", event.start_mark
            )
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(
                None, None, "is nested too deeply", self.peek_event().start_mark
            )
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_card(folder: Location) -> Card | None:
    """The card beside a model's weights; ``None`` if there is none.

    Raises:
        DeclarationError: it is too large, no UTF-8, or its front matter no YAML.
    """
    if not (folder / CARD).is_file():
        return None
    path = folder / CARD
    try:
        with open_file(path, root=folder, name=CARD) as file:
            size = file.size
            raw = file.pread(0, size) if size <= MAX_CARD else b""
    except (OSError, ParentageError) as error:
        raise DeclarationError(
            f"cannot be read: {error}", file=shown(str(path))
        ) from error
    if size > MAX_CARD:
        raise DeclarationError(
            f"holds {size} bytes",
            file=shown(str(path)),
            expected=f"a model card of at most {MAX_CARD} bytes",
        )
    return parse_card(raw, file=shown(str(path)))


def parse_card(raw: bytes, *, file: str) -> Card:
    """Read a card's text.

    Raises:
        DeclarationError: see :func:`read_card`.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DeclarationError(
            "is not UTF-8 text", file=file, offset=error.start
        ) from error
    digest = hashlib.sha256(raw).hexdigest()
    # Lines as tools count them: other separators are part of a line.
    rows = text.split("\n")
    if not rows or rows[0].rstrip() != _FENCE:
        return Card(file, digest, text, {}, {}, 0)
    end = next((n for n, r in enumerate(rows[1:], 1) if r.rstrip() == _FENCE), None)
    if end is None:
        raise DeclarationError.of(file, [(1, "the front matter has no end ('---')")])
    front = "\n".join(rows[1:end])
    if len(front) > MAX_FRONT:
        raise DeclarationError.of(file, [(1, "the front matter is too large")])
    try:
        data = yaml.load(front, Loader=_Plain)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark is not None else 1
        what = getattr(error, "problem", None) or "cannot be parsed"
        raise DeclarationError.of(file, [(line, f"YAML {what}")]) from error
    if data is not None and not isinstance(data, dict):
        raise DeclarationError.of(file, [(2, "the front matter is no mapping")])
    values = {
        str(key): _strings(value)
        for key, value in list((data or {}).items())[:MAX_VALUES]
    }
    lines = {
        key: number
        for number, row in enumerate(rows[1:end], 2)
        for key in [row.split(":", 1)[0].strip("\"' ")]
        if ":" in row and not row[:1].isspace() and key in values
    }
    return Card(file, digest, text, values, lines, end + 1)


def _strings(value: object) -> tuple[str, ...]:
    """The strings that a value holds directly, control characters replaced."""
    rows = value if isinstance(value, list) else [value]
    return tuple(
        shown(str(row)) for row in rows[:MAX_VALUES] if isinstance(row, str | int)
    )
