# SPDX-License-Identifier: Apache-2.0
"""Small numbers taken out of bytes, and the 4-bit floats that several formats share."""

from __future__ import annotations

from typing import Any, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import to_float32

Raw = NDArray[np.uint8]
Floats = NDArray[np.float32]

E2M1: Final = np.array(
    [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32
)
"""Values of the 4-bit floats of the Open Compute Project, by their bits."""


def fields(packed: NDArray[Any], shifts: tuple[int, ...], mask: int) -> NDArray[Any]:
    """Bit fields of numbers: a new axis before the last one, one entry per shift."""
    kind = packed.dtype.type
    steps = np.array(shifts, dtype=packed.dtype)[:, None]
    found: NDArray[Any] = (packed[..., None, :] >> steps) & kind(mask)
    return found


def bits_of(packed: NDArray[Any], shifts: tuple[int, ...], mask: int) -> NDArray[Any]:
    """Bit fields of numbers: a new last axis, one entry per shift."""
    kind = packed.dtype.type
    steps = np.array(shifts, dtype=packed.dtype)
    found: NDArray[Any] = (packed[..., None] >> steps) & kind(mask)
    return found


def half(raw: Raw) -> Floats:
    """Two bytes in the last axis as a float16 number."""
    return np.ascontiguousarray(raw).view("<f2").astype(np.float32)


def words(raw: Raw, form: str) -> NDArray[Any]:
    """Bytes in the last axis as little-endian numbers of a form of numpy."""
    return np.ascontiguousarray(raw).view(form)


def power_of_two(raw: Raw) -> Floats:
    """Scales stored as exponents: ``2**(n - 127)``, and NaN for 255."""
    return to_float32(raw.view(ml_dtypes.float8_e8m0fnu), "F8_E8M0")
