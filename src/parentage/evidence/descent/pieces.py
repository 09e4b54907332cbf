# SPDX-License-Identifier: Apache-2.0
"""The same rectangle of a tensor in the candidate and in every related reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from parentage.artifact.dtypes import DTYPES
from parentage.evidence.samples import Floats
from parentage.evidence.similarity import equal_values
from parentage.stats.rounding import spacing

FINEST = (24, -149)
"""Digits and quantum of float32, for formats that are unpacked while reading."""


@dataclass(frozen=True)
class Piece:
    """One tensor of the candidate, read where its references were read.

    Attributes:
        role, block, layer, expert: which tensor of the candidate it is.
        values: ``(rows, columns)`` of the candidate; rows are stored rows where the
            tensor is a matrix of the usual layout. Vectors have one row.
        references: values of each related reference, by label.
        dtype: stored format of the candidate.
        dtypes: stored formats of the references.
        square: whether it was read for its spectrum and is no run of whole rows.
        layers: layer of each reference that it was held against.
    """

    role: str
    block: str
    layer: int | None
    expert: int | None
    values: Floats
    references: dict[str, Floats]
    dtype: str
    dtypes: dict[str, str]
    square: bool = False
    layers: dict[str, int | None] | None = None

    @property
    def matrix(self) -> bool:
        """Whether it has rows and columns."""
        return all(size > 1 for size in self.values.shape)

    @property
    def inner(self) -> bool:
        """Whether it is a matrix inside a layer, which quantisers and adapters touch.

        Embeddings and output matrices are usually left out by both.
        """
        return self.matrix and self.layer is not None

    @cached_property
    def format(self) -> tuple[int, int]:
        """Digits and quantum of the format that the candidate's values fit into."""
        return digits(self.dtype, self.values)

    def step(self) -> Floats:
        """Step of the candidate's format at every value."""
        return spacing(self.values, *self.format)

    def equal(self, reference: str) -> float:
        """Share of the values that are the reference's, as far as formats can tell."""
        same = equal_values(
            self.values,
            self.references[reference],
            (self.dtype, self.dtypes[reference]),
        )
        return float(same.mean())


def digits(dtype: str, values: Floats) -> tuple[int, int]:
    """Digits and quantum of the format of values, whatever they are stored in.

    Values that were rounded to two bytes and then stored in four are still steps of
    two-byte numbers apart. Packed formats count as unpacked to float32.
    """
    kind = DTYPES.get(dtype)
    if kind is None or not kind.is_float or kind.numpy is None:
        return FINEST
    if kind.bits > 16:
        for narrow in ("BF16", "F16"):
            with np.errstate(over="ignore"):
                cast = values.astype(DTYPES[narrow].numpy).astype(np.float32)
            if np.array_equal(cast, values):
                return DTYPES[narrow].digits, DTYPES[narrow].quantum
    return kind.digits, kind.quantum


def common(pieces: Sequence[Piece], references: Sequence[str]) -> list[Piece]:
    """Pieces that have all of the references."""
    wanted = set(references)
    return [p for p in pieces if wanted <= p.references.keys() and not p.square]


def core(pieces: Sequence[Piece]) -> list[Piece]:
    """Matrices inside layers; all matrices of a module without layers."""
    return [p for p in pieces if p.inner] or [p for p in pieces if p.matrix]


def energy(values: Floats) -> float:
    """Sum of squares in double precision."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    return float(flat @ flat)
