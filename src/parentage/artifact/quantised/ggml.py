# SPDX-License-Identifier: Apache-2.0
"""Weights in blocks of ggml: which blocks cover a rectangle, and their values."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import numpy as np

from parentage.artifact.quantised import ggml_grids, ggml_plain, ggml_super
from parentage.artifact.quantised.bits import Floats, Raw
from parentage.artifact.values import Index, Matrix, fetch, spans_of

if TYPE_CHECKING:
    from parentage.artifact.source.base import File


@dataclass(frozen=True, slots=True)
class BlockType:
    """A storage format of ggml.

    Attributes:
        name: its name in :data:`~parentage.artifact.dtypes.DTYPES`.
        elements: numbers in a block.
        size: bytes of a block.
    """

    name: str
    elements: int
    size: int


@cache
def block_types() -> dict[int, BlockType]:
    """Every storage format by its number in a file."""
    file = resources.files("parentage.artifact.quantised") / "ggml_types.toml"
    listed = tomllib.loads(file.read_text("utf-8"))
    return {int(number): BlockType(*found) for number, found in listed.items()}


DECODERS: Final[dict[str, Callable[[Raw], Floats]]] = {
    name.upper(): getattr(place, name)
    for place, names in (
        (ggml_plain, "q4_0 q4_1 q5_0 q5_1 q8_0 iq4_nl iq4_xs tq1_0 tq2_0 mxfp4 nvfp4"),
        (ggml_super, "q2_k q3_k q4_k q5_k q6_k"),
        (ggml_grids, "iq2_xxs iq2_xs iq2_s iq3_xxs iq3_s iq1_s iq1_m"),
    )
    for name in names.split()
}
"""Decoders by format: ``(n, bytes of a block)`` to ``(n, elements of a block)``."""


@dataclass(frozen=True)
class Blocks(Matrix):
    """A tensor in blocks that follow each other along its rows."""

    file: File
    begin: int
    shape: tuple[int, ...]
    type: BlockType

    def cells(self, rows: Index, columns: Index) -> Floats:
        """Values at some rows and columns; only their blocks are read."""
        kind = self.type
        row_bytes = self.columns // kind.elements * kind.size
        numbers, place = np.unique(columns // kind.elements, return_inverse=True)
        spans = [(a * kind.size, b * kind.size) for a, b in spans_of(numbers)]
        raw = fetch(self.file, self.begin, row_bytes, rows, spans)
        values = DECODERS[kind.name](raw.reshape(-1, kind.size))
        values = values.reshape(len(rows), -1)
        return values[:, place * kind.elements + columns % kind.elements]
