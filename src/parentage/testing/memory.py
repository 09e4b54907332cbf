# SPDX-License-Identifier: Apache-2.0
"""Models held in memory: the same description and tests, without files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.checkpoint import open_checkpoint
from parentage.artifact.dtypes import to_float32
from parentage.artifact.entry import Entry
from parentage.model.description import Model, Tensor
from parentage.model.resolve import describe
from parentage.run.audit import Opened
from parentage.testing.synthetic import FORMATS

_DTYPES = {np.dtype(v): k for k, v in FORMATS.items()}


@dataclass
class MemoryCheckpoint:
    """Stands in for a checkpoint on disk; see the methods of that class."""

    arrays: dict[str, NDArray[Any]]
    config: dict[str, object]
    name: str = "memory"

    def __post_init__(self) -> None:
        self.path = Path(self.name)
        self.remote = False
        self.address = self.name
        self.problems: tuple[()] = ()
        self.bytes_read = 0
        self.entries: Mapping[str, Entry] = {
            name: Entry(
                name, _DTYPES[array.dtype], array.shape, "memory", 0, array.nbytes
            )
            for name, array in self.arrays.items()
        }

    def read_float32(
        self, name: str, grid: tuple[int, ...], select: tuple[tuple[int, int], ...]
    ) -> NDArray[np.float32]:
        """A rectangle, as of a checkpoint."""
        part = self.arrays[name].reshape(grid)[tuple(slice(a, b) for a, b in select)]
        self.bytes_read += part.nbytes
        return to_float32(np.ascontiguousarray(part), self.entries[name].dtype)

    def prefetch(self, tiles: object) -> None:
        """Nothing: everything is here."""

    def digest(self) -> str:
        """SHA-256 over all arrays."""
        total = hashlib.sha256()
        for name in sorted(self.arrays):
            total.update(name.encode() + self.arrays[name].tobytes())
        return total.hexdigest()

    def close(self) -> None:
        """Nothing to close."""

    def opened(self, label: str | None = None) -> Opened:
        """Describe the model, ready for :func:`parentage.run.audit.gather`."""
        model = describe(label or self.name, self.entries, self.config)
        return Opened(label or self.name, self, model)  # type: ignore[arg-type]


def load(path: str | Path, dtype: str = "F32") -> MemoryCheckpoint:
    """Read a whole (small) model into memory."""
    with open_checkpoint(path) as checkpoint:
        arrays = {
            name: checkpoint.read_float32(
                name, entry.shape, tuple((0, n) for n in entry.shape)
            ).astype(FORMATS[dtype])
            for name, entry in checkpoint.entries.items()
        }
        return MemoryCheckpoint(arrays, dict(checkpoint.config), checkpoint.name)


def canonical(arrays: Mapping[str, NDArray[Any]], tensor: Tensor) -> NDArray[Any]:
    """A canonical tensor as a *writable view* of its stored array."""
    view = tensor.view
    stored = arrays[view.tensor].reshape(view.grid)
    part = stored[tuple(slice(a, b) for a, b in view.select)]
    dropped = tuple(a for a in range(len(view.grid)) if a not in view.order)
    part = part.squeeze(axis=dropped) if dropped else part
    return part.transpose(np.argsort(np.argsort(view.order)))


def describe_arrays(checkpoint: MemoryCheckpoint) -> Model:
    """Description of a model in memory."""
    return describe(checkpoint.name, checkpoint.entries, checkpoint.config)
