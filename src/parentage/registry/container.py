# SPDX-License-Identifier: Apache-2.0
"""The file of a fingerprint: one safetensors file, read as a stranger's.

Its tensors are ``record``, ``listing`` and, where held, ``tokenizer`` (bytes: an xz
stream of one JSON object each), and ``values.FORMAT`` (one vector for each format of
values, the tiles one behind the other in the order of the record). ``__metadata__``
names the format and the *content digest*: SHA-256 over what the streams expand to and
over the values. Compression does not enter it, so it names the fingerprint for good,
and damage anywhere is noticed.
"""

from __future__ import annotations

import hashlib
import lzma
import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import DTYPES, SAFETENSORS
from parentage.artifact.entry import shown
from parentage.artifact.format.safetensors import read_header
from parentage.artifact.source.local import LocalFile
from parentage.errors import FingerprintError
from parentage.model.description import Range, Stored, View
from parentage.model.rectangle import Cut, shape_of
from parentage.registry.fingerprint import (
    FORMAT,
    MAX_BYTES,
    Fingerprint,
    Identity,
    Outline,
    Tile,
    ViewKey,
)
from parentage.registry.listing import (
    expanded,
    naturals,
    parsed,
    plain_json,
    stored_by_name,
    text,
)
from parentage.registry.scheme import LEVELS, VERSIONS, Scheme

MAX_TILES: Final = 100_000
_ADVICE: Final = "Make the fingerprint again from the model."
_HELD: Final = sorted(
    name for name, kind in SAFETENSORS.items() if kind.is_float and kind.numpy
)


def to_bytes(fingerprint: Fingerprint) -> bytes:
    """The file of a fingerprint; equal fingerprints give equal bytes."""
    plain = plain_json(record_of(fingerprint))
    packed = {"record": lzma.compress(plain, preset=6), "listing": fingerprint.listing}
    expands = {"record": plain, "listing": expanded(fingerprint.listing, "tensors", "")}
    if fingerprint.tokenizer is not None:
        packed["tokenizer"] = fingerprint.tokenizer
        expands["tokenizer"] = expanded(fingerprint.tokenizer, "the tokenizer", "")
    values = {f"values.{n}": raw for n, raw in _values(fingerprint.tiles).items()}
    return assemble(packed, expands, values)


def assemble(
    packed: Mapping[str, bytes], plain: Mapping[str, bytes], values: Mapping[str, bytes]
) -> bytes:
    """A file from its parts.

    Args:
        packed: the compressed parts by name.
        plain: what they expand to.
        values: raw values, by the name of their tensor.
    """
    header: dict[str, Any] = {
        "__metadata__": {"format": FORMAT, "sha256": _digest({**plain, **values})}
    }
    offset = 0
    for name, raw in (*packed.items(), *values.items()):
        dtype = name.partition(".")[2] or "U8"
        header[name] = {
            "dtype": dtype,
            "shape": [len(raw) // DTYPES[dtype].itemsize],
            "data_offsets": [offset, offset + len(raw)],
        }
        offset += len(raw)
    head = plain_json(header)
    head += b" " * (-len(head) % 8)
    return b"".join(
        (struct.pack("<Q", len(head)), head, *packed.values(), *values.values())
    )


def content_digest(data: bytes, label: str = "fingerprint") -> str:
    """SHA-256 that names a fingerprint's content, however it is compressed.

    It is what the file states; :func:`from_bytes` refuses one that is not true.
    """
    header = read_header(cast("LocalFile", _Memory(data, label)))
    return header.metadata.get("sha256", "")


def read_fingerprint(path: str | Path) -> Fingerprint:
    """Read the file of a fingerprint and check all of it.

    Raises:
        FingerprintError: it is damaged, malformed, or of another version.
        UnreadableError: it cannot be read, or is no safetensors file.
    """
    return from_bytes(read_file(path), shown(Path(path).name))


def read_file(path: str | Path) -> bytes:
    """The bytes of a file that may be a fingerprint.

    Raises:
        FingerprintError: it is larger than any fingerprint.
        UnreadableError: it cannot be read.
    """
    with LocalFile(Path(path)) as file:
        _check_size(file.size, file.label)
        return file.pread(0, file.size)


def from_bytes(data: bytes, label: str = "fingerprint") -> Fingerprint:
    """The same from bytes, such as a registry holds.

    Raises:
        FingerprintError: as for :func:`read_fingerprint`.
        UnreadableError: the bytes are no safetensors file.
    """
    _check_size(len(data), label)
    # The reader of headers asks for no more than this of a file.
    header = read_header(cast("LocalFile", _Memory(data, label)))
    if header.metadata.get("format") != FORMAT:
        raise FingerprintError(
            f"is '{shown(header.metadata.get('format', 'of no stated format'))}'",
            file=label,
            expected=f"'{FORMAT}'",
            advice="Make one of a model with `parentage fingerprint`, or use a newer "
            "version of parentage.",
        )
    parts = {
        name: (entry.dtype, data[entry.begin : entry.end])
        for name, entry in header.entries.items()
    }
    return _read(parts, header.metadata.get("sha256", ""), label)


class _Memory:
    """Bytes that are read like a file."""

    def __init__(self, data: bytes, label: str) -> None:
        self._data = data
        self.size = len(data)
        self.name = self.label = label

    def pread(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


def _check_size(size: int, label: str) -> None:
    if size > MAX_BYTES:
        raise FingerprintError(
            f"the file has {size} bytes",
            file=label,
            expected=f"a fingerprint, of at most {MAX_BYTES} bytes",
            advice="Make one of a model with `parentage fingerprint`.",
        )


def is_fingerprint(path: str | Path) -> bool:
    """Whether a path looks like the file of a fingerprint, of any version."""
    where = Path(path)
    if not where.is_file():
        return False
    with where.open("rb") as file:
        head = file.read(256)
    return b'"parentage.fingerprint/' in head


def record_of(fingerprint: Fingerprint) -> dict[str, Any]:
    """What the record says, as plain data."""
    numbers = {name: n for n, name in enumerate(fingerprint.sampled)}
    identity, scheme = fingerprint.identity, fingerprint.scheme
    return {
        "format": FORMAT,
        "model": {
            "name": identity.name,
            "revision": identity.revision,
            "digest": identity.digest,
            "bytes": fingerprint.bytes_stored,
        },
        "scheme": {
            "version": scheme.version,
            "seed": scheme.seed,
            "level": scheme.level,
        },
        "modules": [[m.name, m.parameters, m.layers] for m in fingerprint.modules],
        "tensors": [[s.name, s.dtype, s.shape] for s in fingerprint.sampled.values()],
        "config": fingerprint.config,
        "tiles": [
            [numbers[t.key[0]], t.key[1], t.key[2], t.key[3], t.cut, t.dtype]
            for t in fingerprint.tiles
        ],
        "notes": list(fingerprint.notes),
    }


def _values(tiles: Iterable[Tile]) -> dict[str, bytes]:
    found: dict[str, list[bytes]] = {}
    for tile in tiles:
        found.setdefault(tile.dtype, []).append(
            np.ascontiguousarray(tile.values).tobytes()
        )
    return {name: b"".join(found[name]) for name in sorted(found)}


def _digest(parts: Mapping[str, bytes]) -> str:
    total = hashlib.sha256(f"{FORMAT}\0".encode())
    for name in sorted(parts):
        total.update(f"{name}\0{len(parts[name])}\0".encode())
        total.update(parts[name])
    return total.hexdigest()


_PACKED: Final = {"record": "the model", "listing": "the tensors"}


def _read(
    parts: Mapping[str, tuple[str, bytes]], stated: str, file: str
) -> Fingerprint:
    plain: dict[str, bytes] = {}
    for name, (dtype, raw) in parts.items():
        if name in {*_PACKED, "tokenizer"} and dtype == "U8":
            plain[name] = expanded(raw, _PACKED.get(name, "the tokenizer"), file)
        elif name == f"values.{dtype}":
            plain[name] = raw
        else:
            raise _malformed(f"holds a tensor '{shown(name)}'", file)
    if not plain.keys() >= _PACKED.keys():
        raise _malformed("lacks the record or the listing", file)
    if _digest(plain) != stated:
        raise _malformed("the content does not have the digest that it states", file)
    record = parsed(plain["record"], "the model", file)
    try:
        return _fingerprint(record, plain, parts, file)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        said = f"the record is malformed ({type(error).__name__}: {shown(str(error))})"
        raise _malformed(said, file) from error


def _malformed(found: str, file: str) -> FingerprintError:
    return FingerprintError(
        found, file=file, expected="an undamaged fingerprint", advice=_ADVICE
    )


def _fingerprint(
    record: Mapping[str, Any],
    plain: Mapping[str, bytes],
    parts: Mapping[str, tuple[str, bytes]],
    file: str,
) -> Fingerprint:
    scheme = record["scheme"]
    version = naturals([scheme["version"]])[0]
    if version not in VERSIONS:
        raise FingerprintError(
            f"its values were chosen by version {version} of the rules",
            file=file,
            expected="version " + " or ".join(map(str, VERSIONS)),
            advice="Make it again, or use another version of parentage.",
        )
    sampled = stored_by_name(record["tensors"])
    if len(record["tiles"]) > MAX_TILES:
        message = f"{len(record['tiles'])} tiles"
        raise ValueError(message)
    if not isinstance(record["config"], dict):
        message = "the config is no object"
        raise TypeError(message)
    model = record["model"]
    level = naturals([scheme["level"]])[0]
    values = {
        name.removeprefix("values."): raw
        for name, raw in plain.items()
        if name.startswith("values.")
    }
    return Fingerprint(
        Identity(text(model["name"]), text(model["revision"]), text(model["digest"])),
        Scheme(naturals([scheme["seed"]])[0], LEVELS[LEVELS.index(level)], version),
        tuple(
            Outline(text(name), *naturals([parameters, layers]))
            for name, parameters, layers in record["modules"]
        ),
        sampled,
        parts["listing"][1],
        record["config"],
        tuple(_tiles(record["tiles"], list(sampled.values()), values)),
        parts["tokenizer"][1] if "tokenizer" in parts else None,
        tuple(text(note) for note in record["notes"]),
        naturals([model["bytes"]])[0],
    )


def _tiles(
    listed: Iterable[Any], entries: list[Stored], values: Mapping[str, bytes]
) -> Iterable[Tile]:
    offsets = dict.fromkeys(values, 0)
    for number, grid, select, order, cut, dtype in listed:
        if dtype not in _HELD or dtype not in values:
            message = f"values in format {dtype!r}"
            raise ValueError(message)
        entry = entries[naturals([number])[0]]
        key, ranges = _place(entry, grid, select, order, cut)
        shape = shape_of(ranges)
        kind = DTYPES[dtype].numpy
        size = math.prod(shape)
        start = offsets[dtype]
        offsets[dtype] += size * DTYPES[dtype].itemsize
        raw = values[dtype][start : offsets[dtype]]
        found: NDArray[Any] = np.frombuffer(raw, dtype=kind)
        yield Tile(key, ranges, dtype, found.reshape(shape))
    for dtype, end in offsets.items():
        if end != len(values[dtype]):
            message = f"{len(values[dtype])} bytes of {dtype}, {end} are accounted for"
            raise ValueError(message)


def _place(
    entry: Stored, grid: object, select: list[Any], order: object, cut: list[Any]
) -> tuple[ViewKey, Cut]:
    """A tensor's place and its ranges, checked against its shape."""
    view = View(
        entry.name,
        tuple(naturals(grid)),
        tuple(_range(r) for r in select),
        tuple(naturals(order)),
    )
    if math.prod(view.grid) != entry.size or len(set(view.order)) != len(view.order):
        message = f"{entry.name}: grid {view.grid} for shape {entry.shape}"
        raise ValueError(message)
    ranges = tuple(tuple(_range(r) for r in axis) for axis in cut)
    for axis, size in zip(ranges, view.shape, strict=True):
        edges = [edge for r in axis for edge in r]
        if edges != sorted(edges) or (edges and edges[-1] > size):
            message = f"{entry.name}: ranges {axis} on an axis of {size}"
            raise ValueError(message)
    return (view.tensor, view.grid, view.select, view.order), ranges


def _range(found: object) -> Range:
    start, stop = naturals(found)
    return start, stop
