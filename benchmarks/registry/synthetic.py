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
from parentage.registry.listing import expanded, pack_listing, plain_json
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
    held = draw(rng, sum(sizes))
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
    """A fingerprint ready for a registry."""
    file = container.to_bytes(made)
    return Prepared(file, container.content_digest(file), made, to_blob(sketch(made)))


NAME: Final = "synthetic-0000000000"
"""Names of small fingerprints are of one length: they are put in place of this."""


class Quick:
    """Makes many small fingerprints of one shape, a few milliseconds each.

    All that follows from the shape is taken from one that the package made. Where each
    word of its sketch comes from is learned from it, too. Parts outside the layers, of
    which only some values enter a sketch, are sketched by the package each time. What
    comes out is held to what the package makes of the same values.
    """

    def __init__(self, shape: Shape) -> None:
        self._made = random_fingerprint(shape, SMALL, 7, NAME)
        self._plain = plain_json(container.record_of(self._made))
        self._listing = expanded(self._made.listing, "the tensors", "")
        self.values = self._made.values
        held = np.concatenate([t.values.ravel() for t in self._made.tiles])
        places = {int(word): n for n, word in enumerate(_words(held))}
        self._blocks = [
            (block, np.vectorize(places.__getitem__)(block.words))
            for block in sketch(self._made)
            if block.layers[0] >= 0
        ]
        alone = [m for m in self._made.held.modules if m.layers == 0]
        self._alone = replace(self._made.held, modules=tuple(alone))
        ours = self(held, NAME)
        package = container.from_bytes(ours.file)
        if to_blob(sketch(package)) != ours.sketch or package.values != self.values:
            message = f"{shape.name}: not what the package makes"
            raise ValueError(message)

    def __call__(self, held: NDArray[np.generic], name: str) -> Prepared:
        """One fingerprint with given values."""
        plain = self._plain.replace(NAME.encode(), name.encode())
        file = container.assemble(
            {
                "record": lzma.compress(plain, preset=0),
                "listing": self._made.listing,
            },
            {"record": plain, "listing": self._listing},
            {"values.BF16": held.tobytes()},
        )
        first, last = self._made.tiles[0], self._made.tiles[-1]
        ends = (
            replace(
                first, values=held[: first.values.size].reshape(first.values.shape)
            ),
            replace(last, values=held[-last.values.size :].reshape(last.values.shape)),
        )
        made = replace(self._made, identity=Identity(name, "", "0" * 64), tiles=ends)
        made.__dict__["held"] = self._alone
        alone = {b.module: b for b in sketch(made)}
        words = _words(held)
        layered = [replace(b, words=words[places]) for b, places in self._blocks]
        blob = to_blob([alone["embedding"], *layered, alone["head"]])
        # What a registry writes down of the values is made: they need not travel.
        less = replace(made, tiles=())
        return Prepared(file, container.content_digest(file), less, blob)


def _words(held: NDArray[np.generic]) -> NDArray[np.uint64]:
    signs = held.astype(np.float32) > 0
    bits = np.packbits(signs, bitorder="little")
    words: NDArray[np.uint64] = bits.view("<u8").astype(np.uint64)
    return words


@cache
def quick(shape: Shape) -> Quick:
    """One for each shape."""
    return Quick(shape)


def population(size: int, seed: int) -> Iterator[Prepared]:
    """Independent fingerprints in about the mixture of shapes of :data:`SHAPES`."""
    weights = np.array([shape.weight for shape in SHAPES])
    rng = np.random.default_rng([seed, 1])
    picks = rng.choice(len(SHAPES), size=size, p=weights / weights.sum())
    for number, pick in enumerate(picks.tolist()):
        make = quick(SHAPES[pick])
        yield make(draw(rng, make.values), f"synthetic-{seed:06d}{number:04d}")


def draw(rng: np.random.Generator, size: int) -> NDArray[np.generic]:
    """Values with fair signs, magnitudes over two octaves: quick to draw."""
    drawn = rng.integers(0, 1 << 16, size, dtype=np.uint16)
    return ((drawn & 0x80FF) | 0x3C00).view(ml_dtypes.bfloat16)
