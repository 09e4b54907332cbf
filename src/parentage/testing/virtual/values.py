# SPDX-License-Identifier: Apache-2.0
"""Normal numbers at any place of an endless row, whatever was read before.

The row is cut into blocks; a block is drawn by a counter-based generator (Philox) with
a key of its own row and the block's number as its counter, so that no block depends on
another.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BLOCK = 4096
"""Numbers of a block: the least that is drawn for one read."""


def key_of(*words: object) -> int:
    """A key of 128 bits for a row."""
    text = "\0".join(str(word) for word in words).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")


def normals(key: int, begin: int, end: int) -> Floats:
    """The numbers ``[begin, end)`` of a row: independent, mean 0, variance 1."""
    first, last = begin // BLOCK, -(-end // BLOCK)
    out = np.empty((max(last - first, 0), BLOCK), np.float32)
    for row, block in enumerate(range(first, last)):
        generator = np.random.Generator(np.random.Philox(key=key, counter=block << 64))
        generator.standard_normal(dtype=np.float32, out=out[row])
    start = begin - first * BLOCK
    return out.reshape(-1)[start : start + end - begin]
