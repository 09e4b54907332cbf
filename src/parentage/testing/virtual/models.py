# SPDX-License-Identifier: Apache-2.0
"""A model that is computed: its tensors, and where a part of them is derived from."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property

import ml_dtypes
import numpy as np

from parentage.testing.virtual.shapes import Shape, Vision
from parentage.testing.virtual.values import Floats, key_of, normals

SPREAD = 0.02
"""Standard deviation of matrices: ``initializer_range`` of these models."""

GAIN_SPREAD = 0.05
"""Of norm gains around one, about as trained ones vary."""

_VISION = "visual."
_LANGUAGE = "language_model."


@dataclass(frozen=True)
class Derivation:
    """Which tensors carry another model's values, and how closely.

    A tensor of the same name in the parent is cut to its leading rows and columns
    where the parent's is larger, as when heads and experts are dropped.

    Attributes:
        parent: the model they come from.
        pattern: of the names, searched from the start.
        correlation: of every derived value with the parent's.
    """

    parent: VirtualModel
    pattern: str
    correlation: float = 0.5


@dataclass(frozen=True)
class Placed:
    """A tensor of a computed model."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def itemsize(self) -> int:
        """Bytes of a value."""
        return 4 if self.dtype == "F32" else 2

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor."""
        return math.prod(self.shape) * self.itemsize


@dataclass(frozen=True)
class VirtualModel:
    """A model whose values are computed.

    Attributes:
        name: ``org/name``.
        shape: of the text decoder.
        seed: of all values of its own.
        vision: an encoder beside it, if any.
        derivation: where a part of it comes from.
    """

    name: str
    shape: Shape
    seed: int
    vision: Vision | None = None
    derivation: Derivation | None = None

    @cached_property
    def tensors(self) -> dict[str, Placed]:
        """The stored tensors by name, in order."""
        found: dict[str, Placed] = {}
        if self.vision is not None:
            for name, shape, dtype in self.vision.tensors(
                f"model.{_VISION}", self.shape.hidden_size
            ):
                found[name] = Placed(name, shape, dtype or "BF16")
        front = _LANGUAGE if self.vision is not None else ""
        for name, shape, dtype in self.shape.tensors(front):
            found[name] = Placed(name, shape, dtype or "BF16")
        return found

    @property
    def parameters(self) -> int:
        """Number of stored weights."""
        return sum(math.prod(t.shape) for t in self.tensors.values())

    def config(self) -> dict[str, object]:
        """Its ``config.json``."""
        if self.vision is None:
            return self.shape.config()
        return {
            "architectures": [f"{self.shape.architecture}WithVision"],
            "model_type": f"{self.shape.model_type}_vl",
            "text_config": self.shape.config(),
            "vision_config": self.vision.config(self.shape.hidden_size),
        }

    def values(self, name: str, begin: int, end: int) -> Floats:
        """The values ``[begin, end)`` of a tensor in row-major order, as float32."""
        return _centre(self.tensors[name]) + self._excess(name, begin, end)

    def stored(self, name: str, begin: int, end: int) -> bytes:
        """The bytes ``[begin, end)`` of a tensor."""
        tensor = self.tensors[name]
        size = tensor.itemsize
        first, last = begin // size, -(-end // size)
        found = self.values(name, first, last)
        raw = (
            found.astype("<f4") if size == 4 else found.astype(ml_dtypes.bfloat16)
        ).tobytes()
        start = begin - first * size
        return raw[start : start + end - begin]

    def _excess(self, name: str, begin: int, end: int) -> Floats:
        """Values without their centre: normal, of the tensor's spread."""
        tensor = self.tensors[name]
        spread = np.float32(SPREAD if len(tensor.shape) > 1 else GAIN_SPREAD)
        own = normals(key_of(self.seed, name), begin, end) * spread
        source = self.derivation
        if source is None or not re.match(source.pattern, name):
            return own
        parent = source.parent.tensors.get(name)
        if parent is None or not _fits(tensor.shape, parent.shape):
            return own
        given = source.parent._cut(name, tensor.shape, begin, end)
        rho = source.correlation
        mixed: Floats = np.float32(rho) * given
        mixed += np.float32(math.sqrt(1 - rho * rho)) * own
        return mixed

    def _cut(self, name: str, shape: tuple[int, ...], begin: int, end: int) -> Floats:
        """The values of a leading part of a tensor, counted in that part."""
        whole = self.tensors[name].shape
        if shape[1:] == whole[1:]:
            return self._excess(name, begin, end)
        inner, outer = shape[-1], whole[-1]
        parts = []
        for row in range(begin // inner, -(-end // inner)):
            left = max(begin - row * inner, 0)
            right = min(end - row * inner, inner)
            parts.append(self._excess(name, row * outer + left, row * outer + right))
        return np.concatenate(parts)


def _centre(tensor: Placed) -> np.float32:
    gain = len(tensor.shape) == 1 and tensor.name.endswith("weight")
    return np.float32(1.0 if gain else 0.0)


def _fits(shape: tuple[int, ...], parent: tuple[int, ...]) -> bool:
    """Whether a leading part of a matrix, or of a vector, has a shape."""
    return (
        len(shape) == len(parent)
        and all(a <= b for a, b in zip(shape, parent, strict=True))
        and (len(shape) <= 2 or shape[1:] == parent[1:])
    )
