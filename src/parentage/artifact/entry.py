# SPDX-License-Identifier: Apache-2.0
"""What a file holds (:class:`Entry`) and what is odd about it (:class:`Problem`)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]

_SHOWN = 120


def shown(text: str) -> str:
    """A name from a file, safe to print: escaped and at most 120 characters."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    if cut.isprintable():
        return cut
    return cut.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor, as the header of its file lists it.

    Quantised weights are often stored as several tensors; they are one entry.

    Attributes:
        name: the tensor's name.
        dtype: stored number format, a name in
            :data:`~parentage.artifact.dtypes.DTYPES` (``BF16``, ``Q4_K``).
        shape: shape of the weights, row-major.
        file: the file, relative to the checkpoint.
        begin, end: half-open range of its bytes, counted from the start of the file.
        beside: bytes of other stored tensors that belong to it (scales).
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    begin: int
    end: int
    beside: int = 0

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Number of stored bytes."""
        return self.end - self.begin + self.beside


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd that does not stop the reading but belongs in the report.

    Attributes:
        code: stable word for it, such as ``hole``.
        severity: ``info``, ``warning`` or ``error``.
        message: what was expected and what was found.
        file, tensor, offset: where, as far as known; ``offset`` in bytes.
    """

    code: str
    severity: Severity
    message: str
    file: str | None = None
    tensor: str | None = None
    offset: int | None = None

    def to_json(self) -> dict[str, object]:
        """The problem as plain data."""
        return asdict(self)
