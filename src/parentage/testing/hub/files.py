# SPDX-License-Identifier: Apache-2.0
"""Repositories that the server shows: files of a folder, or anything that has bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LARGE = (".safetensors", ".bin", ".gguf", ".onnx", ".pt", ".model")
"""Files of these kinds are kept in large-file storage: the Hub redirects to it."""


class Blob(Protocol):
    """The content of a file."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that name the content."""

    def read(self, begin: int, end: int) -> bytes:
        """The bytes ``[begin, end)``."""


@dataclass(frozen=True)
class Bytes:
    """A small file in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.data)

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.data).hexdigest()

    def read(self, begin: int, end: int) -> bytes:
        """The bytes ``[begin, end)``."""
        return self.data[begin:end]


@dataclass
class Repository:
    """A repository with one branch, ``main``.

    Attributes:
        name: ``org/name``.
        files: contents by path.
        gated: files are refused without ``token``.
        private: even its existence is denied without ``token``.
        token: what opens it.
    """

    name: str
    files: Mapping[str, Blob]
    gated: bool = False
    private: bool = False
    token: str | None = None
    branches: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        listed = "".join(f"{n}\0{b.digest}\0" for n, b in sorted(self.files.items()))
        text = f"{self.name}\0{listed}".encode()
        self.commit = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        self.branches.setdefault("main", self.commit)

    def commit_of(self, revision: str) -> str | None:
        """The commit that a branch or a commit means here."""
        return self.branches.get(
            revision, self.commit if revision == self.commit else None
        )

    def siblings(self) -> list[dict[str, object]]:
        """Its files, as the Hub's model info lists them."""
        return [
            {
                "rfilename": name,
                "size": blob.size,
                "blobId": blob.digest[:40],
                **(
                    {
                        "lfs": {
                            "sha256": blob.digest,
                            "size": blob.size,
                            "pointerSize": 135,
                        }
                    }
                    if name.endswith(LARGE)
                    else {}
                ),
            }
            for name, blob in sorted(self.files.items())
        ]

    def tree(self) -> list[dict[str, object]]:
        """Its files, as the Hub's tree lists them."""
        return [
            {"type": "file", "path": name, "oid": blob.digest[:40], "size": blob.size}
            for name, blob in sorted(self.files.items())
        ]


def folder_repository(name: str, folder: Path, **more: bool | str) -> Repository:
    """A repository of the files of a folder, read into memory."""
    files: dict[str, Blob] = {
        str(path.relative_to(folder)): Bytes(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return Repository(name, files, **more)  # type: ignore[arg-type]
