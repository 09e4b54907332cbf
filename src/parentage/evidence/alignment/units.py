# SPDX-License-Identifier: Apache-2.0
"""What is read of one residual stream to undo relabellings: its units as rows.

Norm gains are folded into the matrices that follow them, so that a model whose gains
were moved there looks like one whose gains were not. Rows are scaled to length one
where only their direction matters: factors that were moved between a neuron's sides
disappear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


SHARED = -1
"""Number under which shared experts go: they are no routed expert."""


@dataclass(frozen=True)
class Neurons:
    """Neurons of one MLP, or of one expert; rows are of length one.

    Attributes:
        layer, expert: where they are; ``expert`` is ``None`` in a dense MLP and
            :data:`SHARED` in shared experts.
        match: rows by which they are recognised: ``gate_proj``, or ``fc_in`` of an
            MLP without a gate, ``(n, d)``.
        up: ``up_proj`` rows; ``None`` without a gate.
        down: ``down_proj`` or ``fc_out`` columns, as rows.
        lengths: lengths of the ``match`` rows before scaling, ``(n,)``.
        balance: logarithm of the ratio of the lengths of ``up`` (``match`` without a
            gate) and ``down`` before scaling, ``(n,)``.
        signed: flipping ``up`` and ``down`` together leaves the function unchanged.
    """

    layer: int | None
    expert: int | None
    match: Floats
    up: Floats | None
    down: Floats
    lengths: Floats
    balance: Floats
    signed: bool


@dataclass(frozen=True)
class Heads:
    """Attention heads of one layer, unscaled.

    Attributes:
        layer: where they are.
        query, key, value, output: ``(heads, dims, d)``; queries and outputs have one
            entry per query head, keys and values one per key-value head.
        rotary: number of the set that each query-key dim is flipped with, or
            ``None`` where such flips change the function.
    """

    layer: int | None
    query: Floats
    key: Floats
    value: Floats
    output: Floats
    rotary: NDArray[np.int64] | None

    @property
    def group(self) -> int:
        """Query heads that share a key-value head."""
        return max(1, len(self.query) // max(1, len(self.key)))


@dataclass(frozen=True)
class Stream:
    """One residual stream as far as it was read.

    Attributes:
        width: number of residual dims.
        neurons, heads: units, layer by layer.
        tokens: embedding rows by token number (or patch columns), centred; ``None``
            where there are none.
        outputs: rows of the output matrix, the same.
        whole: every unit of the layers read was read.
        gains: norm gains as stored, one row each.
    """

    width: int
    neurons: tuple[Neurons, ...]
    heads: tuple[Heads, ...]
    tokens: Floats | None
    outputs: Floats | None
    whole: bool
    gains: tuple[Floats, ...]


def centred(rows: Floats) -> Floats:
    """Rows without their common part, which any two embeddings have."""
    return np.asarray(rows - rows.mean(axis=0), dtype=np.float32)
