# SPDX-License-Identifier: Apache-2.0
"""Candidates that descend from a registered model, in ways that are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from benchmarks.registry.synthetic import (
    FULL,
    SHAPES,
    Shape,
    chosen,
    random_fingerprint,
    with_values,
)
from parentage.model.rectangle import shape_of
from parentage.registry.fingerprint import Fingerprint

ALL: Final = ("embedding", "text_decoder", "head")
DECODER: Final = ("text_decoder",)


@dataclass(frozen=True)
class Descent:
    """How a candidate was made.

    Attributes:
        name: in words.
        modules: what descends, and must be named; nothing else may be.
        correlation: of its values with the parent's.
        blocks: of the decoder that descend; empty for all.
        layers: number of layers -> the parent's layer for each of the candidate's,
            -1 for an own one.
        bits: values are rounded to so many bits of a row's range.
    """

    name: str
    modules: tuple[str, ...] = ALL
    correlation: float = 0.9
    blocks: tuple[str, ...] = ()
    layers: Callable[[int], Sequence[int]] = range
    bits: int = 0


DESCENTS: Final = (
    Descent("fine-tuned", correlation=0.99),
    Descent("trained on", correlation=0.7),
    Descent("trained on for long", correlation=0.4),
    Descent("trained on for very long", correlation=0.2),
    Descent("hardly recognisable", correlation=0.1),
    Descent("decoder alone", DECODER),
    Descent("attention alone", DECODER, blocks=("attention",)),
    Descent("feed-forward alone", DECODER, 0.5, blocks=("mlp",)),
    Descent("embedding alone", ("embedding",)),
    Descent("output matrix alone", ("head",)),
    Descent(
        "first half of the layers",
        DECODER,
        layers=lambda n: [i if i < n // 2 else -1 for i in range(n)],
    ),
    Descent(
        "last quarter of the layers",
        DECODER,
        layers=lambda n: [i if i >= n - n // 4 else -1 for i in range(n)],
    ),
    Descent(
        "every fourth layer removed",
        layers=lambda n: [i for i in range(n) if i % 4 != 2],
    ),
    Descent(
        "depth up-scaled",
        layers=lambda n: [*range(n - n // 4), *range(n // 4, n)],
    ),
    Descent("layers reversed", DECODER, 0.8, layers=lambda n: range(n)[::-1]),
    Descent(
        "pruned and trained on",
        correlation=0.5,
        layers=lambda n: [i for i in range(n) if i % 2 == 0],
    ),
    Descent("four bits", correlation=1.0, bits=4),
    Descent("copied", correlation=1.0),
    Descent(
        "first four layers removed, trained on",
        DECODER,
        0.3,
        layers=lambda n: range(4, n),
    ),
    Descent("embedding and output matrix", ("embedding", "head"), 0.7),
)
"""The twenty."""


def shape_of_descent(number: int) -> Shape:
    """The parent's shape: the common ones come more often."""
    return SHAPES[number % 12]


def parent(number: int) -> Fingerprint:
    """The registered model that a candidate descends from."""
    return random_fingerprint(
        shape_of_descent(number), FULL, 900_000_000 + number, f"parent-{number}"
    )


def child(
    number: int, descent: Descent, seed: int, *, correlation: float | None = None
) -> Fingerprint:
    """A candidate.

    Args:
        number: of the parent.
        descent: how it is made.
        seed: of everything that is its own.
        correlation: in place of the descent's.
    """
    rho = descent.correlation if correlation is None else correlation
    shape = shape_of_descent(number)
    origin = {
        (t.module, t.role, t.layer): tile.values.astype(np.float32)
        for (t, _), tile in zip(
            chosen(shape, shape.layers, FULL), parent(number).tiles, strict=True
        )
    }
    source = list(descent.layers(shape.layers))
    rng = np.random.default_rng([seed, number, 1])
    pieces: list[NDArray[np.generic]] = []
    for tensor, cut in chosen(shape, len(source), FULL):
        size = shape_of(cut)
        layer = None if tensor.layer is None else source[tensor.layer]
        noise = rng.standard_normal(size, dtype=np.float32) * np.float32(0.02)
        taken = tensor.module in descent.modules and layer != -1
        if taken and descent.blocks and tensor.block not in descent.blocks:
            taken = False
        value = noise
        if taken:
            base = origin[tensor.module, tensor.role, layer]
            value = rho * base + np.float32(np.sqrt(1 - rho * rho)) * noise
            if descent.bits:
                step = np.abs(value).max(axis=-1, keepdims=True) / 2 ** (
                    descent.bits - 1
                )
                value = np.round(value / step) * step
        pieces.append(value.astype(np.float32).astype(ml_dtypes.bfloat16))
    return with_values(
        shape, len(source), FULL, pieces, f"child-{number}-{seed}-{rho:g}"
    )


def stranger(number: int) -> Fingerprint:
    """A candidate that descends from nothing."""
    return random_fingerprint(
        shape_of_descent(number), FULL, 950_000_000 + number, f"stranger-{number}"
    )
