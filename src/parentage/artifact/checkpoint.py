# SPDX-License-Identifier: Apache-2.0
"""A model on disk: its tensors by name, and rectangles of them on demand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import DTYPES, to_float32, undecodable
from parentage.artifact.entry import Entry, Problem, Severity, shown
from parentage.artifact.folder import Found, find_weights, read_config
from parentage.artifact.format.safetensors import read_header
from parentage.artifact.source.local import LocalFile
from parentage.artifact.tiles import Range, check_tile, runs
from parentage.errors import (
    DescriptionError,
    LayoutError,
    ParentageError,
    UnreadableError,
)

_RUNS_AT_ONCE = 1 << 16
_HASH_CHUNK = 1 << 22
_MOST_PROBLEMS = 16


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Open the safetensors weights of a model; only headers are read.

    Args:
        path: a folder (``model.safetensors``, an index with shards, or any
            ``*.safetensors``) or one ``.safetensors`` file.

    Raises:
        UnreadableError: nothing there can be read; its subclasses say why.
    """
    path = Path(path)
    try:
        return _open(path)
    except OSError as error:
        raise UnreadableError(
            f"cannot be read: {error.strerror or error}",
            file=shown(str(path)),
            expected="a readable folder or file",
            advice="Check its permissions.",
        ) from error


def _open(path: Path) -> Checkpoint:
    found = find_weights(path)
    config = read_config(found)
    with ExitStack() as stack:
        files: dict[str, LocalFile] = {}
        for name in found.files:
            file = LocalFile(found.root / name, root=found.root, name=name)
            stack.callback(file.close, verify=False)
            files[name] = file
        checkpoint = Checkpoint(path, found, config, files)
        stack.pop_all()
    return checkpoint


class Checkpoint:
    """The stored tensors of one model. Make it with :func:`open_checkpoint`.

    Reading is safe from several threads at once.

    Attributes:
        path: what was opened.
        name: its last part, for messages.
        entries: every stored tensor by name, all files together.
        config: the parsed ``config.json``, or an empty dict. Hints only.
        metadata: free text in the headers; of equal keys the first file's counts.
        problems: what is odd about the files, for the report.
    """

    def __init__(
        self,
        path: Path,
        found: Found,
        config: dict[str, object],
        files: dict[str, LocalFile],
    ) -> None:
        self.path = path
        self.name = path.name or path.resolve().name
        self.config = config
        self.metadata: dict[str, str] = {}
        self._other_bytes = found.bytes_read
        self._files = files
        self._lock = threading.Lock()
        self._blocks: set[bytes] = set()
        entries: dict[str, Entry] = {}
        problems = list(found.problems)
        for file in files.values():
            header = read_header(file)
            _merge(entries, header.entries)
            problems += header.problems
            self.metadata = header.metadata | self.metadata
        if found.index is not None:
            problems += _check_index(found.index, found.index_name, entries)
        self.entries: Mapping[str, Entry] = MappingProxyType(entries)
        self.problems = tuple(problems)

    @property
    def bytes_read(self) -> int:
        """Bytes read so far: index, config, headers and weights, counted exactly."""
        return self._other_bytes + sum(f.bytes_read for f in self._files.values())

    def read(
        self, name: str, grid: tuple[int, ...], select: tuple[Range, ...]
    ) -> NDArray[Any]:
        """A rectangle of a stored tensor, reading only the bytes it consists of.

        Args:
            name: a key of :attr:`entries`.
            grid: shape to see the stored elements in (row-major), with as many
                elements as are stored.
            select: one half-open range per axis of ``grid``.

        Returns:
            A new array in the stored format, of the lengths of ``select``.

        Raises:
            DescriptionError: no such tensor, or the grid or the ranges do not fit.
            DtypeError: the format is listed but not decoded (packed numbers).
            TruncatedError: the file was cut short meanwhile.
        """
        entry = self._entry(name)
        check_tile(entry, grid, select)
        kind = DTYPES[entry.dtype].numpy
        if kind is None:
            raise undecodable(entry.dtype, file=shown(entry.file), tensor=shown(name))
        offsets, length = runs(grid, select)
        width = length * kind.itemsize
        raw = np.empty(len(offsets) * width, np.uint8)
        file, view = self._files[entry.file], raw.data
        for first in range(0, len(offsets), _RUNS_AT_ONCE):
            part = offsets[first : first + _RUNS_AT_ONCE] * kind.itemsize + entry.begin
            target = view[first * width : (first + len(part)) * width]
            file.read_runs(part.tolist(), width, target)
        self._remember(name, grid, select, raw)
        shape = tuple(stop - start for start, stop in select)
        # Bytes other than 0 and 1 would make a bool that is neither.
        flat: NDArray[Any] = raw != 0 if kind == np.bool_ else raw.view(kind)
        return flat.reshape(shape)

    def read_float32(
        self, name: str, grid: tuple[int, ...], select: tuple[Range, ...]
    ) -> NDArray[np.float32]:
        """The same as :meth:`read`, as float32.

        Raises:
            DtypeError: also for complex numbers.
        """
        entry = self._entry(name)
        if entry.dtype == "C64":
            raise undecodable("C64", file=shown(entry.file), tensor=shown(name))
        return to_float32(self.read(name, grid, select), entry.dtype)

    def digest(self) -> str:
        """SHA-256 over names, formats, shapes and every block read so far.

        It binds a report to what was looked at. It does not depend on the order of
        reading, on threads, on the order of the tensors or on how they are sharded.
        """
        total = hashlib.sha256(b"parentage.checkpoint/1\0")
        for name in sorted(self.entries):
            entry = self.entries[name]
            total.update(repr((name, entry.dtype, entry.shape)).encode())
        with self._lock:
            blocks = sorted(self._blocks)
        total.update(b"\0blocks\0" + b"".join(blocks))
        return total.hexdigest()

    def full_digest(
        self, progress: Callable[[int, int], None] | None = None
    ) -> dict[str, str]:
        """SHA-256 of each weight file, which reads all of it.

        Args:
            progress: called with the bytes done and the bytes in all.
        """
        total = sum(file.size for file in self._files.values())
        done, digests = 0, {}
        buffer = memoryview(bytearray(_HASH_CHUNK))
        for name, file in self._files.items():
            digest = hashlib.sha256()
            for offset in range(0, file.size, _HASH_CHUNK):
                part = buffer[: min(_HASH_CHUNK, file.size - offset)]
                file.read_into(offset, part)
                digest.update(part)
                done += len(part)
                if progress is not None:
                    progress(done, total)
            digests[name] = digest.hexdigest()
        return digests

    def close(self, *, verify: bool = True) -> None:
        """Close the files; with ``verify``, first check that none has changed.

        Raises:
            TruncatedError: a file is shorter than when it was opened.
            LayoutError: a file was written to meanwhile.
        """
        changed: ParentageError | None = None
        for file in self._files.values():
            try:
                file.close(verify=verify)
            except ParentageError as error:
                changed = changed or error
        if changed is not None:
            raise changed

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(verify=kind is None)

    def _entry(self, name: str) -> Entry:
        with suppress(KeyError):
            return self.entries[name]
        raise DescriptionError(
            f"there is no tensor '{shown(name)}'",
            file=self.name,
            expected="a name that the headers list",
            advice="List them with `parentage inspect`.",
        )

    def _remember(
        self,
        name: str,
        grid: tuple[int, ...],
        select: tuple[Range, ...],
        raw: NDArray[np.uint8],
    ) -> None:
        block = hashlib.sha256(repr((name, grid, select)).encode() + b"\0")
        block.update(raw.data)
        with self._lock:
            self._blocks.add(block.digest())


def _merge(entries: dict[str, Entry], more: dict[str, Entry]) -> None:
    twice = entries.keys() & more.keys()
    if twice:
        name = min(twice)
        other = shown(entries[name].file)
        raise LayoutError(
            f"is stored here and in {other} ({len(twice)} such tensors)",
            file=shown(more[name].file),
            tensor=shown(name),
            expected="each tensor in one file",
            advice="Name one file, or remove the copies that do not belong together.",
        )
    entries.update(more)


def _check_index(
    index: dict[str, str], file: str, entries: dict[str, Entry]
) -> list[Problem]:
    """Where the index and the headers of the shards disagree."""
    missing = sorted(name for name in index if name not in entries)
    unlisted = sorted(name for name in entries if name not in index)
    moved = sorted(
        name
        for name, shard in index.items()
        if name in entries and entries[name].file != shard
    )
    problems: list[Problem] = []
    for code, names, what in (
        ("index-missing-tensor", missing, "is in the index but in no shard"),
        ("index-wrong-shard", moved, "is not in the shard that the index names"),
        ("index-unlisted-tensor", unlisted, "is in a shard but not in the index"),
    ):
        severity: Severity = "error" if names is missing else "warning"
        for name in names[:_MOST_PROBLEMS]:
            message = f"{shown(name)} {what}"
            problems.append(Problem(code, severity, message, file, shown(name)))
        if len(names) > _MOST_PROBLEMS:
            message = f"{len(names) - _MOST_PROBLEMS} more tensors: {what[3:]}"
            problems.append(Problem(code, severity, message, file))
    return problems
