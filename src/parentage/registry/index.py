# SPDX-License-Identifier: Apache-2.0
"""Sketches of a registry side by side, in files that are mapped into memory.

A *segment* holds the sketches of fingerprints with numbers in a range and is never
changed; new fingerprints go into new segments. Rows are grouped by key, so that only
what has the candidate's shapes is looked at, and words of equal place lie together, so
that whole vectors of them are compared at once. Everything here can be made again from
the registry and is kept in the user's cache.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from parentage.registry.database import cache_folder
from parentage.registry.sketch import BlockSketch, from_blob
from parentage.registry.store import Registry

VERSION: Final = 1
SEGMENT: Final = 100_000
"""Fingerprints of a segment at most: what is held in memory while one is made."""

MERGE: Final = 16
"""Beyond so many segments all are made anew, in few."""


@dataclass(frozen=True, eq=False)
class Group:
    """Rows of one key in one segment, by entry and, within it, by layer.

    Attributes:
        bits: signs of a row.
        entry: position of the fingerprint among the segment's, one for each row.
        layer: layer number of each row.
        starts: first row of each entry.
        owners: position of each such entry.
        words: ``(words, rows)``.
        modules: name of the module of each entry of ``owners``, by number.
    """

    bits: int
    entry: NDArray[np.int32]
    layer: NDArray[np.int16]
    starts: NDArray[np.int64]
    owners: NDArray[np.int32]
    words: NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Segment:
    """See the module.

    Attributes:
        numbers: the fingerprints' numbers in the registry, rising.
        outlines: for each fingerprint, which of ``kinds`` it is like.
        kinds: (module kind, block, layers) of all blocks, one list for each kind of
            fingerprint: what the number of possible tests follows from.
        folder: where it lies.
    """

    numbers: NDArray[np.int64]
    outlines: NDArray[np.int32]
    kinds: tuple[tuple[tuple[str, str, int], ...], ...]
    groups: dict[str, dict[str, Any]]
    folder: Path

    def group(self, key: str) -> Group | None:
        """The rows of a key, mapped into memory."""
        where = self.groups.get(key)
        if where is None:
            return None
        rows, width, offset = where["rows"], where["words"], where["offset"]
        data = np.memmap(self.folder / "data.bin", mode="r", dtype=np.uint8)

        def part(dtype: str, size: int) -> NDArray[Any]:
            nonlocal offset
            length = size * np.dtype(dtype).itemsize
            found = data[offset : offset + length].view(dtype)
            offset += -(-length // 8) * 8
            return found

        words = part("<u8", rows * width).reshape(width, rows)
        entry, layer = part("<i4", rows), part("<i2", rows)
        starts, owners = part("<i8", where["owners"]), part("<i4", where["owners"])
        return Group(where["bits"], entry, layer, starts, owners, words)


class Index:
    """The segments of a registry, brought up to date when it is made.

    Args:
        registry: whose sketches.
        folder: where segments are kept; by default in the user's cache.
    """

    def __init__(self, registry: Registry, folder: Path | None = None) -> None:
        self.folder = (folder or cache_folder() / "index") / registry.name
        self.folder.mkdir(parents=True, exist_ok=True)
        live = registry.numbers()
        self.live = np.array(live, dtype=np.int64)
        segments = self._load()
        upto = max((int(s.numbers[-1]) for s in segments), default=0)
        indexed = sum(len(s.numbers) for s in segments)
        stale = indexed - int(np.count_nonzero(self._known(segments)))
        if len(segments) > MERGE or (indexed and stale > indexed // 2):
            for segment in segments:
                shutil.rmtree(segment.folder, ignore_errors=True)
            segments, upto = [], 0
        last = live[-1] if live else 0
        while upto < last:
            made, upto = self._extend(registry, upto, last)
            if made is not None:
                segments.append(made)
        self.segments = segments

    def _known(self, segments: Iterable[Segment]) -> NDArray[np.bool_]:
        numbers = [s.numbers for s in segments]
        joined = np.concatenate(numbers) if numbers else np.zeros(0, np.int64)
        return np.isin(joined, self.live)

    def _load(self) -> list[Segment]:
        """Segments that do not overlap, in the order of their numbers."""
        found = []
        for folder in sorted(self.folder.glob("segment-*")):
            try:
                found.append(load_segment(folder))
            except (OSError, ValueError, KeyError):
                shutil.rmtree(folder, ignore_errors=True)  # it can be made again
        found.sort(key=lambda s: int(s.numbers[0]))
        kept: list[Segment] = []
        for segment in found:
            # Two processes may have indexed the same fingerprints at once.
            if not kept or segment.numbers[0] > kept[-1].numbers[-1]:
                kept.append(segment)
        return kept

    def _extend(
        self, registry: Registry, above: int, last: int
    ) -> tuple[Segment | None, int]:
        numbers, sketches = [], []
        for number, blob in registry.sketches(above, last):
            numbers.append(number)
            sketches.append(from_blob(blob))
            if len(numbers) == SEGMENT:
                break
        if not numbers:
            return None, last
        upto = numbers[-1] if len(numbers) == SEGMENT else last
        target = self.folder / f"segment-{numbers[0]:012d}-{numbers[-1]:012d}"
        write_segment(target, numbers, sketches)
        return load_segment(target), upto


def write_segment(
    target: Path, numbers: list[int], sketches: list[list[BlockSketch]]
) -> None:
    """Write a segment; it is there as a whole or not at all."""
    rows: dict[str, list[tuple[int, BlockSketch]]] = {}
    outlines: dict[tuple[tuple[str, str, int], ...], int] = {}
    chosen = []
    for position, blocks in enumerate(sketches):
        shape = tuple(sorted((b.module, b.block, len(b.layers)) for b in blocks))
        chosen.append(outlines.setdefault(shape, len(outlines)))
        for block in blocks:
            rows.setdefault(block.key, []).append((position, block))
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".segment-", dir=target.parent))
    try:
        groups, offset = {}, 0
        with (folder / "data.bin").open("wb") as file:
            for key, items in rows.items():
                arrays = _arrays(items)
                groups[key] = {
                    "rows": len(arrays[1]),
                    "words": arrays[0].shape[0],
                    "bits": items[0][1].bits,
                    "owners": len(arrays[3]),
                    "offset": offset,
                }
                for array in arrays:
                    raw = np.ascontiguousarray(array).tobytes()
                    offset += file.write(raw + bytes(-len(raw) % 8))
            file.flush()
            os.fsync(file.fileno())
        head = {
            "version": VERSION,
            "numbers": numbers,
            "outlines": chosen,
            "kinds": list(outlines),
            "groups": groups,
            "size": offset,
        }
        (folder / "head.json").write_text(json.dumps(head))
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            shutil.rmtree(folder)  # another process was quicker
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _arrays(items: list[tuple[int, BlockSketch]]) -> list[NDArray[Any]]:
    words = np.concatenate([b.words for _, b in items]).T.astype("<u8")
    lengths = np.array([len(b.layers) for _, b in items])
    owners = np.array([position for position, _ in items], dtype="<i4")
    layers = np.concatenate([b.layers for _, b in items]).astype("<i2")
    starts = (np.cumsum(lengths) - lengths).astype("<i8")
    return [words, np.repeat(owners, lengths), layers, starts, owners]


def load_segment(folder: Path) -> Segment:
    """Open a segment.

    Raises:
        ValueError, KeyError, OSError: it is damaged, or of another version.
    """
    head = json.loads((folder / "head.json").read_text())
    if head["version"] != VERSION or not head["numbers"]:
        message = f"version {head['version']}"
        raise ValueError(message)
    if (folder / "data.bin").stat().st_size != head["size"]:
        message = "cut short"
        raise ValueError(message)
    return Segment(
        np.array(head["numbers"], dtype=np.int64),
        np.array(head["outlines"], dtype=np.int32),
        tuple(tuple((m, b, n) for m, b, n in kind) for kind in head["kinds"]),
        head["groups"],
        folder,
    )
