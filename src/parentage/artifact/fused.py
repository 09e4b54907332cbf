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

_BLOCK = 2048
"""Values summed in single precision before they go to double precision."""

_LOOP = """
def kernel(a, b, out):
    total_a = total_b = total_aa = total_bb = total_ab = total_dd = 0.0
    largest = np.int32(0)
    changed = 0
    for start in range(0, a.shape[0], BLOCK):
        p = a[start : start + BLOCK]
        q = b[start : start + BLOCK]
        if p.shape[0] == BLOCK:
            u = p.view(np.uint64)
            v = q.view(np.uint64)
            apart = np.uint64(0)
            for i in range(FIRST):
                apart |= u[i] ^ v[i]
            if apart == 0:
                for i in range(u.shape[0]):
                    apart |= u[i] ^ v[i]
            if apart == 0:
                sum_a = aa = np.float32(0)
                for i in range(p.shape[0]):
                    x = LEFT
                    sum_a += x
                    aa += x * x
                total_a += sum_a
                total_b += sum_a
                total_aa += aa
                total_bb += aa
                total_ab += aa
                continue
        sum_a = sum_b = aa = bb = ab = dd = np.float32(0)
        high = np.int32(0)
        other = np.int32(0)
        for i in range(p.shape[0]):
            x = LEFT
            y = RIGHT
            d = np.float32(x - y)
            sum_a += x
            sum_b += y
            aa += x * x
            bb += y * y
            ab += x * y
            dd += d * d
            size = np.int32(d.view(np.int32) & np.int32(0x7FFFFFFF))
            if size > high:
                high = size
            other = np.int32(other + np.int32(p[i] != q[i]))
        total_a += sum_a
        total_b += sum_b
        total_aa += aa
        total_bb += bb
        total_ab += ab
        total_dd += dd
        largest = max(largest, high)
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
# Sizes of floats are compared as whole numbers, whose order is the same: the maximum
# of floats does not become a vector instruction unless NaN is ruled out.

_FIRST = 8
"""Words that are looked at first: of blocks that differ nearly all differ there."""

_WIDE = "np.uint32(np.uint32({0}[i]) << np.uint32(16)).view(np.float32)"


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

    def compiled(left: str, right: str, kind: str) -> Any:  # noqa: ANN401
        source = _LOOP.replace("LEFT", left).replace("RIGHT", right)
        space: dict[str, Any] = {"np": np, "BLOCK": _BLOCK, "FIRST": _FIRST}
        exec(source, space)  # noqa: S102 - the text above, with one of two lines
        # Sums may be taken in any order; NaN and infinities keep their meaning.
        return numba.njit(
            f"void({kind}[::1], {kind}[::1], float64[::1])",
            nogil=True,
            fastmath={"reassoc", "contract", "nsz"},
            boundscheck=False,
            error_model="numpy",
        )(space["kernel"])

    on_floats = compiled("p[i]", "q[i]", "float32")
    on_halves = compiled(_WIDE.format("p"), _WIDE.format("q"), "uint16")

    def floats(a: Floats, b: Floats) -> Raw:
        out = np.zeros(8)
        on_floats(a, b, out)
        return _raw(out)

    def bfloats(a: Halves, b: Halves) -> tuple[Raw, int]:
        out = np.zeros(8)
        on_halves(a, b, out)
        return _raw(out), int(out[7])

    return Fused(numba.__version__, floats, bfloats)


def _raw(out: NDArray[np.float64]) -> Raw:
    a, b, aa, bb, ab, dd, largest = out[:7].tolist()
    return a, b, aa, bb, ab, dd, largest
