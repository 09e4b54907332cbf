# SPDX-License-Identifier: Apache-2.0
"""Integers of 2 to 8 bits packed into words, with a scale and a zero for each group.

* GPTQ packs along the inputs; ``g_idx`` gives the group of each input, in any order
  where columns were quantised by activity.
* AWQ packs along the outputs, eight columns in the order 0, 2, 4, 6, 1, 3, 5, 7.
* compressed-tensors packs along the inputs of each row.

Sources: ``QuantLinear.pack`` of AutoGPTQ, ``WQLinear_GEMM.from_linear`` of AutoAWQ,
``pack_to_int32`` of compressed-tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.quantised.parts import (
    FLOATS,
    Group,
    Weight,
    need,
    refusal,
    row,
)
from parentage.artifact.values import Floats, Index, Matrix, Part

_USUAL: Final = (4, 8, 2, 3, 5, 6, 7, 1)
"""Bits of a number in the order of preference where short rows fit several."""

_WORDS: Final = frozenset({"I32", "U32"})
_AWQ_PLACE: Final = np.array([0, 4, 1, 5, 2, 6, 3, 7], np.int64)
"""Where in a word the column of each number modulo eight lies."""


def stream(words: NDArray[Any], first: Index, shift: Index, bits: int) -> Floats:
    """Numbers that begin at bit ``shift`` of word ``first`` along the first axis.

    Args:
        words: rising words that hold them, ``(words, n)``.
        first: for each number the place of its word.
        shift: its bit in the word; it may end in the next one.
        bits: bits of a number.
    """
    wide = words.view(np.uint32).astype(np.uint64)
    after = np.minimum(first + 1, len(wide) - 1)
    both = wide[first] | (wide[after] << np.uint64(32))
    found = (both >> shift.astype(np.uint64)[:, None]) & np.uint64(2**bits - 1)
    return found.astype(np.float32)


def _along_rows(part: Part, numbers: Index, columns: Index, bits: int) -> Floats:
    """Packed numbers of a table whose first axis is packed: ``(numbers, columns)``."""
    first, shift = np.divmod(numbers * bits, 32)
    rows = np.unique(np.concatenate([first, np.minimum(first + 1, part.rows - 1)]))
    if 32 % bits == 0:
        rows = np.unique(first)
    words = part.take(rows, columns)
    places = np.searchsorted(rows, first).astype(np.int64)
    return stream(np.ascontiguousarray(words), places, shift, bits)


def _along_columns(part: Part, rows: Index, numbers: Index, bits: int) -> Floats:
    """Packed numbers of a table whose last axis is packed: ``(rows, numbers)``."""
    first, shift = np.divmod(numbers * bits, 32)
    columns = np.unique(
        np.concatenate([first, np.minimum(first + 1, part.columns - 1)])
    )
    if 32 % bits == 0:
        columns = np.unique(first)
    words = np.ascontiguousarray(part.take(rows, columns).T)
    places = np.searchsorted(columns, first).astype(np.int64)
    return stream(words, places, shift, bits).T


def _groups(part: Part | None, columns: Index, size: int, count: int) -> Index:
    """The group of each input."""
    if part is None:
        return np.minimum(columns // size, count - 1)
    found = row(part, columns)
    # Negative numbers count from the end in one library and are an error in another.
    if len(found) and not 0 <= int(found.min()) <= int(found.max()) < count:
        raise refusal(
            part,
            f"names group {int(found.max())} of {count}",
            f"groups from 0 to {count - 1}",
        )
    return found


@dataclass(frozen=True)
class Gptq(Matrix):
    """See the head of this file; ``shape`` is (outputs, inputs)."""

    shape: tuple[int, ...]
    packed: Part
    zeros: Part
    scales: Part
    order: Part | None
    bits: int
    plus_one: bool

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some outputs and inputs."""
        codes = _along_rows(self.packed, columns, rows, self.bits)
        count = self.scales.rows
        size = -(-self.shape[1] // count)
        group = _groups(self.order, columns, size, count)
        chosen, back = np.unique(group, return_inverse=True)
        zero = _along_columns(self.zeros, chosen, rows, self.bits)
        if self.plus_one:
            zero = (zero + 1) % 2**self.bits
        scale = self.scales.floats(chosen, rows)
        found: Floats = ((codes - zero[back]) * scale[back]).T
        return found


@dataclass(frozen=True)
class Awq(Matrix):
    """See the head of this file; ``shape`` is (outputs, inputs)."""

    shape: tuple[int, ...]
    packed: Part
    zeros: Part
    scales: Part

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some outputs and inputs."""
        place = rows // 8 * 8 + _AWQ_PLACE[rows % 8]
        codes = _along_columns(self.packed, columns, place, 4)
        group = columns // (self.shape[1] // self.scales.rows)
        chosen, back = np.unique(group, return_inverse=True)
        zero = _along_columns(self.zeros, chosen, place, 4)
        scale = self.scales.floats(chosen, rows)
        found: Floats = ((codes - zero[back]) * scale[back]).T
        return found


@dataclass(frozen=True)
class PackedRows(Matrix):
    """compressed-tensors; ``shape`` is (outputs, inputs)."""

    shape: tuple[int, ...]
    packed: Part
    scales: Part
    zeros: Part | None
    order: Part | None
    bits: int

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some outputs and inputs."""
        codes = _along_columns(self.packed, rows, columns, self.bits)
        count = self.scales.columns
        group = _groups(self.order, columns, self.shape[1] // count, count)
        chosen, back = np.unique(group, return_inverse=True)
        zero: Floats | np.float32 = np.float32(2 ** (self.bits - 1))
        if self.zeros is not None and self.zeros.entry.dtype in _WORDS:
            zero = _along_rows(self.zeros, rows, chosen, self.bits)[:, back]
        elif self.zeros is not None:
            zero = zero + self.zeros.floats(rows, chosen)[:, back]
        scale = self.scales.floats(rows, chosen)[:, back]
        found: Floats = (codes - zero) * scale
        return found


def gptq_or_awq(group: Group) -> Weight | None:
    """A weight of GPTQ or AWQ, told apart by which side of it is packed."""
    packed, scales, zeros = (
        group.part(f".{w}") for w in ("qweight", "scales", "qzeros")
    )
    if packed is None or scales is None or zeros is None:
        return None
    need(packed, 2, _WORDS)
    need(scales, 2, FLOATS)
    need(zeros, 2, _WORDS)
    outputs = scales.columns
    if zeros.rows != scales.rows:
        raise refusal(
            zeros, f"has {zeros.rows} groups", f"{scales.rows}, as the scales have"
        )
    if packed.columns * 8 == outputs == zeros.columns * 8:
        return _awq(group, packed, scales, zeros)
    if packed.columns != outputs or zeros.columns * 32 % outputs:
        raise refusal(
            packed,
            f"of shape {list(packed.entry.shape)} fits no scales of shape "
            f"{list(scales.entry.shape)}",
            "outputs that agree",
        )
    bits = zeros.columns * 32 // outputs
    if bits not in (2, 3, 4, 8) or packed.rows * 32 % bits:
        raise refusal(zeros, f"is packed with {bits} bits", "2, 3, 4 or 8 bits")
    inputs = packed.rows * 32 // bits
    order = group.part(".g_idx")
    if order is not None:
        need(order, 1, frozenset({"I32", "I64"}))
        if order.columns != inputs:
            raise refusal(order, f"has {order.columns} inputs", f"{inputs}")
    if scales.rows > inputs:
        raise refusal(scales, f"has {scales.rows} groups", f"at most {inputs}")
    plus_one = group.settings().get("checkpoint_format") != "gptq_v2"
    shape = (outputs, inputs)
    return Weight(
        group.entry(".weight", f"GPTQ{bits}", shape, packed),
        Gptq(shape, packed, zeros, scales, order, bits, plus_one),
    )


def _awq(group: Group, packed: Part, scales: Part, zeros: Part) -> Weight:
    shape = (scales.columns, packed.rows)
    if shape[1] % scales.rows:
        raise refusal(
            scales, f"has {scales.rows} groups", f"a divisor of {shape[1]} inputs"
        )
    entry = group.entry(".weight", "AWQ4", shape, packed)
    return Weight(entry, Awq(shape, packed, zeros, scales))


def packed_rows(group: Group) -> Weight | None:
    """A weight of compressed-tensors, packed into words."""
    packed, scales = group.part(".weight_packed"), group.part(".weight_scale")
    size = group.part(".weight_shape")
    if packed is None or scales is None or size is None:
        return None
    need(packed, 2, _WORDS)
    need(scales, 2, FLOATS)
    need(size, 1, frozenset({"I32", "I64"}))
    if size.columns != 2:
        raise refusal(size, f"holds {size.columns} numbers", "two")
    outputs, inputs = (int(n) for n in row(size, np.arange(2)))
    fits = [b for b in _USUAL if -(-inputs * b // 32) == packed.columns]
    if outputs != packed.rows or not fits:
        raise refusal(
            size,
            f"says {outputs} by {inputs}",
            f"what fits {list(packed.entry.shape)} words",
        )
    bits = fits[0]
    if scales.rows != outputs or inputs % scales.columns:
        raise refusal(
            scales,
            f"has the shape {list(scales.entry.shape)}",
            f"{outputs} rows of equal groups of {inputs} inputs",
        )
    zeros, order = group.part(".weight_zero_point"), group.part(".weight_g_idx")
    if zeros is not None:
        need(zeros, 2, frozenset({"I8", *_WORDS}))
        whole = zeros.entry.dtype == "I8"
        rows = outputs if whole else -(-outputs * bits // 32)
        if (zeros.rows, zeros.columns) != (rows, scales.columns):
            raise refusal(
                zeros,
                f"has the shape {list(zeros.entry.shape)}",
                f"{[rows, scales.columns]}",
            )
    if order is not None:
        need(order, 1, frozenset({"I32", "I64"}))
        if order.columns != inputs:
            raise refusal(order, f"has {order.columns} inputs", f"{inputs}")
    shape = (outputs, inputs)
    entry = group.entry(".weight", f"INT{bits}_PACKED", shape, packed)
    return Weight(entry, PackedRows(shape, packed, scales, zeros, order, bits))
