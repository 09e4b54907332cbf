# SPDX-License-Identifier: Apache-2.0
"""Sums over one slab of a pair of tensors, tile by tile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import DTYPES, to_float32
from parentage.artifact.fused import Fused
from parentage.run.diff_tiles import FUSED_TILE, TILE, Side, Slab
from parentage.stats.difference import (
    Floats,
    Raw,
    Sums,
    exact,
    numpy_kernel,
    single,
    trusted,
    values_changed,
)

SMALL: Final = 1 << 14
"""Tiles up to this length are summed in double precision: it costs nothing there, and
gains of normalisations, whose mean hides their spread, are among them."""

_WIDE = frozenset({"F64", "I64", "U64", "I32", "U32"})
"""Formats that float32 cannot hold exactly."""


class Worker:
    """A thread's or process's working memory: two tiles as stored, two as float32."""

    def __init__(self, fused: Fused | None) -> None:
        self._fused = fused
        self._length = FUSED_TILE if fused else TILE
        self._rooms = [np.zeros(self._length * 8, np.uint8) for _ in range(2)]
        self._wide = [np.zeros(0 if fused else TILE, np.uint32) for _ in range(2)]
        self._kernel = fused.floats if fused else numpy_kernel(TILE)

    def sums(self, a: Side, b: Side, slab: Slab) -> Sums:
        """Sums over one slab of a pair of tensors."""
        total = Sums()
        tiles = zip(
            a.tiles(slab, self._rooms[0], self._length),
            b.tiles(slab, self._rooms[1], self._length),
            strict=True,
        )
        for left, right in tiles:
            total.add(self._tile(left, right, a.dtype, b.dtype))
        return total

    def all_sums(
        self,
        sides: Sequence[tuple[Side, Side] | None],
        parts: Sequence[tuple[int, Slab]],
    ) -> list[Sums]:
        """Sums over several slabs, each of the pair of that number."""
        found = []
        for index, slab in parts:
            both = sides[index]
            if both is None:
                message = f"pair {index} has one side"
                raise ValueError(message)
            found.append(self.sums(*both, slab))
        return found

    def _tile(
        self, left: NDArray[Any], right: NDArray[Any], one: str, two: str
    ) -> Sums:
        n = len(left)
        changed = None
        if n > SMALL and not {one, two} & _WIDE:
            raw, changed = self._raw(left, right, one, two)
            if raw[2] == raw[3] == 0 and not left.any() and not right.any():
                return single(raw, n, changed)  # zeros on both sides
            if trusted(raw, n, changed):
                return single(raw, n, changed)
        elif one == two:
            changed = _other_bits(left, right)
        x, y = _doubles(left, one), _doubles(right, two)
        return exact(x, y, values_changed(x, y) if changed is None else changed)

    def _raw(
        self, left: NDArray[Any], right: NDArray[Any], one: str, two: str
    ) -> tuple[Raw, int]:
        if one == two == "BF16":
            bits = left.view(np.uint16), right.view(np.uint16)
            if self._fused:
                return self._fused.bfloats(*bits)
            changed = _other_bits(left, right)
            x, y = (self._halves(b, n) for n, b in enumerate(bits))
            return self._kernel(x, y), changed
        x, y = to_float32(left, one), to_float32(right, two)
        changed = _other_bits(left, right) if one == two else values_changed(x, y)
        return self._kernel(x, y), changed

    def _halves(self, bits: NDArray[np.uint16], number: int) -> Floats:
        """bfloat16 as float32, those of even number first, in memory kept for it.

        Two numbers lie in one 32-bit word; shifting and masking words is three times
        as fast as widening each number. Both sides are put in the same order.
        """
        even = len(bits) // 2
        words = bits[: 2 * even].view(np.uint32)
        room = self._wide[number][: len(bits)]
        np.left_shift(words, np.uint32(16), out=room[:even])
        np.bitwise_and(words, np.uint32(0xFFFF0000), out=room[even : 2 * even])
        if len(bits) % 2:
            room[-1] = np.uint32(bits[-1]) << np.uint32(16)
        return room.view(np.float32)


def _other_bits(left: NDArray[Any], right: NDArray[Any]) -> int:
    kind = np.dtype(f"u{left.dtype.itemsize}")
    return int(np.count_nonzero(left.view(kind) != right.view(kind)))


def _doubles(values: NDArray[Any], dtype: str) -> NDArray[np.float64]:
    if dtype in _WIDE or DTYPES[dtype].numpy == np.bool_:
        return values.astype(np.float64)
    return to_float32(values, dtype).astype(np.float64)
