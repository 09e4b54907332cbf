# SPDX-License-Identifier: Apache-2.0
"""Blocks of ggml whose numbers are places in a table of eight or four values.

Every function turns ``(n, bytes)`` into ``(n, 256)``. Source: the block structures and
tables of ggml-common.h and ``dequantize_row_*`` of ggml-quants.c.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.quantised.bits import Floats, Raw, bits_of, half, words
from parentage.artifact.quantised.ggml_super import groups_of_scales

_DELTA = np.float32(0.125)


@cache
def _grid(name: str) -> Floats:
    """A table: one row for each place."""
    file = resources.files("parentage.artifact.quantised") / "ggml_grids.json"
    found = json.loads(file.read_text("utf-8"))["grids"][name]
    width = 2 if len(found["values"]) <= 4 else 4
    packed = np.frombuffer(bytes.fromhex("".join(found["packed"])), np.uint8)
    codes = bits_of(packed, tuple(range(0, 8, width)), 2**width - 1)
    table: Floats = np.array(found["values"], np.float32)[codes]
    return table.reshape(found["shape"])


@cache
def _even_signs() -> Floats:
    """Eight signs for each 7-bit code: the eighth makes the minus signs even."""
    codes = np.arange(128, dtype=np.uint8)
    bits = bits_of(codes, tuple(range(7)), 1)
    last = bits.sum(axis=1, dtype=np.uint8)[:, None] & np.uint8(1)
    return np.float32(1) - 2 * np.concatenate([bits, last], axis=1).astype(np.float32)


def _signs(raw: Raw) -> Floats:
    return np.float32(1) - 2 * bits_of(raw, tuple(range(8)), 1).astype(np.float32)


def _product(scale: Floats, table: Floats, signs: Floats | None) -> Floats:
    """Scales ``(n, groups)`` times rows of a table, spread over the groups."""
    n, groups = scale.shape
    values = scale[..., None] * table.reshape(n, groups, -1)
    if signs is not None:
        values = values * signs.reshape(n, groups, -1)
    return values.reshape(n, math.prod(values.shape[1:]))


def iq2_xxs(raw: Raw) -> Floats:
    """Scale; for 32 numbers four places, four codes of signs and a 4-bit scale."""
    n = len(raw)
    pairs = words(raw[:, 2:], "<u4").reshape(n, 8, 2)
    places = raw[:, 2:].reshape(n, 8, 8)[..., :4]
    scale = half(raw[:, :2]) * (np.float32(0.5) + (pairs[..., 1] >> 28)) * 0.25
    signs = _even_signs()[bits_of(pairs[..., 1], (0, 7, 14, 21), 127)]
    return _product(scale.astype(np.float32), _grid("IQ2_XXS")[places], signs)


def iq2_xs(raw: Raw) -> Floats:
    """Scale; places of nine bits with codes of signs of seven, 4-bit scales."""
    codes = words(raw[:, 2:66], "<u2")
    scale = half(raw[:, :2]) * (np.float32(0.5) + groups_of_scales(raw[:, 66:])) * 0.25
    table = _grid("IQ2_XS")[codes & 511]
    return _product(scale.astype(np.float32), table, _even_signs()[codes >> 9])


def iq2_s(raw: Raw) -> Floats:
    """Scale; places of ten bits, signs, 4-bit scales."""
    places = _wide(raw[:, 2:34], raw[:, 66:74], (0, 2, 4, 6), 3)
    scale = half(raw[:, :2]) * (np.float32(0.5) + groups_of_scales(raw[:, 74:])) * 0.25
    table = _grid("IQ2_S")[places]
    return _product(scale.astype(np.float32), table, _signs(raw[:, 34:66]))


def iq3_xxs(raw: Raw) -> Floats:
    """Scale; places of four values, codes of signs and 4-bit scales."""
    codes = words(raw[:, 66:], "<u4")
    scale = half(raw[:, :2]) * (np.float32(0.5) + (codes >> 28)) * 0.5
    signs = _even_signs()[bits_of(codes, (0, 7, 14, 21), 127)]
    return _product(scale.astype(np.float32), _grid("IQ3_XXS")[raw[:, 2:66]], signs)


def iq3_s(raw: Raw) -> Floats:
    """Scale; places of nine bits, signs, 4-bit scales."""
    places = _wide(raw[:, 2:66], raw[:, 66:74], tuple(range(8)), 1)
    scale = half(raw[:, :2]) * (1 + 2 * groups_of_scales(raw[:, 106:]))
    table = _grid("IQ3_S")[places]
    return _product(scale.astype(np.float32), table, _signs(raw[:, 74:106]))


def iq1_s(raw: Raw) -> Floats:
    """Scale; places of eleven bits; for 32 numbers a 3-bit scale and a shift."""
    high = words(raw[:, 34:], "<u2")
    places = _wide(raw[:, 2:34], high, (0, 3, 6, 9), 7)
    scale = half(raw[:, :2]) * (2 * ((high >> 12) & 7) + 1)
    shift = np.where(high & 0x8000, -_DELTA, _DELTA)[..., None]
    table = _grid("IQ1_S")[places].reshape(len(raw), 8, 32)
    return _product(scale.astype(np.float32), table + shift, None)


def iq1_m(raw: Raw) -> Floats:
    """Places of eleven bits, shifts for 8, 3-bit scales for 16; a split scale."""
    n = len(raw)
    packed = words(raw[:, 48:], "<u2")
    parts = (packed & 0xF000) >> np.array([12, 8, 4, 0], np.uint16)
    whole = np.bitwise_or.reduce(parts, axis=1).astype("<u2")
    scales = bits_of(packed, (0, 3, 6, 9), 7).reshape(n, 16)
    scale = whole.view("<f2").astype(np.float32)[:, None] * (2 * scales + 1)
    high = bits_of(raw[:, 32:48], (0, 4), 15).reshape(n, 32)
    places = raw[:, :32].astype(np.uint16) | ((high & 7).astype(np.uint16) << 8)
    shift = np.where(high & 8, -_DELTA, _DELTA)[..., None]
    return _product(scale.astype(np.float32), _grid("IQ1_S")[places] + shift, None)


def _wide(
    low: Raw, high: NDArray[np.uint8], shifts: tuple[int, ...], mask: int
) -> NDArray[np.uint16]:
    """Places whose upper bits are kept apart."""
    top = bits_of(high, shifts, mask).reshape(len(low), -1).astype(np.uint16)
    return low.astype(np.uint16) | (top << np.uint16(8))
