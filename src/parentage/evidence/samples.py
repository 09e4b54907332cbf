# SPDX-License-Identifier: Apache-2.0
"""What was read of two modules: equal rectangles of same-role tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """The same rectangle of one role's tensors, for every layer of both models.

    Attributes:
        role: word of :mod:`parentage.model.roles`.
        axes: labels of the canonical axes; routed experts come first as ``slot``.
        candidate, reference: float32 ``(layers, *rectangle)``.
        candidate_layers, reference_layers: layer index of each leading row.
        index: for each canonical axis, which indices were read (of both models).
        candidate_shape, reference_shape: full canonical shapes.
        missing: (candidate layers, reference layers) at which there is no such
            tensor; their rows are zero and stand for nothing.
        dtypes: stored formats of candidate and reference.
    """

    role: str
    axes: tuple[str, ...]
    candidate: Floats
    reference: Floats
    candidate_layers: tuple[int | None, ...]
    reference_layers: tuple[int | None, ...]
    index: tuple[NDArray[np.int64], ...]
    candidate_shape: tuple[int, ...]
    reference_shape: tuple[int, ...]
    missing: tuple[frozenset[int | None], frozenset[int | None]] = (
        frozenset(),
        frozenset(),
    )
    dtypes: tuple[str, str] = ("F32", "F32")

    def same_layers(self) -> list[tuple[int, int]]:
        """Positions of equal layer numbers at which both models have the tensor."""
        return [
            (i, j)
            for i, layer in enumerate(self.candidate_layers)
            if (j := self.position(layer)) is not None and layer not in self.missing[0]
        ]

    def position(self, layer: int | None) -> int | None:
        """Position of a reference layer that has the tensor."""
        if layer in self.missing[1] or layer not in self.reference_layers:
            return None
        return self.reference_layers.index(layer)

    def axis(self, label: str) -> int:
        """Position of an axis among the canonical ones."""
        return self.axes.index(label)

    @property
    def truncated(self) -> bool:
        """Whether shapes differ, so that only a common index range was compared."""
        return self.candidate_shape != self.reference_shape


@dataclass(frozen=True)
class BlockSamples:
    """All samples of one block (attention, mlp, ...) of a pair of modules.

    Attributes:
        module: the candidate module's name.
        block, reference_block: usually equal; ``experts`` against ``mlp`` when a
            dense model may have been turned into a mixture of experts.
        samples: role -> sample.
        heads: (query heads, key-value heads, head dim, rotary dims) of the
            candidate, or ``None``.
        grouped: query heads per key-value head agree in both models.
        same_rotary: head dims and rotary dims agree in both models.
        signed_glu: flipping ``up`` and ``down`` of a neuron changes nothing.
        signed_query_key: no mean-subtracting norm sits on queries and keys.
        symmetric_residual: relabelling residual dims changes nothing.
    """

    module: str
    block: str
    reference_block: str
    samples: dict[str, Sample]
    heads: tuple[int | None, int | None, int | None, int | None] | None = None
    grouped: bool = True
    same_rotary: bool = True
    signed_glu: bool = True
    signed_query_key: bool = True
    symmetric_residual: bool = True
