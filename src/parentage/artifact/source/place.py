# SPDX-License-Identifier: Apache-2.0
"""Places: paths on this machine, and paths in folders that lie elsewhere.

Code that looks for files (:mod:`parentage.artifact.folder`, readers of tokenizers)
asks a place what :class:`pathlib.Path` answers: names, ``is_file``, ``iterdir``. A
:class:`RemotePath` answers the same from the listing of a :class:`RemoteFolder`, so
that one piece of code reads both, and means the same by what it finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import total_ordering
from pathlib import Path, PurePosixPath
from typing import Protocol

from parentage.artifact.entry import shown
from parentage.artifact.source.base import File
from parentage.artifact.source.local import LocalFile, resolve_inside
from parentage.errors import UnreadableError, UnsafePathError


class RemoteFolder(Protocol):
    """A folder elsewhere: a repository at one commit, a prefix of a bucket, a site."""

    address: str
    """What reports call it: with its commit, without anything secret."""

    def names(self) -> Iterable[str]:
        """Paths of its files; of servers that cannot list, those asked for so far."""

    def size(self, name: str) -> int | None:
        """Length of a file in bytes, or ``None`` if it is not there."""

    def expect(self, names: Sequence[str]) -> None:
        """Find out about several files at once, where each costs a question."""

    def open(self, name: str, label: str) -> File:
        """Open a file that is there."""

    def close(self) -> None:
        """End connections."""


class RemoteStat:
    """The part of ``os.stat_result`` that is known of a file elsewhere."""

    def __init__(self, size: int) -> None:
        self.st_size = size


@total_ordering
class RemotePath:
    """A path in a remote folder, with the questions that local paths answer.

    Args:
        folder: where it lies.
        inner: the path in it; empty for the folder itself.

    Raises:
        UnsafePathError: the path leads out of the folder.
    """

    def __init__(self, folder: RemoteFolder, inner: str = "") -> None:
        self.folder = folder
        path = PurePosixPath(inner)
        if path.is_absolute() or ".." in path.parts or "\0" in inner:
            raise UnsafePathError(
                f"'{shown(inner)}' leads out of the model's folder",
                file=shown(folder.address),
                expected="a path inside the folder",
                advice="Do not use this model before you know who wrote its index.",
            )
        self.inner = "" if str(path) == "." else str(path)

    @property
    def name(self) -> str:
        """The last part; of the folder itself, the last part of its address."""
        text = self.inner or self.folder.address.rstrip("/")
        last = PurePosixPath(text).name
        return last if self.inner else last.split("@", 1)[0]

    @property
    def suffix(self) -> str:
        """End of the name, from its last dot on."""
        return PurePosixPath(self.inner).suffix

    @property
    def parent(self) -> RemotePath:
        """The folder around it."""
        return RemotePath(self.folder, str(PurePosixPath(self.inner).parent))

    def with_name(self, name: str) -> RemotePath:
        """The path beside it of another name."""
        return self.parent / name

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(self.folder, str(PurePosixPath(self.inner) / name))

    def is_file(self) -> bool:
        """Whether there is such a file."""
        return bool(self.inner) and self.folder.size(self.inner) is not None

    def is_dir(self) -> bool:
        """Whether it holds files."""
        front = f"{self.inner}/" if self.inner else ""
        return not self.inner or any(n.startswith(front) for n in self.folder.names())

    def exists(self) -> bool:
        """Whether it is a file or holds files."""
        return self.is_file() or self.is_dir()

    def is_symlink(self) -> bool:
        """Never: servers show files, not links."""
        return False

    def iterdir(self) -> Iterator[RemotePath]:
        """Files and folders in it."""
        front = f"{self.inner}/" if self.inner else ""
        found = {
            name[len(front) :].split("/", 1)[0]
            for name in self.folder.names()
            if name.startswith(front)
        }
        for name in sorted(found):
            yield self / name

    def stat(self) -> RemoteStat:
        """Its size.

        Raises:
            FileNotFoundError: there is no such file.
        """
        size = self.folder.size(self.inner)
        if size is None:
            message = f"{self} is not there"
            raise FileNotFoundError(message)
        return RemoteStat(size)

    lstat = stat

    def resolve(self) -> RemotePath:
        """Itself: nothing leads elsewhere."""
        return self

    absolute = resolve

    def __str__(self) -> str:
        if not self.inner:
            return self.folder.address
        return f"{self.folder.address.rstrip('/')}/{self.inner}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and str(self) == str(other)

    def __lt__(self, other: RemotePath) -> bool:
        return str(self) < str(other)

    def __hash__(self) -> int:
        return hash(str(self))


Location = Path | RemotePath


def open_file(
    path: Location, *, root: Location | None = None, name: str | None = None
) -> File:
    """Open a file by its place; see :class:`~.local.LocalFile` and its errors.

    Args:
        path: the file.
        root: folder that it must not lead out of; by default its own.
        name: its name in the checkpoint; by default the last part of the path.
    """
    if isinstance(path, RemotePath):
        title = name or path.name
        if path.folder.size(path.inner) is None:
            raise UnreadableError(
                "does not exist",
                file=shown(title),
                expected=f"a file in {shown(path.folder.address)}",
                advice="Check the spelling, or download it where it is.",
            )
        return path.folder.open(path.inner, title)
    folder = root if isinstance(root, Path) else None
    return LocalFile(path, root=folder, name=name)


def inside(path: Location, root: Location, *, file: str) -> Location:
    """The real place of ``path``, which must lie in ``root``; see there.

    Raises:
        UnsafePathError: it leads out of ``root``.
    """
    if isinstance(path, Path) and isinstance(root, Path):
        return resolve_inside(path, root, file=file)
    return path


def expect(root: Location, names: Sequence[str]) -> None:
    """Say which files of a folder will be asked for; see :class:`RemoteFolder`."""
    if isinstance(root, RemotePath):
        front = f"{root.inner}/" if root.inner else ""
        root.folder.expect([f"{front}{name}" for name in names])
