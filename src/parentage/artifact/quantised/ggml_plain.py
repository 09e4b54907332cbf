# SPDX-License-Identifier: Apache-2.0
"""Blocks of ggml with one scale, or one scale and one offset.

Every function turns ``(n, bytes)`` into ``(n, elements)``. Source: the block
structures of ggml-common.h and ``dequantize_row_*`` of ggml-quants.c.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from parentage.artifact.quantised.bits import (
    E2M1,
    Floats,
    Raw,
    bits_of,
    fields,
    half,
    words,
)

_NON_LINEAR: Final = np.array(
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
    np.float32,
)


def _nibbles(raw: Raw) -> Raw:
    """Low halves of all bytes, then high halves."""
    return fields(raw, (0, 4), 15).reshape(len(raw), -1)


def _fifth_bits(raw: Raw) -> Raw:
    found: Raw = bits_of(raw, tuple(range(8)), 1).reshape(len(raw), -1) << np.uint8(4)
    return found


def q4_0(raw: Raw) -> Floats:
    """Scale, 32 numbers from -8."""
    codes = _nibbles(raw[:, 2:]).astype(np.float32) - 8
    return half(raw[:, :2]) * codes


def q4_1(raw: Raw) -> Floats:
    """Scale, offset, 32 numbers from 0."""
    return half(raw[:, :2]) * _nibbles(raw[:, 4:]) + half(raw[:, 2:4])


def q5_0(raw: Raw) -> Floats:
    """Scale, fifth bits, 32 numbers from -16."""
    codes = _nibbles(raw[:, 6:]) | _fifth_bits(raw[:, 2:6])
    return half(raw[:, :2]) * (codes.astype(np.float32) - 16)


def q5_1(raw: Raw) -> Floats:
    """Scale, offset, fifth bits, 32 numbers from 0."""
    codes = _nibbles(raw[:, 8:]) | _fifth_bits(raw[:, 4:8])
    return half(raw[:, :2]) * codes + half(raw[:, 2:4])


def q8_0(raw: Raw) -> Floats:
    """Scale, 32 signed bytes."""
    return half(raw[:, :2]) * words(raw[:, 2:], "i1").astype(np.float32)


def iq4_nl(raw: Raw) -> Floats:
    """Scale, 32 places in a table of uneven steps."""
    return half(raw[:, :2]) * _NON_LINEAR[_nibbles(raw[:, 2:])]


def iq4_xs(raw: Raw) -> Floats:
    """Scale, eight 6-bit scales, 256 places in the table of uneven steps."""
    high = bits_of(words(raw[:, 2:4], "<u2"), tuple(range(0, 16, 2)), 3)
    low = bits_of(raw[:, 4:8], (0, 4), 15).reshape(len(raw), 8)
    scale = (low | (high.reshape(len(raw), 8) << 4)).astype(np.float32) - 32
    codes = fields(raw[:, 8:].reshape(len(raw), 8, 16), (0, 4), 15)
    values = _NON_LINEAR[codes.reshape(len(raw), 8, 32)]
    found: Floats = (half(raw[:, :2]) * scale)[..., None] * values
    return found.reshape(len(raw), 256)


def tq1_0(raw: Raw) -> Floats:
    """Five numbers of -1, 0 and 1 in a byte, a scale."""
    powers = np.array([1, 3, 9, 27, 81], np.uint8)[:, None]
    parts = [
        (raw[:, None, :32] * powers).reshape(len(raw), -1),
        (raw[:, None, 32:48] * powers).reshape(len(raw), -1),
        (raw[:, None, 48:52] * powers[:4]).reshape(len(raw), -1),
    ]
    codes = (np.concatenate(parts, axis=1).astype(np.uint16) * 3) >> 8
    return half(raw[:, 52:]) * (codes.astype(np.float32) - 1)


def tq2_0(raw: Raw) -> Floats:
    """Four numbers of -1, 0 and 1 in a byte, a scale."""
    codes = fields(raw[:, :64].reshape(len(raw), 2, 32), (0, 2, 4, 6), 3)
    return half(raw[:, 64:]) * (codes.reshape(len(raw), 256).astype(np.float32) - 1)


def mxfp4(raw: Raw) -> Floats:
    """An exponent, 32 4-bit floats. Subnormal scales are kept, as ggml does."""
    exponent = raw[:, :1].astype(np.uint32)
    small = np.uint32(0x00200000) << np.minimum(exponent, 1)
    bits = np.where(exponent < 2, small, (exponent - 1) << np.uint32(23))
    return bits.astype(np.uint32).view(np.float32) * (2 * E2M1)[_nibbles(raw[:, 1:])]


def nvfp4(raw: Raw) -> Floats:
    """Four scales in 8-bit floats without a sign, each for 16 4-bit floats."""
    scale = raw[:, :4]
    exponent = ((scale >> 3) & 15).astype(np.int32)
    digits = (scale & 7).astype(np.float32)
    normal = np.ldexp(1 + digits / 8, exponent - 8)
    value = np.where(exponent == 0, digits * np.float32(2.0**-10), normal)
    value = np.where((scale == 0) | (scale == 127), 0, value).astype(np.float32)
    codes = fields(raw[:, 4:].reshape(len(raw), 4, 8), (0, 4), 15)
    values = (2 * E2M1)[codes.reshape(len(raw), 4, 16)]
    found: Floats = value[..., None] * values
    return found.reshape(len(raw), 64)
