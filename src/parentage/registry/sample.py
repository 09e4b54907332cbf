# SPDX-License-Identifier: Apache-2.0
"""Makes a fingerprint of an opened model: chooses the level, reads, writes down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from parentage.artifact.checkpoint import Checkpoint
from parentage.artifact.dtypes import DTYPES
from parentage.artifact.source.place import Location
from parentage.errors import FingerprintError, ParentageError, UsageError
from parentage.model.description import Model, Module, Range, Stored, Tensor
from parentage.model.rectangle import Cut, read_rectangle, shape_of
from parentage.model.tokenizer.read import find_tokenizer, read_tokenizer
from parentage.registry.container import to_bytes
from parentage.registry.fingerprint import (
    MAX_BYTES,
    Fingerprint,
    Identity,
    Outline,
    Tile,
    held_format,
    view_key,
)
from parentage.registry.listing import pack_listing
from parentage.registry.scheme import ALONE, LEVELS, Scheme
from parentage.registry.tokenizer_record import pack_tokenizer

MAX_CONFIG_VALUE: Final = 16 << 10
"""Longer values of a config (lists of tokens in GGUF) are left out."""

TOKENIZER_SHARE: Final = 3
"""A tokenizer may take a third of the bytes; beyond, its merges are left out."""

MARGIN: Final = 2048
"""Bytes for the header of the file."""

Progress = Callable[[str, int, int], None]


def make_fingerprint(
    checkpoint: Checkpoint,
    model: Model,
    *,
    name: str,
    revision: str = "",
    folder: Location | None = None,
    seed: int = 0,
    size: int = MAX_BYTES,
    progress: Progress | None = None,
) -> Fingerprint:
    """A fingerprint of at most ``size`` bytes.

    Args:
        checkpoint: the opened model.
        model: its description.
        name: what it is called.
        revision: the commit that it was opened at, if any.
        folder: where its tokenizer is looked for, if anywhere.
        seed: of the scheme; fingerprints of one seed are comparable.
        size: bytes of the file at most.
        progress: told about each module.

    Raises:
        UsageError: ``size`` is out of range.
        FingerprintError: not even the smallest sample of all tensors fits.
        ParentageError: values cannot be read.
    """
    if not 0 < size <= MAX_BYTES:
        raise UsageError(
            f"a fingerprint of {size} bytes", expected=f"1 to {MAX_BYTES} bytes"
        )
    notes: list[str] = []
    tokenizer = _tokenizer(folder, size // TOKENIZER_SHARE, notes)
    entries = {
        entry.name: Stored(entry.name, entry.dtype, tuple(entry.shape))
        for entry in checkpoint.entries.values()
    }
    blank = Fingerprint(
        Identity(name, revision, "0" * 64),
        Scheme(seed, LEVELS[0]),
        tuple(Outline(m.name, m.parameters, m.layers) for m in model.modules),
        {},
        pack_listing(entries.values()),
        _config(checkpoint.config, notes),
        (),
        tokenizer,
        tuple(notes),
        sum(entry.nbytes for entry in checkpoint.entries.values()),
    )
    chosen, cuts = _fit(model, blank, entries, size)
    tiles = []
    total = len(cuts)
    for done, (tensor, cut) in enumerate(cuts):
        if progress is not None:
            progress(tensor.module, done, total)
        tiles.append(_tile(checkpoint, tensor, cut))
    if progress is not None:
        progress("done", total, total)
    return replace(
        blank,
        scheme=chosen,
        sampled=_sampled(cuts, entries),
        tiles=tuple(tiles),
        identity=Identity(name, revision, checkpoint.digest()),
    )


def _sampled(
    cuts: list[tuple[Tensor, Cut]], entries: Mapping[str, Stored]
) -> dict[str, Stored]:
    """The stored tensors of chosen rectangles, each once."""
    return {t.view.tensor: entries[t.view.tensor] for t, _ in cuts}


def _fit(
    model: Model, blank: Fingerprint, entries: Mapping[str, Stored], size: int
) -> tuple[Scheme, list[tuple[Tensor, Cut]]]:
    """The largest level whose file keeps within the bytes."""

    def bytes_of(level: int) -> tuple[int, list[tuple[Tensor, Cut]]]:
        cuts = choose(model, Scheme(blank.scheme.seed, level))
        values = sum(
            int(np.prod(shape_of(cut))) * DTYPES[held_format(t.dtype) or "F32"].itemsize
            for t, cut in cuts
        )
        return values, cuts

    def with_record(cuts: list[tuple[Tensor, Cut]]) -> int:
        placed = replace(blank, tiles=_placed(cuts), sampled=_sampled(cuts, entries))
        return len(to_bytes(placed)) + MARGIN

    low, high = LEVELS[0], LEVELS[-1]
    fixed = with_record(bytes_of(low)[1])
    if fixed + bytes_of(low)[0] > size:
        raise FingerprintError(
            f"the smallest fingerprint has {fixed + bytes_of(low)[0]} bytes",
            file=blank.identity.name,
            expected=f"at most {size}",
            advice="Allow more bytes; the model has too many tensors for so few.",
        )
    while high > low:
        middle = (low + high + 1) // 2
        if fixed + bytes_of(middle)[0] <= size:
            low = middle
        else:
            high = middle - 1
    while True:
        values, cuts = bytes_of(low)
        # The record grows with the experts held.
        if with_record(cuts) + values <= size or low == LEVELS[0]:
            return Scheme(blank.scheme.seed, low), cuts
        low -= 1


def _placed(cuts: list[tuple[Tensor, Cut]]) -> tuple[Tile, ...]:
    """Tiles without values, to see how long the record becomes."""
    return tuple(
        Tile(
            view_key(tensor),
            tuple(() for _ in cut),
            "BF16",
            np.zeros((0,) * len(cut), dtype=ml_dtypes.bfloat16),
        )
        for tensor, cut in cuts
    )


def choose(model: Model, scheme: Scheme) -> list[tuple[Tensor, Cut]]:
    """Which rectangle of each tensor is held, from shapes and seed alone."""
    found = []
    for module in model.modules:
        if module.name == "unrecognised":
            continue  # no role: nothing says which values would be comparable
        experts = _experts(module, scheme)
        for tensor in module.tensors:
            if tensor.role == "other" or held_format(tensor.dtype) is None:
                continue
            if tensor.expert is not None and tensor.expert not in experts:
                continue
            rule = scheme
            if tensor.layer is None and len(tensor.shape) > 1:
                rule = replace(scheme, level=min(scheme.level + ALONE, LEVELS[-1]))
            cut = rule.cut(tensor.role, tensor.axes, tensor.shape, group_of(module))
            found.append((tensor, cut))
    return found


def _experts(module: Module, scheme: Scheme) -> range:
    numbers = [t.expert for t in module.tensors if t.expert is not None]
    size = max(numbers, default=-1) + 1
    return range(*scheme.window("expert", size, scheme.experts))


def group_of(module: Module) -> int:
    """Query heads for each key-value head; 1 where unknown."""
    attention = module.attention
    if attention is None or not attention.heads or not attention.kv_heads:
        return 1
    return max(1, attention.heads // attention.kv_heads)


def _tile(checkpoint: Checkpoint, tensor: Tensor, cut: Cut) -> Tile:
    dtype = held_format(tensor.dtype) or "F32"
    kind = DTYPES[dtype].numpy

    def read(
        name: str, grid: tuple[int, ...], select: tuple[Range, ...]
    ) -> NDArray[Any]:
        if DTYPES[tensor.dtype].numpy == kind:
            return checkpoint.read(name, grid, select)
        with np.errstate(over="ignore"):
            return checkpoint.read_float32(name, grid, select).astype(kind)

    values = read_rectangle(read, tensor.view, cut, np.dtype(kind))
    return Tile(view_key(tensor), cut, dtype, values)


def _config(config: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """The config as plain data, without what is too long to be a setting."""
    kept = {}
    for key, value in config.items():
        text = json.dumps(value, default=str)
        if len(text) > MAX_CONFIG_VALUE:
            notes.append(f"the config's '{key}' is not held: {len(text)} characters")
        else:
            kept[str(key)] = json.loads(text)
    return kept


def _tokenizer(folder: Location | None, room: int, notes: list[str]) -> bytes | None:
    """The tokenizer's record if there is one and it fits, else a note."""
    if folder is None or not find_tokenizer(folder):
        notes.append("no tokenizer was found beside the weights")
        return None
    try:
        found = read_tokenizer(folder)
    except ParentageError as error:
        notes.append(f"the tokenizer cannot be read: {error.message}")
        return None
    record = pack_tokenizer(found)
    if len(record) > room and found.merges is not None:
        notes.append("the tokenizer's merges are not held: they take too many bytes")
        record = pack_tokenizer(found, merges=False)
    if len(record) > room:
        notes.append(
            f"the tokenizer is not held: its record takes {len(record)} bytes; its "
            f"digest is {found.digest}"
        )
        return None
    return record
