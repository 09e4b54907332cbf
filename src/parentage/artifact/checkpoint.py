# SPDX-License-Identifier: Apache-2.0
"""A model on disk: its tensors by name, and rectangles of them on demand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import ExitStack, suppress
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import DTYPES, to_float32, undecodable
from parentage.artifact.entry import Entry, shown
from parentage.artifact.format.adapter import apply_adapter
from parentage.artifact.gather import Gathered, gather
from parentage.artifact.ref import ModelRef
from parentage.artifact.source.base import File
from parentage.artifact.source.local import LocalFile
from parentage.artifact.source.locate import Reference, locate
from parentage.artifact.source.place import Location, RemotePath
from parentage.artifact.tiles import Range, check_tile
from parentage.artifact.values import Plain
from parentage.errors import DescriptionError, ParentageError, UnreadableError

_HASH_CHUNK = 1 << 22


def open_checkpoint(path: Reference) -> Checkpoint:
    """Open the weights of a model; only headers are read.

    Args:
        path: a folder or one weight file, of any format that
            :mod:`parentage.artifact.format.read` knows, on this machine or elsewhere
            (see :mod:`parentage.artifact.ref`); or ``BASE+ADAPTER``, a model and a
            LoRA adapter, read as the merged model.

    Raises:
        UnreadableError: nothing there can be read; its subclasses say why.
        SourceError: it lies elsewhere and cannot be fetched.
    """
    try:
        return _open(path)
    except OSError as error:
        raise UnreadableError(
            f"cannot be read: {error.strerror or error}",
            file=shown(str(path)),
            expected="a readable folder or file",
            advice="Check its permissions.",
        ) from error


def _open(path: Reference) -> Checkpoint:
    parts: tuple[Reference, ...] = (path,)
    if not isinstance(path, RemotePath):
        parts = ModelRef.parse(path).parts or parts
    with ExitStack() as stack:
        places = [locate(part) for part in parts]
        gathered = gather(places[0], stack)
        for adapter in places[1:]:
            gathered = apply_adapter(gathered, gather(adapter, stack))
        address = "+".join(str(place) for place in places)
        checkpoint = Checkpoint(places[0], gathered, address)
        stack.pop_all()
    return checkpoint


class Checkpoint:
    """The stored tensors of one model. Make it with :func:`open_checkpoint`.

    Reading is safe from several threads at once.

    Attributes:
        path: what was opened; of a merged model, its base.
        address: the same for reports, with both parts and the commits that
            branches stood for.
        name: last part of the path, for messages.
        entries: every tensor by name, all files together. The parts of a quantised
            weight are one entry.
        config: the parsed ``config.json``, else what the weight file itself says
            (metadata of GGUF), else an empty dict. Hints only.
        metadata: free text in the headers; of equal keys the first file's counts.
        problems: what is odd about the files, for the report.
    """

    def __init__(
        self, path: Location, gathered: Gathered, address: str | None = None
    ) -> None:
        contents = gathered.contents
        self.path = path
        self.address = address or str(path)
        self.name = path.name or path.resolve().name
        self.config = contents.config
        self.metadata = contents.metadata
        self._other_bytes = gathered.bytes_read
        self._files = gathered.files
        self._values = contents.values
        self._lock = threading.Lock()
        self._blocks: set[bytes] = set()
        self.entries: Mapping[str, Entry] = MappingProxyType(contents.entries)
        self.problems = tuple(contents.problems)

    @property
    def remote(self) -> bool:
        """Whether any of its files lies elsewhere, where ranges may be kept."""
        return any(file.remote for file in self._files.values())

    @property
    def bytes_read(self) -> int:
        """Bytes read so far: index, config, headers and weights, counted exactly."""
        return self._other_bytes + sum(f.bytes_read for f in self._files.values())

    @property
    def file_sizes(self) -> dict[str, int]:
        """Bytes of every file of weights, by its name within the model."""
        return {name: file.size for name, file in sorted(self._files.items())}

    @property
    def stated_digests(self) -> dict[str, str]:
        """SHA-256 of files of weights whose source states one; see :class:`File`."""
        return {n: f.sha256 for n, f in self._files.items() if f.sha256 is not None}

    @property
    def local_files(self) -> frozenset[str]:
        """Names of the files of weights that lie on this machine."""
        return frozenset(n for n, f in self._files.items() if not f.remote)

    def read(
        self, name: str, grid: tuple[int, ...], select: tuple[Range, ...]
    ) -> NDArray[Any]:
        """A rectangle of a tensor, reading only the bytes it consists of.

        Of quantised weights, the blocks that cover it are read.

        Args:
            name: a key of :attr:`entries`.
            grid: shape to see the elements in (row-major), with as many elements as
                the tensor has.
            select: one half-open range per axis of ``grid``.

        Returns:
            A new array of the lengths of ``select``: in the stored format, or in
            float32 where the format must be decoded.

        Raises:
            DescriptionError: no such tensor, or the grid or the ranges do not fit.
            DtypeError: the format is listed but not decoded (packed numbers).
            LayoutError: the parts of a quantised weight contradict each other.
            TruncatedError: the file was cut short meanwhile.
        """
        check_tile(self._entry(name), grid, select)
        found = self._values[name].read(grid, select)
        self._remember(name, grid, select, found)
        return found

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
        found = self.read(name, grid, select)
        if found.dtype == np.float32:
            return found
        return to_float32(found, entry.dtype)

    def scan(
        self, name: str, grid: tuple[int, ...], select: tuple[Range, ...]
    ) -> NDArray[Any]:
        """The same as :meth:`read`, but not remembered for :meth:`digest`.

        For readers of whole models, who would spend more time on the digest than on
        the values; :attr:`identity` says what they read.
        """
        check_tile(self._entry(name), grid, select)
        return self._values[name].read(grid, select)

    def lies_plain(self, name: str) -> bool:
        """Whether the numbers of a tensor lie in a local file, ready for :meth:`fill`.

        Bytes of bools do not count: not every byte is one.
        """
        values = self._values.get(name)
        return (
            isinstance(values, Plain)
            and isinstance(values.file, LocalFile)
            and DTYPES[values.entry.dtype].numpy not in {None, np.dtype(np.bool_)}
        )

    def fill(self, name: str, first: int, buffer: NDArray[Any]) -> None:
        """Stored numbers of a tensor that :meth:`lies_plain`, without copying.

        Args:
            name: a key of :attr:`entries`.
            first: row-major number of the first element.
            buffer: contiguous, of the stored format; all of it is filled.

        Raises:
            TruncatedError: the file was cut short meanwhile.
        """
        file, begin = self._plain(name, first, buffer.size)
        view = memoryview(buffer.view(np.uint8))  # type: ignore[arg-type]
        file.read_into(begin + first * buffer.itemsize, view)

    def mapped(self, name: str, first: int, count: int) -> NDArray[Any]:
        """The same numbers as :meth:`fill` gives, where the system keeps them.

        Only in a process that may be lost; see :meth:`LocalFile.map`.

        Args:
            name: a key of :attr:`entries`.
            first: row-major number of the first element.
            count: how many.

        Raises:
            TruncatedError: the file was cut short meanwhile.
        """
        file, begin = self._plain(name, first, count)
        kind = np.dtype(DTYPES[self.entries[name].dtype].numpy)
        found = file.map(begin + first * kind.itemsize, count * kind.itemsize)
        return found.view(kind)

    @property
    def identity(self) -> tuple[tuple[str, int, str], ...] | None:
        """Name, length and version of each weight file, as it was when opened.

        ``None`` where a file does not lie on this machine: nothing that is kept here
        could be told to be of the same bytes.
        """
        found = []
        for name, file in self._files.items():
            if not isinstance(file, LocalFile):
                return None
            found.append((name, file.size, file.version))
        return tuple(found)

    def prefetch(
        self, tiles: Iterable[tuple[str, tuple[int, ...], tuple[Range, ...]]]
    ) -> None:
        """Begin to fetch rectangles that will be read next, all side by side.

        Does nothing for files on this machine, nor for formats that are decoded.

        Args:
            tiles: the arguments of the reads; see :meth:`read`.
        """
        if not any(file.remote for file in self._files.values()):
            return
        wanted: dict[File, list[tuple[int, int]]] = {}
        for name, grid, select in tiles:
            values = self._values.get(name)
            if isinstance(values, Plain) and values.file.remote:
                wanted.setdefault(values.file, []).extend(values.ranges(grid, select))
        for file, ranges in wanted.items():
            file.prefetch(ranges)

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
        self,
        progress: Callable[[int, int], None] | None = None,
        *,
        files: Container[str] | None = None,
    ) -> dict[str, str]:
        """SHA-256 of each weight file, which reads all of it.

        Args:
            progress: called with the bytes done and the bytes in all.
            files: only those of these names; all of them if ``None``.
        """
        chosen = {n: f for n, f in self._files.items() if files is None or n in files}
        total = sum(file.size for file in chosen.values())
        done, digests = 0, {}
        buffer = memoryview(bytearray(_HASH_CHUNK))
        for name, file in chosen.items():
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

    def _plain(self, name: str, first: int, count: int) -> tuple[LocalFile, int]:
        """The file of a tensor that :meth:`lies_plain`, and where the tensor begins."""
        entry, values = self._entry(name), self._values[name]
        check_tile(entry, (entry.size,), ((first, first + count),))
        if not isinstance(values, Plain) or not isinstance(values.file, LocalFile):
            message = f"{type(values).__name__} has no stored numbers"
            raise TypeError(message)
        return values.file, entry.begin

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
        found: NDArray[Any],
    ) -> None:
        block = hashlib.sha256(repr((name, grid, select)).encode() + b"\0")
        block.update(np.ascontiguousarray(found).view(np.uint8).data)
        with self._lock:
            self._blocks.add(block.digest())
