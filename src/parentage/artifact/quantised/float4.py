# SPDX-License-Identifier: Apache-2.0
"""4-bit floats with a scale for each 16 or 32 of a row.

* MXFP4: scales are powers of two for 32 numbers. gpt-oss stores ``X_blocks`` and
  ``X_scales`` turned against the weight ``X``;
* NVFP4: scales are 8-bit floats for 16 numbers, and one more scale for the tensor:
  ``weight_scale_2`` is a factor (ModelOpt), ``weight_global_scale`` a divisor
  (compressed-tensors).

Source: the specification of microscaling formats of the Open Compute Project; code of
transformers (``convert_moe_packed_tensors``) and compressed-tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parentage.artifact.matrices import Turned
from parentage.artifact.quantised.bits import E2M1, power_of_two
from parentage.artifact.quantised.parts import (
    FLOATS,
    Group,
    Weight,
    flat,
    need,
    refusal,
    reshaped,
)
from parentage.artifact.values import Floats, Index, Matrix, Part

_BYTES = frozenset({"U8"})
_SCALES = frozenset({"F8_E4M3", "F8_E8M0", "U8"})


@dataclass(frozen=True)
class Float4(Matrix):
    """Two numbers in a byte, the first in the low half.

    Attributes:
        shape: shape of the weights.
        packed: ``(..., columns / 2)`` bytes.
        scales: ``(..., columns / group)``.
        whole: scale of the tensor: one number, or ``None``.
        divides: whether it is a divisor.
    """

    shape: tuple[int, ...]
    packed: Part
    scales: Part
    whole: Part | None = None
    divides: bool = False

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns."""
        raw = self.packed.take(rows, columns // 2)
        codes = np.where(columns % 2, raw >> 4, raw & 15)
        group = self.columns // self.scales.columns
        found: Floats = E2M1[codes] * self._scale(rows, columns // group)
        return found

    def _scale(self, rows: Index, groups: Index) -> Floats:
        if self.scales.entry.dtype == "U8":
            raw = np.ascontiguousarray(self.scales.take(rows, groups))
            scale = power_of_two(raw.view("u1"))
        else:
            scale = self.scales.floats(rows, groups)
        if self.whole is None:
            return scale
        one = flat(self.whole).floats(np.zeros(1, np.int64), np.zeros(1, np.int64))
        product: Floats = scale / one if self.divides else scale * one
        return product


def _checked(packed: Part, scales: Part, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of the weights; refuses scales that do not fit."""
    shape = (*packed.entry.shape[:-1], 2 * packed.columns)
    count = scales.columns
    group = shape[-1] // count if count and shape[-1] % count == 0 else 0
    if scales.entry.shape[:-1] != shape[:-1] or group not in sizes:
        listed = " or ".join(map(str, sizes))
        raise refusal(
            scales,
            f"has the shape {list(scales.entry.shape)} for {list(shape)} weights",
            f"a scale for each {listed} weights of a row",
        )
    return shape


def packed_float4(group: Group, ending: str = ".weight_packed") -> Weight | None:
    """A weight in NVFP4 or MXFP4 of compressed-tensors or ModelOpt."""
    packed, scales = group.part(ending), group.part(".weight_scale")
    if packed is None or scales is None or packed.entry.dtype != "U8":
        return None
    factor, divisor = group.part(".weight_scale_2"), group.part(".weight_global_scale")
    whole = factor or divisor
    if ending == ".weight" and factor is None:
        return None
    need(packed, len(packed.entry.shape), _BYTES)
    need(scales, len(packed.entry.shape), _SCALES)
    if whole is not None:
        need(whole, len(whole.entry.shape), FLOATS)
        if whole.entry.size != 1:
            raise refusal(whole, f"holds {whole.entry.size} numbers", "one")
    shape = _checked(packed, scales, (16,) if whole is not None else (32,))
    for name in (".input_scale", ".input_global_scale"):
        group.part(name)
    dtype = "MXFP4" if whole is None else "NVFP4"
    entry = group.entry(".weight", dtype, shape, packed)
    return Weight(
        entry, Float4(shape, packed, scales, whole, divides=divisor is not None)
    )


def blocks_and_scales(group: Group) -> Weight | None:
    """A stack of experts in MXFP4 as gpt-oss stores it: (experts, inputs, outputs)."""
    blocks, scales = group.part("_blocks"), group.part("_scales")
    if blocks is None or scales is None:
        return None
    need(blocks, 4, _BYTES)
    need(scales, 3, _SCALES)
    experts, outputs, count, half = blocks.entry.shape
    packed = reshaped(blocks, experts, outputs, count * half)
    shape = _checked(packed, scales, (32,))
    turned = Turned(Float4(shape, packed, scales))
    return Weight(group.entry("", "MXFP4", turned.shape, blocks), turned)
