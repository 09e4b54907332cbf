# SPDX-License-Identifier: Apache-2.0
"""Folders and files on a web server that has no listing.

Which files a folder holds is found out by asking for the names that models use; the
shards are those that the index names.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from parentage.artifact.source.answers import Resource, origin
from parentage.artifact.source.base import File
from parentage.artifact.source.client import web_client
from parentage.artifact.source.http import Service
from parentage.artifact.source.place import RemotePath
from parentage.artifact.source.ranges import kept, strong
from parentage.artifact.source.remote import RemoteFile, side_by_side
from parentage.artifact.source.retry import Policy
from parentage.errors import AccessError, NotThereError

KNOWN: Final = (
    "config.json",
    "params.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "adapter_model.safetensors",
    "adapter_model.bin",
    "adapter_config.json",
    "diffusion_pytorch_model.safetensors",
    "model.onnx",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tekken.json",
    "tiktoken.model",
)
"""Names that are asked for in a folder; others must be named in full."""

FILES: Final = (
    *(".safetensors", ".gguf", ".onnx", ".bin", ".pt", ".pth", ".ckpt"),
    *(".json", ".model", ".txt", ".tiktoken", ".gz"),
)
"""An address that ends like this is a file; any other one is a folder."""


class WebFolder:
    """A folder on a web server; see :class:`~.place.RemoteFolder`."""

    def __init__(self, address: str) -> None:
        self.address = address if address.endswith("/") else f"{address}/"
        self._service = Service(
            web_client,
            dict,
            origin(address),
            "Addresses are read without credentials: download the model instead.",
            Policy.from_environment(),
        )
        self._asked: dict[str, Resource | None] = {}
        self._looked = False
        self._lock = threading.Lock()

    def names(self) -> Iterable[str]:
        """The files found so far, and those of the known names."""
        if not self._looked:
            self._looked = True
            self.expect(KNOWN)
        return sorted(name for name, found in self._asked.items() if found)

    def size(self, name: str) -> int | None:
        """Length of a file in bytes, or ``None`` if it is not there."""
        self.expect([name])
        found = self._asked[name]
        return found.size if found else None

    def expect(self, names: Sequence[str]) -> None:
        """Ask for several files at once."""
        new = [name for name in dict.fromkeys(names) if name not in self._asked]
        if new:
            found = side_by_side([lambda name=name: self._ask(name) for name in new])  # type: ignore[misc]
            with self._lock:
                for name, resource in zip(new, found, strict=True):
                    self._asked[name] = resource  # type: ignore[assignment]

    def open(self, name: str, label: str) -> File:
        """Open a file that is there."""
        self.expect([name])
        found = self._asked[name]
        if found is None:
            raise NotThereError(
                "is not there",
                file=label,
                expected=f"a file in {self.address}",
                advice="Check the address.",
            )
        service = self._service
        tags = set(found.tags.values())
        fetch = kept(
            lambda begin, end: service.fetch(found, begin, end),
            strong(found.url, tags.pop() if len(tags) == 1 else None, found.size),
            note=label,
        )
        return RemoteFile(label, found.size, fetch)

    def close(self) -> None:
        """Nothing: connections are shared."""

    def _ask(self, name: str) -> Resource | None:
        url = self.address + quote(name)
        try:
            return self._service.probe(url, name)
        except AccessError:
            # Stores that hide what is there answer 403 to what is not.
            if name in KNOWN:
                return None
            raise


def open_web(address: str) -> RemotePath:
    """The place of an address: a folder, or a file in its folder."""
    path = urlsplit(address).path
    name = PurePosixPath(path).name
    if address.endswith("/") or not name.lower().endswith(FILES):
        return RemotePath(WebFolder(address))
    return RemotePath(WebFolder(address[: -len(name)]), unquote(name))
