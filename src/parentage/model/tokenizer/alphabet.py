# SPDX-License-Identifier: Apache-2.0
"""The alphabets in which formats write tokens, and how to undo them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

METASPACE = "\u2581"
"""The sign that SentencePiece writes for a space."""

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def _byte_signs() -> dict[str, int]:
    """Sign of each byte in GPT-2's byte-level BPE.

    Printable Latin-1 stands for itself; the other bytes, in order, take the signs
    from U+0100 on (Radford et al. 2019, ``bytes_to_unicode``).
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    signs = {chr(value): value for value in printable}
    others = (value for value in range(256) if value not in set(printable))
    for place, value in enumerate(others):
        signs[chr(256 + place)] = value
    return signs


BYTE_SIGNS = _byte_signs()
"""Byte of each sign of the byte-level alphabet, in the order of GPT-2's ids."""

_ONLY_SIGNS = re.compile("[" + re.escape("".join(BYTE_SIGNS)) + "]*+")
_TO_LATIN = {ord(sign): value for sign, value in BYTE_SIGNS.items()}


def spelled_byte(text: str) -> int | None:
    """The byte that ``<0x41>`` spells, or ``None`` for other text."""
    match = _BYTE.fullmatch(text)
    return None if match is None else int(match[1], 16)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """How a vocabulary writes bytes and the edges of words.

    Attributes:
        kind: ``bytes`` (one sign for each byte), ``metaspace`` (a sign for the
            space) or ``plain`` (UTF-8 as it is).
        space: the sign for a space, of ``metaspace``.
        continuation: prefix of tokens that continue a word (WordPiece); others
            then start one, and get a space before.
        end: suffix of tokens that end a word (CLIP); it becomes a space.
    """

    kind: Literal["bytes", "metaspace", "plain"]
    space: str = METASPACE
    continuation: str = ""
    end: str = ""

    def undo(self, text: str) -> bytes | None:
        """The bytes that ``text`` stands for; ``None`` if it has foreign signs."""
        before = after = b""
        if self.continuation:
            if text.startswith(self.continuation):
                text = text[len(self.continuation) :]
            else:
                before = b" "
        if self.end and text.endswith(self.end):
            text = text[: -len(self.end)]
            after = b" "
        if self.kind == "bytes":
            if _ONLY_SIGNS.fullmatch(text) is None:
                return None
            found = text.translate(_TO_LATIN).encode("latin-1")
        elif self.kind == "metaspace":
            found = text.replace(self.space, " ").encode()
        else:
            found = text.encode()
        return before + found + after if before or after else found

    def units(self, text: str) -> int:
        """Number of signs that BPE starts from: 1 for tokens that need no merge."""
        if self.continuation and text.startswith(self.continuation):
            return len(text) - len(self.continuation)
        if self.end and text.endswith(self.end):
            return len(text) - len(self.end)
        return len(text)
