# SPDX-License-Identifier: Apache-2.0
"""Blocks of ggml of 256 numbers with scales of scales.

Every function turns ``(n, bytes)`` into ``(n, 256)``. Source: the block structures of
ggml-common.h and ``dequantize_row_*`` of ggml-quants.c.
"""

from __future__ import annotations

import numpy as np

from parentage.artifact.quantised.bits import Floats, Raw, bits_of, fields, half, words


def _spread(scale: Floats, codes: Floats) -> Floats:
    """Scales ``(n, groups)`` times codes ``(n, groups, size)``, flattened."""
    found: Floats = (scale[..., None] * codes).reshape(len(codes), 256)
    return found


def q2_k(raw: Raw) -> Floats:
    """Sixteen 4-bit scales and offsets, 2-bit numbers, a scale for each kind."""
    n = len(raw)
    scales = raw[:, :16]
    codes = fields(raw[:, 16:80].reshape(n, 2, 32), (0, 2, 4, 6), 3).reshape(n, 16, 16)
    scale = half(raw[:, 80:82]) * (scales & 15)
    offset = half(raw[:, 82:84]) * (scales >> 4)
    found: Floats = scale[..., None] * codes - offset[..., None]
    return found.reshape(n, 256)


def q3_k(raw: Raw) -> Floats:
    """High bits, 2-bit numbers, sixteen 6-bit scales, a scale."""
    n = len(raw)
    low = fields(raw[:, 96:104], (0, 4), 15).reshape(n, 16)
    high = fields(raw[:, 104:108], (0, 2, 4, 6), 3).reshape(n, 16)
    scales = (low | (high << np.uint8(4))).astype(np.float32) - 32
    codes = fields(raw[:, 32:96].reshape(n, 2, 32), (0, 2, 4, 6), 3).reshape(n, 16, 16)
    top = fields(raw[:, :32], tuple(range(8)), 1).reshape(n, 16, 16)
    # The offset is there where the bit is not.
    values = codes.astype(np.float32) - 4 * (1 - top.astype(np.float32))
    return _spread(half(raw[:, 108:110]) * scales, values)


def _scales_and_offsets(raw: Raw) -> tuple[Raw, Raw]:
    """Eight 6-bit scales and eight 6-bit offsets out of twelve bytes."""
    first, second, both = raw[:, :4], raw[:, 4:8], raw[:, 8:]
    scales = np.concatenate([first & 63, (both & 15) | ((first >> 2) & 48)], axis=1)
    offsets = np.concatenate([second & 63, (both >> 4) | ((second >> 2) & 48)], axis=1)
    return scales, offsets


def _with_offsets(raw: Raw, codes: Raw) -> Floats:
    scales, offsets = _scales_and_offsets(raw[:, 4:16])
    scale = (half(raw[:, :2]) * scales)[..., None]
    offset = (half(raw[:, 2:4]) * offsets)[..., None]
    return (scale * codes - offset).reshape(len(raw), 256)


def q4_k(raw: Raw) -> Floats:
    """Two scales, eight 6-bit scales and offsets, 4-bit numbers."""
    n = len(raw)
    codes = fields(raw[:, 16:].reshape(n, 4, 32), (0, 4), 15)
    return _with_offsets(raw, codes.reshape(n, 8, 32))


def q5_k(raw: Raw) -> Floats:
    """The same with fifth bits."""
    n = len(raw)
    low = fields(raw[:, 48:].reshape(n, 4, 32), (0, 4), 15).reshape(n, 8, 32)
    high = fields(raw[:, 16:48], tuple(range(8)), 1)
    return _with_offsets(raw, low | (high << np.uint8(4)))


def q6_k(raw: Raw) -> Floats:
    """Low and high bits, sixteen signed scales, a scale."""
    n = len(raw)
    low = fields(raw[:, :128].reshape(n, 2, 64), (0, 4), 15).reshape(n, 256)
    high = fields(raw[:, 128:192].reshape(n, 2, 32), (0, 2, 4, 6), 3).reshape(n, 256)
    codes = (low | (high << np.uint8(4))).astype(np.float32) - 32
    scale = half(raw[:, 208:]) * words(raw[:, 192:208], "i1").astype(np.float32)
    return _spread(scale, codes.reshape(n, 16, 16))


def groups_of_scales(raw: Raw) -> Raw:
    """Two 4-bit scales of each byte, in order."""
    found: Raw = bits_of(raw, (0, 4), 15).reshape(len(raw), -1)
    return found
