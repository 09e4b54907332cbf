# SPDX-License-Identifier: Apache-2.0
"""From a path to everything that its weight files hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parentage.artifact.contents import Contents
from parentage.artifact.entry import Entry, Problem, Severity, shown
from parentage.artifact.folder import (
    find_weights,
    read_adapter_config,
    read_config,
)
from parentage.artifact.format.adapter import form_products
from parentage.artifact.format.read import ask_ahead, read_contents
from parentage.artifact.quantised.assemble import assemble
from parentage.artifact.source.place import open_file as open_place
from parentage.errors import UnreadableError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from parentage.artifact.source.base import File
    from parentage.artifact.source.place import Location

_MOST_PROBLEMS = 16
_MOST_FILES = 4096


@dataclass(slots=True)
class Gathered:
    """Open files and what they hold.

    Attributes:
        files: open files by name.
        contents: their tensors.
        bytes_read: bytes of index and config that were read.
    """

    files: dict[str, File]
    contents: Contents
    bytes_read: int


def gather(path: Location, stack: ExitStack) -> Gathered:
    """Open the weights of a folder or file and read their headers.

    Args:
        path: the folder or file.
        stack: closes the files if something fails.

    Raises:
        UnreadableError: nothing there can be read; its subclasses say why.
    """
    found = find_weights(path)
    config = read_config(found)
    files: dict[str, File] = {}

    def open_file(name: str) -> File:
        if name not in files:
            if len(files) >= _MOST_FILES:
                raise UnreadableError(
                    "names more than 4096 files",
                    file=shown(str(path)),
                    expected=f"at most {_MOST_FILES} weight files",
                    advice="Name one weight file.",
                )
            file = open_place(found.root / name, root=found.root, name=name)
            stack.callback(file.close, verify=False)
            files[name] = file
        return files[name]

    contents = Contents()
    ask_ahead([open_file(name) for name in found.files[:_MOST_FILES]])
    for name in found.files:
        contents.merge(read_contents(open_file(name), open_file))
    contents.problems = found.problems + contents.problems
    if found.index is not None:
        contents.problems += _check_index(
            found.index, found.index_name, contents.entries
        )
    contents.config = config or contents.config
    assemble(contents)
    form_products(contents, read_adapter_config(found))
    return Gathered(files, contents, found.bytes_read)


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
