# SPDX-License-Identifier: Apache-2.0
"""The files of a computed model: config, index and shards, as real ones have them."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from parentage.testing.hub.files import Blob, Bytes, Repository
from parentage.testing.synthetic import header
from parentage.testing.virtual.models import Placed, VirtualModel

SHARD = 5_000_000_000
"""Bytes of a shard at most, as the Hub's own libraries write them."""


@dataclass(frozen=True)
class Shard:
    """A file of weights; only its header is ever held in memory.

    Attributes:
        model: whose tensors they are.
        tensors: in the order of the file.
        name: of the file.
    """

    model: VirtualModel
    tensors: tuple[Placed, ...]
    name: str

    @cached_property
    def head(self) -> bytes:
        """Length and header."""
        return header(
            {t.name: (t.dtype, t.shape, t.nbytes) for t in self.tensors},
            {"format": "pt"},
        )

    @cached_property
    def begins(self) -> list[int]:
        """Where each tensor begins in the file."""
        found, at = [], len(self.head)
        for tensor in self.tensors:
            found.append(at)
            at += tensor.nbytes
        return found

    @cached_property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self.begins[-1] + self.tensors[-1].nbytes

    @cached_property
    def digest(self) -> str:
        """A name of the content: of what it is computed from, not of its bytes."""
        words = f"{_identity(self.model)}\0{self.name}\0".encode()
        return hashlib.sha256(words + self.head).hexdigest()

    def read(self, begin: int, end: int) -> bytes:
        """The bytes ``[begin, end)``, computed now."""
        parts = [self.head[begin:end]]
        at = max(0, bisect_right(self.begins, begin) - 1)
        begin = max(begin, len(self.head))
        while begin < end and at < len(self.tensors):
            start = self.begins[at]
            stop = start + self.tensors[at].nbytes
            if begin < stop:
                name = self.tensors[at].name
                last = min(end, stop)
                parts.append(self.model.stored(name, begin - start, last - start))
                begin = last
            at += 1
        return b"".join(parts)


def _identity(model: VirtualModel) -> str:
    source = model.derivation
    words = f"{model.name}/{model.seed}/{model.vision}"
    if source is None:
        return words
    return f"{words}/{source.pattern}/{source.correlation}/{_identity(source.parent)}"


def virtual_repository(model: VirtualModel, *, shard: int = SHARD) -> Repository:
    """A repository with the model's files; shards of at most ``shard`` bytes."""
    groups: list[list[Placed]] = [[]]
    room = shard
    for tensor in model.tensors.values():
        if tensor.nbytes > room and groups[-1]:
            groups.append([])
            room = shard
        groups[-1].append(tensor)
        room -= tensor.nbytes
    files: dict[str, Blob] = {}
    where: dict[str, str] = {}
    for number, group in enumerate(groups, 1):
        name = f"model-{number:05d}-of-{len(groups):05d}.safetensors"
        files[name] = Shard(model, tuple(group), name)
        where |= dict.fromkeys((tensor.name for tensor in group), name)
    total = sum(tensor.nbytes for tensor in model.tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": where}
    files["model.safetensors.index.json"] = Bytes(json.dumps(index, indent=2).encode())
    files["config.json"] = Bytes(json.dumps(model.config(), indent=2).encode())
    return Repository(model.name, files)
