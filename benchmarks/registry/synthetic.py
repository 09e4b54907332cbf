# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of models that never existed, with the shapes of ones that do.

Weights are independent normal draws, so every pair of models is independent by
construction unless one was planted. To keep a registry of 100,000 within a few
gigabytes, most fingerprints are of the smallest level and without norms (about 50 kB in
place of 4 MB); the planted ones and the candidates are fuller. Each is an entry of its
own with values of its own, and goes the same way into the registry as any other.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from parentage.model.description import Model, Stored, Tensor
from parentage.model.rectangle import Cut, shape_of
from parentage.model.resolve import describe
from parentage.registry import container
from parentage.registry.fingerprint import (
    Fingerprint,
    Identity,
    Outline,
    Tile,
    view_key,
)
from parentage.registry.listing import pack_listing
from parentage.registry.sample import choose
from parentage.registry.scheme import LEVELS, Scheme
from parentage.registry.sketch import sketch, to_blob
from parentage.registry.store import Prepared

SMALL: Final = LEVELS[0]
FULL: Final = 46
"""Level of planted fingerprints: about 2 MB at 32 layers."""


@dataclass(frozen=True)
class Shape:
    """A decoder's sizes, with how common such models are among registered ones."""

    name: str
    width: int
    neurons: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    weight: float

    def tensors(self, layers: int | None = None) -> dict[str, Stored]:
        """Stored tensors in the names of transformers."""
        d, h = self.width, self.neurons
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        found = {"model.embed_tokens": (self.vocabulary, d)}
        for i in range(self.layers if layers is None else layers):
            layer = f"model.layers.{i}"
            found |= {
                f"{layer}.self_attn.q_proj": (q, d),
                f"{layer}.self_attn.k_proj": (kv, d),
                f"{layer}.self_attn.v_proj": (kv, d),
                f"{layer}.self_attn.o_proj": (d, q),
                f"{layer}.mlp.gate_proj": (h, d),
                f"{layer}.mlp.up_proj": (h, d),
                f"{layer}.mlp.down_proj": (d, h),
            }
        found["lm_head"] = (self.vocabulary, d)
        return {
            f"{name}.weight": Stored(f"{name}.weight", "BF16", size)
            for name, size in found.items()
        }

    def config(self, layers: int | None = None) -> dict[str, object]:
        """The config of such a model."""
        return {
            "model_type": "llama",
            "hidden_size": self.width,
            "intermediate_size": self.neurons,
            "num_hidden_layers": self.layers if layers is None else layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "vocab_size": self.vocabulary,
        }


SHAPES: Final = tuple(
    Shape(*row)
    for row in (
        ("8b", 4096, 14336, 32, 32, 8, 128, 128256, 25),
        ("7b-152k", 3584, 18944, 28, 28, 4, 128, 152064, 15),
        ("7b-32k", 4096, 14336, 32, 32, 8, 128, 32000, 12),
        ("1.5b", 1536, 8960, 28, 12, 2, 128, 151936, 9),
        ("0.5b", 896, 4864, 24, 14, 2, 64, 151936, 8),
        ("7b-mha", 4096, 11008, 32, 32, 32, 128, 32000, 7),
        ("1b", 2048, 8192, 16, 32, 8, 64, 128256, 6),
        ("3b", 3072, 8192, 28, 24, 8, 128, 128256, 5),
        ("1.1b", 2048, 5632, 22, 32, 4, 64, 32000, 4),
        ("2b", 2048, 16384, 18, 8, 1, 256, 256000, 3),
        ("3.8b", 3072, 8192, 32, 32, 32, 96, 32064, 2),
        ("13b", 5120, 13824, 40, 40, 40, 128, 32000, 2),
        ("14b", 5120, 13824, 48, 40, 8, 128, 152064, 1),
        ("32b", 5120, 27648, 64, 40, 8, 128, 152064, 1),
    )
)
"""Sizes of decoders that are published in great numbers; weights are per cent."""


@cache
def described(shape: Shape, layers: int) -> tuple[Model, Fingerprint]:
    """The description, and a fingerprint without values, of a shape."""
    entries = shape.tensors(layers)
    model = describe(shape.name, entries, shape.config(layers))
    blank = Fingerprint(
        Identity(shape.name, "", "0" * 64),
        Scheme(0, SMALL),
        tuple(Outline(m.name, m.parameters, m.layers) for m in model.modules),
        entries,
        pack_listing(entries.values()),
        shape.config(layers),
        (),
        None,
        ("a synthetic model",),
        2 * model.parameters,
    )
    return model, blank


@cache
def chosen(shape: Shape, layers: int, level: int) -> tuple[tuple[Tensor, Cut], ...]:
    """Which rectangles a fingerprint of a shape holds."""
    return tuple(choose(described(shape, layers)[0], Scheme(0, level)))


def random_fingerprint(shape: Shape, level: int, seed: int, name: str) -> Fingerprint:
    """A fingerprint of an independent model."""
    rng = np.random.default_rng([seed, level])
    cuts = chosen(shape, shape.layers, level)
    sizes = [int(np.prod(shape_of(cut))) for _, cut in cuts]
    values = rng.standard_normal(sum(sizes), dtype=np.float32)
    held = (values * np.float32(0.02)).astype(ml_dtypes.bfloat16)
    pieces = np.split(held, np.cumsum(sizes)[:-1])
    return with_values(shape, shape.layers, level, pieces, name)


def with_values(
    shape: Shape,
    layers: int,
    level: int,
    pieces: list[NDArray[np.generic]],
    name: str,
) -> Fingerprint:
    """A fingerprint with given values, one piece for each tensor."""
    model, blank = described(shape, layers)
    cuts = chosen(shape, layers, level)
    made = replace(
        blank,
        identity=Identity(name, "", name.encode().hex().ljust(64, "0")[:64]),
        scheme=Scheme(0, level),
        tiles=tuple(
            Tile(view_key(tensor), cut, "BF16", piece.reshape(shape_of(cut)))
            for (tensor, cut), piece in zip(cuts, pieces, strict=True)
        ),
    )
    # Descriptions follow from the shape alone: they are made once for all.
    made.__dict__["held"] = model
    return made


def prepared(made: Fingerprint) -> Prepared:
    """A fingerprint ready for a registry; quick compression, the same format."""
    preset = lzma.compress

    def quick(data: bytes, **_: object) -> bytes:
        return preset(data, preset=0)

    container.lzma.compress = quick  # type: ignore[assignment]
    try:
        file = container.to_bytes(made)
    finally:
        container.lzma.compress = preset
    return Prepared(file, container.content_digest(file), made, to_blob(sketch(made)))


def population(size: int, seed: int) -> Iterator[Prepared]:
    """Independent fingerprints in about the mixture of shapes of :data:`SHAPES`."""
    weights = np.array([shape.weight for shape in SHAPES])
    rng = np.random.default_rng(seed)
    picks = rng.choice(len(SHAPES), size=size, p=weights / weights.sum())
    for number, pick in enumerate(picks.tolist()):
        name = f"synthetic-{seed}-{number}"
        yield prepared(
            random_fingerprint(SHAPES[pick], SMALL, seed * 10**7 + number, name)
        )
