# SPDX-License-Identifier: Apache-2.0
"""All sums over two tiles in one pass, compiled by numba (the extra ``fast``).

numpy makes ten passes over a tile where one would do. With the extra installed the
loops below become vector instructions of this machine. The numpy path is the
reference: tests hold both to the same numbers.

Blocks whose bits are all equal are noticed before any number is formed, and have fewer
sums to take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parentage.stats.difference import Floats, Kernel, Raw

Halves = NDArray[np.uint16]

_BLOCK = 8192
"""Bytes of one side that are summed in single precision before their sums go to double
precision: 4096 values of bfloat16, in two lanes, or 2048 of float32."""

_FIRST = 8
"""Words that are looked at first: of blocks that differ nearly all differ there."""

_LOOP = """
def kernel(a, b, out):
    total_a = total_b = total_aa = total_bb = total_ab = total_dd = 0.0
    largest = np.int32(0)
    changed = 0
    for start in range(0, a.shape[0], WORDS):
        p = a[start : start + WORDS]
        q = b[start : start + WORDS]
        if p.shape[0] == WORDS:
            u = p.view(np.uint64)
            v = q.view(np.uint64)
            apart = np.uint64(0)
            for i in range(FIRST):
                apart |= u[i] ^ v[i]
            if apart == 0:
                for i in range(u.shape[0]):
                    apart |= u[i] ^ v[i]
            if apart == 0:
                INIT_EQUAL
                for i in range(p.shape[0]):
                    r = p[i]
                    EQUAL
                total_a += SUM_a
                total_b += SUM_a
                total_aa += SUM_aa
                total_bb += SUM_aa
                total_ab += SUM_aa
                continue
        INIT
        other = np.int32(0)
        for i in range(p.shape[0]):
            r = p[i]
            s = q[i]
            DIFFERENT
        total_a += SUM_a
        total_b += SUM_b
        total_aa += SUM_aa
        total_bb += SUM_bb
        total_ab += SUM_ab
        total_dd += SUM_dd
        HIGHEST
        changed += other
    out[0] = total_a
    out[1] = total_b
    out[2] = total_aa
    out[3] = total_bb
    out[4] = total_ab
    out[5] = total_dd
    out[6] = np.int32(largest).view(np.float32)
    out[7] = changed
"""

_INIT = """
sum_a# = sum_b# = aa# = bb# = ab# = dd# = np.float32(0)
high# = np.int32(0)
"""

_EQUAL = """
x# = np.uint32(LEFT).view(np.float32)
sum_a# += x#
aa# += x# * x#
"""

# Sizes of floats are compared as whole numbers, whose order is the same: the maximum
# of floats does not become a vector instruction unless NaN is ruled out.
_DIFFERENT = """
p# = np.uint32(LEFT)
q# = np.uint32(RIGHT)
x# = p#.view(np.float32)
y# = q#.view(np.float32)
d# = np.float32(x# - y#)
sum_a# += x#
sum_b# += y#
aa# += x# * x#
bb# += y# * y#
ab# += x# * y#
dd# += d# * d#
size# = np.int32(d#.view(np.int32) & np.int32(0x7FFFFFFF))
high# = max(high#, size#)
other = np.int32(other + np.int32(p# != q#))
"""

# Two numbers of bfloat16 lie in one word: shifting and masking words is quicker than
# widening each number.
_HALVES = ("{0} << np.uint32(16)", "{0} & np.uint32(0xFFFF0000)")
_WHOLE = ("{0}",)
_SUMS = ("sum_a", "sum_b", "aa", "bb", "ab", "dd")


def _source(lanes: tuple[str, ...]) -> str:
    """The text of a kernel; a lane says how the bits of a number come from a word."""

    def each(text: str, indent: int) -> str:
        lines = [
            line.replace("LEFT", lane.format("r"))
            .replace("RIGHT", lane.format("s"))
            .replace("#", str(number))
            for number, lane in enumerate(lanes)
            for line in text.strip().splitlines()
        ]
        return ("\n" + " " * indent).join(lines)

    made = _LOOP.replace("INIT_EQUAL", each(_INIT, 16)).replace("INIT", each(_INIT, 8))
    made = made.replace("EQUAL", each(_EQUAL, 20))
    made = made.replace("DIFFERENT", each(_DIFFERENT, 12))
    made = made.replace("HIGHEST", each("largest = max(largest, high#)", 8))
    for name in sorted(_SUMS, key=len, reverse=True):
        total = " + ".join(f"{name}{number}" for number in range(len(lanes)))
        made = made.replace(f"SUM_{name.removeprefix('sum_')}\n", f"{total}\n")
    return made.replace("WORDS", str(_BLOCK // 4)).replace("FIRST", str(_FIRST))


@dataclass(frozen=True)
class Fused:
    """Compiled kernels.

    Attributes:
        version: of numba, for the record.
        floats: for float32.
        bfloats: for the bits of bfloat16; also counts pairs with other bits.
    """

    version: str
    floats: Kernel
    bfloats: Callable[[Halves, Halves], tuple[Raw, int]]


@cache
def fused() -> Fused | None:
    """The kernels, or ``None`` where numba is not installed."""
    try:
        import numba  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        return None

    def compiled(lanes: tuple[str, ...]) -> Any:  # noqa: ANN401
        space: dict[str, Any] = {"np": np}
        exec(_source(lanes), space)  # noqa: S102 - the text above, with lines of its own
        # Sums may be taken in any order; NaN and infinities keep their meaning.
        return numba.njit(
            "void(uint32[::1], uint32[::1], float64[::1])",
            nogil=True,
            fastmath={"reassoc", "contract", "nsz"},
            boundscheck=False,
            error_model="numpy",
        )(space["kernel"])

    on_floats, on_halves = compiled(_WHOLE), compiled(_HALVES)

    def floats(a: Floats, b: Floats) -> Raw:
        out = np.zeros(8)
        on_floats(a.view(np.uint32), b.view(np.uint32), out)
        return _raw(out)

    def bfloats(a: Halves, b: Halves) -> tuple[Raw, int]:
        out = np.zeros(8)
        on_halves(_words(a), _words(b), out)
        return _raw(out), int(out[7])

    return Fused(numba.__version__, floats, bfloats)


def _words(bits: Halves) -> NDArray[np.uint32]:
    """Two numbers in each word; a last single one gets a zero beside it."""
    if len(bits) % 2:
        bits = np.append(bits, np.uint16(0))
    words = bits.view(np.uint32)
    return words if words.flags.aligned else words.copy()


def _raw(out: NDArray[np.float64]) -> Raw:
    a, b, aa, bb, ab, dd, largest = out[:7].tolist()
    return a, b, aa, bb, ab, dd, largest
