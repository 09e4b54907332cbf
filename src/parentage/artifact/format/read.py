# SPDX-License-Identifier: Apache-2.0
"""Which format a weight file is in, told by its first bytes and its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from parentage.artifact.contents import Contents, plain
from parentage.artifact.format.gguf import MAGIC as GGUF
from parentage.artifact.format.gguf_contents import read_gguf_contents
from parentage.artifact.format.onnx import read_onnx
from parentage.artifact.format.safetensors import PREFIX, header_size, read_header
from parentage.artifact.format.torch_file import LEGACY, ZIP, read_torch

if TYPE_CHECKING:
    from parentage.artifact.source.base import File

_TORCH = (".bin", ".pt", ".pth", ".ckpt")

Opener = Callable[[str], "File"]
"""Opens another file of the same folder by its name."""


def ask_ahead(files: Sequence[File]) -> None:
    """Fetch the headers of remote safetensors files side by side, in two rounds."""
    remote = [f for f in files if f.remote and f.suffix == ".safetensors"]
    for file in remote:
        file.prefetch([(0, min(PREFIX, file.size))])
    for file in remote:
        file.prefetch([(0, header_size(file))])


def read_contents(file: File, open_file: Opener) -> Contents:
    """The tensors of one weight file; only its header is read.

    Args:
        file: the file.
        open_file: for formats that keep weights in files beside it.

    Raises:
        UnreadableError: it is damaged, or of no known format.
    """
    suffix = file.suffix
    if suffix != ".safetensors":
        first = file.pread(0, min(8, file.size))
        if first[:4] == GGUF or suffix == ".gguf":
            return read_gguf_contents(file)
        if first[:4] == ZIP or first == LEGACY or suffix in _TORCH:
            return read_torch(file)
        if suffix == ".onnx":
            return read_onnx(file, open_file)
    header = read_header(file)
    found = plain(file, header.entries.values())
    found.metadata = header.metadata
    found.problems += header.problems
    return found
