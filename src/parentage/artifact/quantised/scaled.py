# SPDX-License-Identifier: Apache-2.0
"""Numbers of eight bits times a scale: of the tensor, of a row, or of a block.

* ``weight_scale_inv`` (DeepSeek): one scale for each block of 128 by 128, in spite of
  its name a factor;
* ``weight_scale`` (compressed-tensors, FBGEMM, ModelOpt): one for the tensor, for each
  row, or for each group of a row;
* ``SCB`` (bitsandbytes): one for each row of int8, to be divided by 127.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parentage.artifact.quantised.parts import (
    BYTES8,
    FLOATS,
    Group,
    Weight,
    need,
    refusal,
    reshaped,
    row,
)
from parentage.artifact.values import Floats, Index, Matrix, Part

_USUAL = 128


@dataclass(frozen=True)
class Scaled(Matrix):
    """A table of small numbers and a smaller table of scales.

    Attributes:
        shape: shape of the weights.
        codes: the numbers.
        scales: ``(..., rows of blocks, columns of blocks)``.
        block: rows and columns of a block.
        zeros: of each block, or ``None``.
        divide: what the scales are divided by.
    """

    shape: tuple[int, ...]
    codes: Part
    scales: Part
    block: tuple[int, int]
    zeros: Part | None = None
    divide: float = 1.0

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns."""
        front, inner = np.divmod(rows, self.shape[-2])
        high = self.scales.entry.shape[-2]
        places = front * high + inner // self.block[0]
        across = columns // self.block[1]
        found = self.codes.floats(rows, columns)
        if self.zeros is not None:
            found = found - self.zeros.floats(places, across)
        scale = self.scales.floats(places, across)
        if self.divide != 1:
            scale = scale / np.float32(self.divide)
        product: Floats = found * scale
        return product


def scaled(group: Group, weight: str, scale: str) -> Weight | None:
    """A weight with ``weight_scale`` or ``weight_scale_inv``."""
    codes, scales = group.part(weight), group.part(scale)
    if codes is None or scales is None or len(codes.entry.shape) not in (2, 3):
        return None
    if codes.entry.dtype not in BYTES8 | {"I8"}:
        return None
    shape = codes.entry.shape
    need(scales, len(scales.entry.shape), FLOATS | {"F8_E8M0"})
    scales, block = _fitted(group, shape, scales)
    zeros = group.part(".weight_zero_point")
    if zeros is not None:
        need(zeros, len(zeros.entry.shape), frozenset({"I8", "I32"}) | BYTES8 | FLOATS)
        if zeros.entry.size != scales.entry.size:
            raise refusal(
                zeros, f"holds {zeros.entry.size} numbers", f"{scales.entry.size}"
            )
        zeros = reshaped(zeros, *scales.entry.shape)
    for ending in (".input_scale", ".output_scale", ".input_zero_point"):
        group.part(ending)
    dtype = "INT8_SCALED" if codes.entry.dtype == "I8" else "FP8_SCALED"
    entry = group.entry(weight, dtype, shape, codes)
    return Weight(entry, Scaled(shape, codes, scales, block, zeros))


def _fitted(
    group: Group, shape: tuple[int, ...], scales: Part
) -> tuple[Part, tuple[int, int]]:
    """Scales with as many axes as the weight, and the size of a block."""
    found = scales.entry.shape
    lead, (rows, columns) = shape[:-2], shape[-2:]
    if scales.entry.size == 1:
        return reshaped(scales, *(1,) * len(lead), 1, 1), _alone(lead, shape, scales)
    if found in {(*lead, rows), shape[:-1]}:
        scales = reshaped(scales, *lead, rows, 1)
    elif found == lead:
        scales = reshaped(scales, *lead, 1, 1)
    found = scales.entry.shape
    if len(found) == len(shape) and found[:-2] == lead:
        claimed = group.settings().get("weight_block_size")
        hint = claimed if isinstance(claimed, list) and len(claimed) == 2 else [0, 0]
        high = _block(rows, found[-2], hint[0])
        wide = _block(columns, found[-1], hint[1])
        if high and wide:
            return scales, (high, wide)
    raise refusal(
        scales,
        f"has the shape {list(found)} for weights of shape {list(shape)}",
        "one scale for the tensor, a row, a group or a block",
    )


def _alone(
    lead: tuple[int, ...], shape: tuple[int, ...], scales: Part
) -> tuple[int, int]:
    if lead and lead != (1,) * len(lead):
        raise refusal(scales, "is one number for many experts", "one number for each")
    return shape[-2], shape[-1]


def _block(length: int, count: int, hint: object) -> int:
    """Length of a block of which ``count`` cover ``length``; 0 if none does."""
    if count == 1:
        return length
    options = [hint, _USUAL, length // count if length % count == 0 else 0]
    for option in options:
        if isinstance(option, int) and option > 0 and -(-length // option) == count:
            return option
    return 0


def rows_of_int8(group: Group) -> Weight | None:
    """A weight of bitsandbytes in eight bits."""
    codes, scales = group.part(".weight"), group.part(".SCB")
    if codes is None or scales is None:
        return None
    need(codes, 2, frozenset({"I8"}))
    need(scales, 1, FLOATS)
    if scales.columns != codes.rows:
        raise refusal(
            scales, f"holds {scales.columns} scales", f"{codes.rows}, one for a row"
        )
    order = group.part(".weight_format")
    if order is not None and order.entry.size and row(order, np.zeros(1, np.int64))[0]:
        return None  # tiled for one generation of devices
    shape = codes.entry.shape
    entry = group.entry(".weight", "INT8_ROWS", shape, codes)
    scales = reshaped(scales, codes.rows, 1)
    block = (1, shape[1])
    return Weight(entry, Scaled(shape, codes, scales, block, divide=127.0))
