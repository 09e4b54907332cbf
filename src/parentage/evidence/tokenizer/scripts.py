# SPDX-License-Identifier: Apache-2.0
"""Which script a token is written in, for whole vocabularies at once."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SCRIPTS = (
    "whitespace",
    "digits",
    "punctuation",
    "latin",
    "other",
    "cyrillic",
    "arabic",
    "han",
    "kana",
    "hangul",
    "fragment",
)
"""Classes of tokens. A token is of the last of these that any character of it has, so
that Japanese text with Han in it counts as kana; ``fragment`` is part of a character,
``punctuation`` every other sign, as of program code."""

_CODE = {name: number for number, name in enumerate(SCRIPTS)}
# How Unicode names the letters of each class; letters with other names are "other".
_NAMED = {
    "LATIN": "latin",
    "CYRILLIC": "cyrillic",
    "ARABIC": "arabic",
    "CJK": "han",
    "IDEOGRAPHIC": "han",
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "HANGUL": "hangul",
}
_WIDTHS = ("HALFWIDTH", "FULLWIDTH")
_HAN_BEYOND = (0x20000, 0x3FFFF)
# How undecodable bytes 0x80 to 0xFF look after decoding with "surrogateescape".
_FRAGMENT = (0xDC80, 0xDCFF)


@cache
def _table() -> NDArray[np.uint8]:
    """Class of every code point of the basic plane."""
    table = np.full(0x10000, _CODE["punctuation"], dtype=np.uint8)
    for point in range(0x10000):
        sign = chr(point)
        if sign.isalpha():
            table[point] = _CODE[_script_of_letter(sign)]
        elif sign.isspace():
            table[point] = _CODE["whitespace"]
        elif sign.isdecimal():
            table[point] = _CODE["digits"]
    table[_FRAGMENT[0] : _FRAGMENT[1] + 1] = _CODE["fragment"]
    return table


def _script_of_letter(sign: str) -> str:
    words = unicodedata.name(sign, "").replace("-", " ").split() or [""]
    word = words[1] if words[0] in _WIDTHS else words[0]
    return _NAMED.get(word, "other")


def classify(tokens: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Class of each token (an index into :data:`SCRIPTS`) and its characters.

    A byte that is part of no whole character counts as one character; a token of no
    characters is whitespace.
    """
    texts = [token.decode("utf-8", "surrogateescape") for token in tokens]
    lengths = np.fromiter(map(len, texts), dtype=np.int32, count=len(texts))
    raw = "".join(texts).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(raw, dtype="<u4")
    classes = np.full(len(points), _CODE["punctuation"], dtype=np.uint8)
    basic = points < 0x10000
    classes[basic] = _table()[points[basic]]
    classes[(points >= _HAN_BEYOND[0]) & (points <= _HAN_BEYOND[1])] = _CODE["han"]
    found = np.full(len(texts), _CODE["whitespace"], dtype=np.uint8)
    filled = lengths > 0
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    if filled.any():
        # Tokens of no characters add nothing between the starts of their neighbours.
        found[filled] = np.maximum.reduceat(classes, starts[filled])
    return found, lengths
