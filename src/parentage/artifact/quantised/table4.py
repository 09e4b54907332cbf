# SPDX-License-Identifier: Apache-2.0
"""NF4 and FP4 of bitsandbytes: places in a table of 16 values, a scale for each block.

Blocks run over the flattened weight. The scales may be quantised once more: places in
a table of 256 values, with scales of their own and an offset. What is needed to undo it
is written as JSON into a tensor of bytes.

Source: ``QuantState.as_dict`` and ``dequantize_4bit`` of bitsandbytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from parentage.artifact.entry import shown
from parentage.artifact.format.jsontext import Limits, parse_object
from parentage.artifact.quantised.parts import (
    Group,
    Weight,
    flat,
    need,
    refusal,
    reshaped,
)
from parentage.artifact.values import Floats, Index, Matrix, Part
from parentage.errors import LayoutError

STATES: Final = {
    ".weight.quant_state.bitsandbytes__nf4": "NF4",
    ".weight.quant_state.bitsandbytes__fp4": "FP4",
}
_LONGEST_STATE: Final = 1 << 16
_LIMITS: Final = Limits(depth=4, values=1000)
_ADVICE: Final = "The state of this weight is damaged: save it again."
_F32: Final = frozenset({"F32"})
_ZERO: Final = np.zeros(1, np.int64)


@dataclass(frozen=True)
class Nested:
    """Scales that are quantised themselves."""

    table: Part
    scales: Part
    block: int
    offset: float


@dataclass(frozen=True)
class Table4(Matrix):
    """See the head of this file.

    Attributes:
        shape: shape of the weights.
        packed: bytes, the first number in the high half.
        table: 16 values.
        scales: one for each block, or places in a table of scales.
        block: numbers of a block.
        nested: how the scales are stored, where they are quantised.
    """

    shape: tuple[int, ...]
    packed: Part
    table: Part
    scales: Part
    block: int
    nested: Nested | None = None

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns."""
        places = rows[:, None] * self.columns + columns
        if self.columns % 2 == 0:
            half = self.columns // 2
            bytes_ = reshaped(self.packed, self.packed.entry.size // half, half)
            raw = bytes_.take(rows, columns // 2)
        else:
            raw = _pick(self.packed, places // 2)
        codes = np.where(places % 2, raw & 15, raw >> 4)
        table = self.table.floats(_ZERO, np.arange(16, dtype=np.int64))[0]
        found: Floats = table[codes] * self._scale(places // self.block)
        return found

    def _scale(self, blocks: Index) -> Floats:
        if self.nested is None:
            return np.asarray(_pick(self.scales, blocks), np.float32)
        nested = self.nested
        table = nested.table.floats(_ZERO, np.arange(256, dtype=np.int64))[0]
        codes = table[_pick(self.scales, blocks)]
        found: Floats = codes * _pick(nested.scales, blocks // nested.block)
        return found + np.float32(nested.offset)


def _pick(part: Part, places: Index) -> Floats:
    """Numbers of a vector at places in any shape; neighbours are read together."""
    chosen, back = np.unique(places, return_inverse=True)
    found: Floats = part.take(_ZERO, chosen)[0][back.reshape(places.shape)]
    return found


def table4(group: Group, ending: str) -> Weight | None:
    """A weight of bitsandbytes in four bits."""
    packed, state = group.part(".weight"), group.part(ending)
    scales, table = group.part(".weight.absmax"), group.part(".weight.quant_map")
    if packed is None or state is None or scales is None or table is None:
        return None
    need(packed, len(packed.entry.shape), frozenset({"U8", "I8"}))
    need(scales, 1, frozenset({"F32", "U8"}))
    need(table, 1, _F32)
    if table.columns != 16:
        raise refusal(table, f"holds {table.columns} values", "16")
    found = _state(state)
    shape, block = _shape(state, found), _natural(state, found, "blocksize")
    size = shape[0] * shape[1]
    if packed.entry.size != -(-size // 2):
        raise refusal(
            packed,
            f"holds {packed.entry.size} bytes for {size} weights of 4 bits",
            f"{-(-size // 2)}",
        )
    blocks = -(-size // block)
    if scales.columns != blocks:
        raise refusal(
            scales, f"holds {scales.columns} scales", f"{blocks}, one for a block"
        )
    nested = (
        _nested(group, state, found, blocks) if scales.entry.dtype == "U8" else None
    )
    entry = group.entry(".weight", STATES[ending], shape, packed)
    return Weight(entry, Table4(shape, flat(packed), table, scales, block, nested))


def _state(state: Part) -> dict[str, object]:
    need(state, 1, frozenset({"U8", "I8"}))
    if state.columns > _LONGEST_STATE:
        raise refusal(state, f"has {state.columns} bytes", f"at most {_LONGEST_STATE}")
    raw = state.take(_ZERO, np.arange(state.columns, dtype=np.int64)).tobytes()
    file = f"{shown(state.entry.file)}:{shown(state.entry.name)}"
    return parse_object(raw, _LIMITS, error=LayoutError, file=file, advice=_ADVICE)


def _natural(state: Part, found: dict[str, object], key: str) -> int:
    value = found.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31:
        raise refusal(state, f"says {key} {shown(repr(value))}", "an integer above 0")
    return value


def _shape(state: Part, found: dict[str, object]) -> tuple[int, int]:
    shape = found.get("shape")
    if isinstance(shape, list) and len(shape) == 2:
        rows, columns = shape
        if type(rows) is int and type(columns) is int and min(rows, columns) > 0:
            return rows, columns
    raise refusal(state, f"says shape {shown(repr(shape))}", "two integers above 0")


def _nested(group: Group, state: Part, found: dict[str, object], count: int) -> Nested:
    table = group.part(".weight.nested_quant_map")
    scales = group.part(".weight.nested_absmax")
    if table is None or scales is None:
        raise refusal(
            state, "has scales of bytes and no table for them", "nested_quant_map"
        )
    need(table, 1, _F32)
    need(scales, 1, _F32)
    block = _natural(state, found, "nested_blocksize")
    if table.columns != 256 or scales.columns != -(-count // block):
        raise refusal(
            scales,
            f"holds {scales.columns} scales for {count} in blocks of {block}",
            f"{-(-count // block)}",
        )
    offset = found.get("nested_offset", 0.0)
    if not isinstance(offset, int | float) or isinstance(offset, bool):
        raise refusal(state, f"says nested_offset {shown(repr(offset))}", "a number")
    return Nested(table, scales, block, float(offset))
