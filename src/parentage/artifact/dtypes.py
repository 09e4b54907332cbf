# SPDX-License-Identifier: Apache-2.0
"""One table of every number format that weights are stored in, and what to do with it.

:data:`SAFETENSORS` holds the formats of plain numbers. Of these, formats below eight
bits are packed in ways that differ between writers: they are listed and counted but
not decoded. :data:`QUANTISED` holds formats in which numbers share a scale with their
neighbours; their values are decoded to float32 as they are read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import DTypeLike, NDArray

from parentage.errors import DtypeError

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Dtype:
    """A stored number format.

    The last four attributes describe its finite values: all of them are
    ``m * 2**e`` with an integer ``|m| < 2**digits`` and ``e >= quantum`` (or a power
    of two), within ``[low, high]``.

    Attributes:
        name: spelling of safetensors, or of ggml for its blocks.
        bits: stored bits per element, scales included.
        numpy: the format in memory, or ``None`` if it is not decoded.
        is_float: whether it holds real numbers, as weights do. ``F8_E8M0`` does not
            count: it holds scales of blocks of packed numbers.
        digits: significant binary digits, the leading one included.
        quantum: exponent of two of the smallest step.
        low, high: smallest and largest finite value.
    """

    name: str
    bits: float
    numpy: np.dtype[Any] | None
    is_float: bool
    digits: int
    quantum: int
    low: float
    high: float

    @property
    def mantissa_bits(self) -> int:
        """Stored bits of the significand (0 for integers: they have none)."""
        return self.digits - 1 if self.quantum < 0 else 0

    @property
    def itemsize(self) -> int:
        """Bytes per element, rounded up; 0 for formats that are not decoded."""
        return math.ceil(self.bits / 8) if self.numpy is not None else 0


def _integer(name: str, kind: DTypeLike, bits: int, *, signed: bool) -> Dtype:
    digits = bits - signed
    low = -(2**digits) if signed else 0
    width = max(8, bits)
    return Dtype(name, width, np.dtype(kind), False, digits, 0, low, 2**digits - 1)


def _float(
    name: str, kind: DTypeLike | None, bits: int, form: tuple[int, int], high: float
) -> Dtype:
    digits, quantum = form
    numpy = None if kind is None else np.dtype(kind)
    return Dtype(name, bits, numpy, True, digits, quantum, -high, high)


_F32_HIGH = float.fromhex("0x1.fffffep127")

SAFETENSORS: dict[str, Dtype] = {
    entry.name: entry
    for entry in (
        _integer("BOOL", np.bool_, 1, signed=False),
        _integer("U8", np.uint8, 8, signed=False),
        _integer("I8", np.int8, 8, signed=True),
        _integer("I16", np.int16, 16, signed=True),
        _integer("U16", np.uint16, 16, signed=False),
        _float("F16", np.float16, 16, (11, -24), 65504.0),
        _float("BF16", ml_dtypes.bfloat16, 16, (8, -133), float.fromhex("0x1.fep127")),
        _integer("I32", np.int32, 32, signed=True),
        _integer("U32", np.uint32, 32, signed=False),
        _float("F32", np.float32, 32, (24, -149), _F32_HIGH),
        _float("F64", np.float64, 64, (53, -1074), float(np.finfo(np.float64).max)),
        _integer("I64", np.int64, 64, signed=True),
        _integer("U64", np.uint64, 64, signed=False),
        _float("F8_E4M3", ml_dtypes.float8_e4m3fn, 8, (4, -9), 448.0),
        _float("F8_E5M2", ml_dtypes.float8_e5m2, 8, (3, -16), 57344.0),
        Dtype(
            "F8_E8M0",
            8,
            np.dtype(ml_dtypes.float8_e8m0fnu),
            is_float=False,
            digits=1,
            quantum=-127,
            low=2.0**-127,
            high=2.0**127,
        ),
        _float("F8_E4M3FNUZ", ml_dtypes.float8_e4m3fnuz, 8, (4, -10), 240.0),
        _float("F8_E5M2FNUZ", ml_dtypes.float8_e5m2fnuz, 8, (3, -17), 57344.0),
        _float("F4", None, 4, (2, -1), 6.0),
        _float("F6_E2M3", None, 6, (4, -3), 7.5),
        _float("F6_E3M2", None, 6, (3, -4), 28.0),
        Dtype(
            "C64",
            64,
            np.dtype(np.complex64),
            is_float=False,
            digits=24,
            quantum=-149,
            low=-_F32_HIGH,
            high=_F32_HIGH,
        ),
    )
}
"""Every format of safetensors by name."""

_BITS: dict[str, float] = {
    # Blocks of ggml: bytes of a block by its elements.
    "Q1_0": 1.125, "Q4_0": 4.5, "Q4_1": 5, "Q5_0": 5.5, "Q5_1": 6, "Q8_0": 8.5,
    "Q8_1": 10, "Q2_K": 2.625, "Q3_K": 3.4375, "Q4_K": 4.5, "Q5_K": 5.5,
    "Q6_K": 6.5625, "Q8_K": 9.125, "IQ2_XXS": 2.0625, "IQ2_XS": 2.3125,
    "IQ3_XXS": 3.0625, "IQ1_S": 1.5625, "IQ4_NL": 4.5, "IQ3_S": 3.4375,
    "IQ2_S": 2.5625, "IQ4_XS": 4.25, "IQ1_M": 1.75, "TQ1_0": 1.6875,
    "TQ2_0": 2.0625,
    # Several stored tensors together.
    "GPTQ2": 2.25, "GPTQ3": 3.25, "GPTQ4": 4.25, "GPTQ8": 8.25, "AWQ4": 4.25,
    "NF4": 4.5, "FP4": 4.5, "INT8_ROWS": 8, "INT8_SCALED": 8, "FP8_SCALED": 8,
    "MXFP4": 4.25, "NVFP4": 4.5,
    # A product of two thin matrices, alone or added to a base.
    "LORA": 32,
} | {f"INT{bits}_PACKED": bits + 0.25 for bits in range(1, 9)}  # fmt: skip
_UNDECODED = frozenset({"Q1_0", "Q8_1", "Q8_K"})

QUANTISED: dict[str, Dtype] = {
    name: Dtype(
        name,
        bits,
        None if name in _UNDECODED else np.dtype(np.float32),
        is_float=True,
        digits=24,
        quantum=-149,
        low=-_F32_HIGH,
        high=_F32_HIGH,
    )
    for name, bits in _BITS.items()
}
"""Formats with shared scales by name. What is said of their values holds after
decoding; the bits are those of common group sizes, for planning only."""

DTYPES: dict[str, Dtype] = SAFETENSORS | QUANTISED
"""Every format by name."""


def rounds_to(source: str, target: str) -> bool:
    """Whether a cast from ``source`` to ``target`` keeps every finite value exactly.

    Use it to tell which of two formats may have been cast from the other: F16 fits
    into F32 but neither of F16 and BF16 fits into the other.

    Args:
        source: name of the first format in :data:`DTYPES`.
        target: name of the second.
    """
    a, b = DTYPES[source], DTYPES[target]
    if a.name == b.name:
        return True
    if a.name == "C64":
        return False
    return (
        a.digits <= b.digits
        and a.quantum >= b.quantum
        and a.low >= b.low
        and a.high <= b.high
    )


def to_float32(array: Array, dtype: str) -> NDArray[np.float32]:
    """The values of a stored array as float32, exactly where float32 can hold them.

    Args:
        array: an array of any shape in the stored format (see
            :attr:`Dtype.numpy`).
        dtype: its format's name in :data:`DTYPES`.

    Returns:
        An array of the same shape; the very same one if it is float32 already.

    Raises:
        DtypeError: the format is packed or complex, so it is no array of weights.
    """
    kind = DTYPES[dtype]
    if kind.numpy is None or dtype == "C64":
        raise undecodable(dtype)
    if dtype == "BF16":
        # A bfloat16 is the upper half of a float32.
        wide = array.view(np.uint16).astype(np.uint32)
        np.left_shift(wide, 16, out=wide)
        return wide.view(np.float32)
    if kind.bits == 8 and kind.is_float and kind.numpy.itemsize == 1:
        return _table(dtype)[array.view(np.uint8)]
    # A float64 beyond float32 becomes infinite, which the caller counts and reports.
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(np.float32, copy=False)


@cache
def _table(dtype: str) -> NDArray[np.float32]:
    kind = DTYPES[dtype].numpy
    if kind is None:
        raise undecodable(dtype)
    values = np.arange(256, dtype=np.uint8).view(kind).astype(np.float32)
    values.flags.writeable = False
    return values


def undecodable(
    dtype: str, *, file: str | None = None, tensor: str | None = None
) -> DtypeError:
    """The error for a format that is listed but whose values are not read."""
    return DtypeError(
        f"values stored as {dtype} are not decoded",
        file=file,
        tensor=tensor,
        expected="a format of whole bytes that holds real numbers",
        advice="Unpack or dequantise the weights first (for example to BF16).",
    )


def count_non_finite(array: Array) -> int:
    """Number of elements that are NaN or infinite, in any stored format."""
    if array.dtype == ml_dtypes.bfloat16:
        bits = array.view(np.uint16) & 0x7F80
        return int(np.count_nonzero(bits == 0x7F80))
    if array.dtype.kind in "biu":
        return 0
    return int(array.size - np.count_nonzero(np.isfinite(array)))
