# SPDX-License-Identifier: Apache-2.0
"""Signs of a few values of each layer: what a search through a registry looks at.

A sketch is no evidence. The signs of two independent layers agree in about half of the
places; those of a copy in more. It only tells which fingerprints are worth testing,
and what it misses is measured (``docs/registry.md``).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import to_float32
from parentage.errors import RegistryError
from parentage.evidence.samples import Floats
from parentage.model.description import Module, Tensor
from parentage.model.rectangle import Cut, shape_of
from parentage.registry.fingerprint import Fingerprint, positions
from parentage.registry.sample import group_of
from parentage.registry.scheme import LEVELS, Scheme

LEVEL: Final = LEVELS[0]
"""Level of the values of which signs are taken: any fingerprint holds these."""

ALONE_LEVEL: Final = LEVEL + 8
"""The same for tensors that stand in no layer: four times as many."""

VECTOR: Final = 128
"""Values of a vector of which signs are taken."""

WORD: Final = 64
MOST_SIGNS: Final = 4096

FIXED: Final = frozenset({"position_embedding", "token_type_embedding"})
"""Tables that are the same in many models, whoever trained them."""

Words = NDArray[np.uint64]
_SAME_ROLES: Final = {"experts": "mlp"}
"""Blocks that may descend from one another: a dense model turned into experts."""

_FREE: Final = frozenset({"vocab", "expert", "position"})
"""Axes whose length does not matter: windows begin at the same index anyway."""


@dataclass(frozen=True, eq=False)
class BlockSketch:
    """Signs of one block (attention, mlp, ...) of a module, layer by layer.

    Attributes:
        key: kind of module, block, roles and sizes; equal keys are comparable.
        module: the module's name.
        block: its block.
        layers: layer numbers, rising; -1 where there are no layers.
        bits: signs of a layer.
        words: ``(layers, words)``, bits beyond ``bits`` are zero.
    """

    key: str
    module: str
    block: str
    layers: NDArray[np.int16]
    bits: int
    words: Words


def sketch(made: Fingerprint) -> list[BlockSketch]:
    """The sketches of all blocks of a fingerprint."""
    found = []
    for module in made.held.modules:
        blocks: dict[str, list[Tensor]] = {}
        for tensor in module.tensors:
            blocks.setdefault(tensor.block, []).append(tensor)
        for block, tensors in blocks.items():
            found += _block(made, module, block, tensors)
    return found


def _block(
    made: Fingerprint, module: Module, block: str, tensors: Iterable[Tensor]
) -> list[BlockSketch]:
    """A block's layers, by the roles and sizes that they have."""
    layers: dict[int, dict[str, tuple[str, Words, int]]] = {}
    for tensor in tensors:
        row = layers.setdefault(-1 if tensor.layer is None else tensor.layer, {})
        # Of routed experts the first one stands for all.
        if tensor.role not in row:
            signs = _signs(made, module, tensor)
            if signs is not None:
                sizes = _sizes(tensor) + _moved(made, module, tensor)
                row[tensor.role] = (sizes, pack(signs), len(signs))
    kind = module.name.rstrip("_0123456789")
    groups: dict[str, list[tuple[int, Words, int]]] = {}
    for layer, row in sorted(layers.items()):
        chosen = [(role, row[role]) for role in sorted(row)]
        if not chosen:
            continue
        roles = " ".join(f"{role}{sizes}" for role, (sizes, _, _) in chosen)
        key = f"{made.scheme.seed}/{kind}/{_SAME_ROLES.get(block, block)}/{roles}"
        words = np.concatenate([w for _, (_, w, _) in chosen])
        bits = sum(n for _, (_, _, n) in chosen)
        groups.setdefault(key, []).append((layer, words, bits))
    return [
        BlockSketch(
            key,
            module.name,
            block,
            np.array([layer for layer, _, _ in rows], dtype=np.int16),
            rows[0][2],
            np.stack([words for _, words, _ in rows]),
        )
        for key, rows in groups.items()
    ]


def _sizes(tensor: Tensor) -> str:
    pairs = zip(tensor.axes, tensor.shape, strict=True)
    return "".join(f"[{n}]" for label, n in pairs if label not in _FREE)


def _moved(made: Fingerprint, module: Module, tensor: Tensor) -> str:
    """A mark where the rules put the signs elsewhere than version 1 did.

    Blocks of fingerprints of different versions are comparable by their signs where
    those stand at the same places, and only there.
    """
    if made.scheme.version == 1:
        return ""
    group = group_of(module)
    now, then = (
        _cut(replace(_rule(made, tensor), version=version), tensor, group)
        for version in (made.scheme.version, 1)
    )
    return "" if now == then else f"@{made.scheme.version}"


def _rule(made: Fingerprint, tensor: Tensor) -> Scheme:
    """By which rule a sketch's values are chosen among those held."""
    level = ALONE_LEVEL if tensor.layer is None else LEVEL
    return replace(made.scheme, level=level)


def _cut(rule: Scheme, tensor: Tensor, group: int) -> Cut:
    return _chosen(rule, tensor.role, tensor.axes, tensor.shape, group)


@lru_cache(maxsize=4096)
def _chosen(
    rule: Scheme, role: str, axes: tuple[str, ...], shape: tuple[int, ...], group: int
) -> Cut:
    """Where the values of a sketch stand in a tensor; all layers share it."""
    if len(shape) == 1:
        return ((rule.window(axes[0], shape[0], VECTOR),),)
    return rule.cut(role, axes, shape, group)


def _signs(
    made: Fingerprint, module: Module, tensor: Tensor
) -> NDArray[np.bool_] | None:
    """Signs of a tensor's values; of vectors, of what is above their median."""
    tile = made.tile(tensor)
    if tile is None or tensor.role in FIXED:
        return None
    vector = len(tensor.shape) == 1
    if vector and tensor.axes != ("residual",):
        return None
    values = _values(made, module, tensor, tile.cut)
    if values is None:
        return None
    if vector:
        values = values - np.median(values)
        if not values.any():
            return None
    signs: NDArray[np.bool_] = values.ravel() > 0
    return signs


def _values(
    made: Fingerprint, module: Module, tensor: Tensor, held: Cut
) -> Floats | None:
    tile = made.tile(tensor)
    picks = _picks(_cut(_rule(made, tensor), tensor, group_of(module)), held)
    if tile is None or picks is None:
        return None
    return to_float32(np.ascontiguousarray(tile.values[picks]), tile.dtype)


@lru_cache(maxsize=4096)
def _picks(cut: Cut, held: Cut) -> tuple[NDArray[np.intp], ...] | None:
    """Where the values of a sketch stand among those held; all layers share it."""
    if 0 in shape_of(cut) or np.prod(shape_of(cut)) > MOST_SIGNS:
        return None
    try:
        return np.ix_(*(positions(a, b) for a, b in zip(held, cut, strict=True)))
    except (KeyError, ValueError):
        return None  # made by a version whose smallest level was another one


def pack(signs: NDArray[np.bool_]) -> Words:
    """Bits as 64-bit words, the last one filled up with zeros."""
    padded = np.zeros(-(-len(signs) // WORD) * WORD, dtype=bool)
    padded[: len(signs)] = signs
    return np.packbits(padded, bitorder="little").view("<u8").astype(np.uint64)


def to_blob(sketches: Iterable[BlockSketch]) -> bytes:
    """Sketches as bytes for a registry."""
    listed, parts = [], []
    for item in sketches:
        listed.append(
            [
                item.key,
                item.module,
                item.block,
                item.layers.tolist(),
                item.bits,
                item.words.shape[1],
            ]
        )
        parts.append(item.words.astype("<u8").tobytes())
    head = json.dumps(listed, separators=(",", ":")).encode()
    return b"".join((struct.pack("<I", len(head)), head, *parts))


def from_blob(blob: bytes) -> list[BlockSketch]:
    """Sketches from the bytes that :func:`to_blob` wrote.

    Raises:
        RegistryError: they are no such bytes.
    """
    try:
        (length,) = struct.unpack_from("<I", blob)
        listed = json.loads(blob[4 : 4 + length])
        offset, found = 4 + length, []
        for key, module, block, layers, bits, width in listed:
            size = len(layers) * width
            words = np.frombuffer(blob, "<u8", size, offset).astype(np.uint64)
            offset += 8 * size
            found.append(
                BlockSketch(
                    key,
                    module,
                    block,
                    np.array(layers, dtype=np.int16),
                    bits,
                    words.reshape(len(layers), width),
                )
            )
    except (struct.error, ValueError, TypeError) as error:
        raise RegistryError(
            f"a sketch is malformed ({error})",
            expected="the bytes that the registry wrote",
            advice="Check the registry with `parentage registry verify`.",
        ) from error
    return found
