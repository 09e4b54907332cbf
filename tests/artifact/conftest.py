# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib.util
import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from parentage.artifact import open_checkpoint
from parentage.errors import ParentageError


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"artifact_{name}", Path(__file__).with_name(f"{name}.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Forge:
    """Writes files that no library would write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def raw(self, header: bytes, data: bytes = b"", name: str = "model.safetensors"):
        path = self.folder / name
        path.write_bytes(len(header).to_bytes(8, "little") + header + data)
        return path

    def json(self, header: Any, data: bytes = b"", name: str = "model.safetensors"):
        return self.raw(json.dumps(header).encode(), data, name)

    @staticmethod
    def tensor(begin: int, end: int, dtype: str = "U8", shape: Any = None) -> dict:
        shape = [end - begin] if shape is None else shape
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)


@pytest.fixture(scope="session")
def encoders() -> ModuleType:
    return _load("encoders")


def whole(checkpoint: Any, name: str) -> np.ndarray:
    """All values of a tensor."""
    shape = checkpoint.entries[name].shape
    return checkpoint.read_float32(name, shape, tuple((0, n) for n in shape))


def rectangles(checkpoint: Any, name: str, seed: int = 0) -> None:
    """Any rectangle, in any grid, is that part of the whole tensor."""
    rng = np.random.default_rng(seed)
    everything = whole(checkpoint, name)
    shape = everything.shape
    for _ in range(12):
        grid = list(shape)
        for axis in range(len(grid) - 1, -1, -1):
            divisors = [d for d in range(1, grid[axis] + 1) if grid[axis] % d == 0]
            part = int(rng.choice(divisors))
            grid[axis : axis + 1] = [grid[axis] // part, part]
        if rng.random() < 0.3:
            grid = [*grid[:-2], grid[-2] * grid[-1]]
        if rng.random() < 0.2:
            grid = [int(np.prod(grid))]
        select = []
        for size in grid:
            start = int(rng.integers(0, size + 1))
            select.append((start, int(rng.integers(start, size + 1))))
        found = checkpoint.read_float32(name, tuple(grid), tuple(select))
        part = everything.reshape(grid)[tuple(slice(*r) for r in select)]
        np.testing.assert_array_equal(found, part)


@contextmanager
def _refused(limit: int = 30) -> Iterator[list[ParentageError]]:
    """One clear error, and less than ``limit`` MB of memory on the way to it."""
    caught: list[ParentageError] = []
    tracemalloc.start()
    try:
        with pytest.raises(ParentageError) as found:
            yield caught
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    error = found.value
    caught.append(error)
    assert peak < limit * 2**20
    assert error.file
    assert error.expected
    assert error.advice
    assert "\n" not in str(error)
    assert len(str(error)) < 1000


def _survives(path: Path) -> bool:
    """Open and read everything small: it works, or ends in one line of ours."""
    try:
        with open_checkpoint(path) as checkpoint:
            for name, entry in checkpoint.entries.items():
                if entry.size < 10**6:
                    whole(checkpoint, name)
    except ParentageError as error:
        return len(str(error).splitlines()) == 1
    return True


@pytest.fixture(scope="session")
def refused() -> Callable[..., Any]:
    return _refused


@pytest.fixture(scope="session")
def survives() -> Callable[[Path], bool]:
    return _survives


@pytest.fixture(scope="session")
def read_whole() -> Callable[..., np.ndarray]:
    return whole


@pytest.fixture(scope="session")
def check_rectangles() -> Callable[..., None]:
    return rectangles
