# SPDX-License-Identifier: Apache-2.0
"""Recorded names and shapes, and checks that every description must pass."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parentage.model import ROLES, Model, describe

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Shape:
    """A stored tensor as a checkpoint lists it."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Recorded:
    """One recorded model."""

    name: str
    entries: dict[str, Shape]
    config: dict[str, Any]
    parameters: int
    buffers: int

    def describe(self, **changes: Any) -> Model:
        return describe(self.name, self.entries, self.config | changes)


def names() -> list[str]:
    return sorted(file.stem for file in FIXTURES.glob("*.json"))


def load(name: str) -> Recorded:
    data = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    entries = {n: Shape(d, tuple(s)) for n, (d, s) in data["tensors"].items()}
    return Recorded(name, entries, data["config"], data["parameters"], data["buffers"])


def check(model: Model, entries: Mapping[str, Any]) -> None:
    """Shapes match roles, counts add up, and views cover each weight exactly once."""
    constant = {b.name for b in model.buffers}
    weights = {n: e for n, e in entries.items() if n not in constant}
    assert model.parameters == sum(math.prod(e.shape) for e in weights.values())
    assert model.parameters == sum(m.parameters for m in model.modules)
    assert len({m.name for m in model.modules}) == len(model.modules)
    covered = {n: np.zeros(math.prod(e.shape), np.int64) for n, e in weights.items()}
    for module in model.modules:
        assert module.parameters == sum(t.size for t in module.tensors)
        for tensor in module.tensors:
            assert tensor.module == module.name
            assert len(tensor.axes) == len(tensor.shape)
            if ROLES[tensor.role]:
                assert tensor.axes == ROLES[tensor.role]
            view = tensor.view
            assert math.prod(view.grid) == math.prod(weights[view.tensor].shape)
            cells = covered[view.tensor].reshape(view.grid)
            cells[tuple(slice(*r) for r in view.select)] += 1
    for name, cells in covered.items():
        assert (cells == 1).all(), name


@pytest.fixture(params=names())
def recorded(request: pytest.FixtureRequest) -> Recorded:
    return load(request.param)


@pytest.fixture
def load_recorded() -> Callable[[str], Recorded]:
    return load


@pytest.fixture
def check_description() -> Callable[[Model, Mapping[str, Any]], None]:
    return check


@pytest.fixture
def make_entry() -> Callable[..., Shape]:
    def make(*shape: int, dtype: str = "BF16") -> Shape:
        return Shape(dtype, shape)

    return make
