# SPDX-License-Identifier: Apache-2.0
"""Which script a token is written in, for whole vocabularies at once."""

from __future__ import annotations

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
# Blocks of Unicode 15; what is between them and alphabetic is "other".
_BLOCKS = {
    "cyrillic": ((0x400, 0x52F), (0x1C80, 0x1C8F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F)),
    "arabic": ((0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0xFB50, 0xFDFF)),
    "han": ((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
            (0xF900, 0xFAFF)),
    "kana": ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9D)),
    "hangul": ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF)),
}  # fmt: skip
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
            latin = point < 0x250 or 0x1E00 <= point <= 0x1EFF
            table[point] = _CODE["latin" if latin else "other"]
        elif sign.isspace():
            table[point] = _CODE["whitespace"]
        elif sign.isdecimal():
            table[point] = _CODE["digits"]
    for name, blocks in _BLOCKS.items():
        for first, last in blocks:
            letters = table[first : last + 1]
            letters[letters == _CODE["other"]] = _CODE[name]
    table[_FRAGMENT[0] : _FRAGMENT[1] + 1] = _CODE["fragment"]
    return table


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
