# SPDX-License-Identifier: Apache-2.0
"""Opens a packet: its manifest, and the files that the manifest names.

A malformed manifest is one error that lists everything wrong with it. A file that is
named but not there, or that leads out of the folder, is a fact of the packet: the rest
of it is still read.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from parentage.artifact.entry import shown
from parentage.artifact.source.local import resolve_inside
from parentage.errors import PacketError, UnsafePathError
from parentage.training.manifest import NAME, SCHEMA, Manifest

MAX_BYTES: Final = 8 << 20
"""A manifest larger than this is refused unread."""

MAX_SHOWN: Final = 20
"""Problems of a manifest that the error's line names; ``problems`` has all."""

PATH_FIELDS: Final = frozenset(
    {
        *("released", "weights", "fingerprint", "optimizer", "path", "manifest"),
        *("order", "files", "archive", "envelope", "public_key", "digests", "batches"),
    }
)
"""Fields of the manifest that name a file or folder of the packet."""


class ManifestError(PacketError):
    """A manifest with mistakes; ``problems`` lists every one of them.

    Args:
        problems: one line each, beginning with the field.
        file: the manifest.
    """

    def __init__(self, problems: list[str], *, file: str) -> None:
        self.problems = tuple(problems)
        listed = "; ".join(problems[:MAX_SHOWN])
        more = len(problems) - MAX_SHOWN
        super().__init__(
            f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}: {listed}"
            + (f"; and {more} more" if more > 0 else ""),
            file=file,
            advice="docs/training.md explains every field; `parentage training check` "
            "lists what is still missing.",
        )

    def to_json(self) -> dict[str, object]:
        """The error as plain data, with every mistake."""
        return {**super().to_json(), "problems": list(self.problems)}


@dataclass(frozen=True)
class FileProblem:
    """A file that the manifest names and that cannot be used.

    Attributes:
        field: where the manifest names it, such as ``stages.0.logs.1.path``.
        path: what it says.
        code: ``absent``, ``unsafe`` or ``empty``.
    """

    field: str
    path: str
    code: str


@dataclass(frozen=True)
class Packet:
    """A packet as it was opened.

    Attributes:
        folder: where it lies.
        manifest: what it states.
        problems: files that it names and that cannot be used.
    """

    folder: Path
    manifest: Manifest
    problems: tuple[FileProblem, ...] = ()

    def file(self, inside: str) -> Path:
        """The real path of a file or folder of the packet.

        Raises:
            UnsafePathError: it leads out of the packet.
            PacketError: there is no such file.
        """
        path = resolve_inside(self.folder / inside, self.folder, file=shown(inside))
        if not path.exists():
            raise PacketError(
                "is named in the manifest and is not there",
                file=shown(inside),
                expected=f"a file or folder in {shown(str(self.folder))}",
            )
        return path

    def usable(self, inside: str | None) -> Path | None:
        """The path of a file that is there, ``None`` where it cannot be used."""
        if inside is None or any(p.path == inside for p in self.problems):
            return None
        return self.file(inside)


def open_packet(path: str | Path) -> Packet:
    """Read a packet's manifest and look for the files that it names.

    Args:
        path: the folder, or the manifest in it.

    Raises:
        PacketError: there is no manifest, or it is malformed; everything that is
            wrong with it is listed.
    """
    where = Path(path)
    folder, file = (where, where / NAME) if where.is_dir() else (where.parent, where)
    if where.is_dir() and not file.exists():
        other = where / "packet.json"
        if not other.exists():
            raise PacketError(
                f"has no {NAME}",
                file=shown(str(path)),
                expected="the folder of a training record",
                advice="`parentage training init` writes a template.",
            )
        file = other
    manifest = parse_manifest(_read(file), file=file.name)
    return Packet(folder, manifest, tuple(_file_problems(folder, manifest)))


def _read(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise PacketError(
                f"has {size} bytes",
                file=file.name,
                expected=f"a manifest of at most {MAX_BYTES} bytes",
            )
        return file.read_bytes()
    except OSError as error:
        raise PacketError(
            f"cannot be read: {error.strerror or error}",
            file=shown(str(file)),
            expected="the manifest of a training record",
        ) from error


def parse_manifest(raw: bytes, *, file: str = NAME) -> Manifest:
    """The manifest that a TOML or JSON text holds.

    Args:
        raw: the text, UTF-8.
        file: its name; JSON where it ends in ``.json``.

    Raises:
        ManifestError: the text is malformed, or fields are wrong; all are listed.
    """
    try:
        text = raw.decode("utf-8")
        data = json.loads(text) if file.endswith(".json") else tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ManifestError([f"not UTF-8 at byte {error.start}"], file=file) from error
    except (ValueError, RecursionError) as error:
        problem = " ".join(str(error).split()) or "nested too deeply"
        raise ManifestError([f"not readable: {problem}"], file=file) from error
    if not isinstance(data, dict):
        raise ManifestError(["holds no table"], file=file)
    version = data.get("schema")
    if version != SCHEMA:
        said = "no `schema`" if version is None else f"schema {str(version)[:80]!r}"
        raise ManifestError([f"{said}, expected {SCHEMA!r}"], file=file)
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        raise ManifestError(list(_mistakes(error)), file=file) from error


def _mistakes(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=True):
        field = ".".join(str(part) for part in one["loc"]) or "manifest"
        message = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            message = "is no field of a packet"
        found = one["input"]
        value = f" (found {shown(repr(found))})" if _plain(found) else ""
        yield f"{shown(field)}: {message}{value}"


def _plain(value: object) -> bool:
    return isinstance(value, (str, int, float, bool))


def _file_problems(folder: Path, manifest: Manifest) -> Iterator[FileProblem]:
    for field, inside in named_files(manifest):
        if field == "digests":
            continue  # absent digests are a missing piece, not a broken promise
        try:
            path = resolve_inside(folder / inside, folder, file=shown(inside))
        except UnsafePathError:
            yield FileProblem(field, inside, "unsafe")
            continue
        if not path.exists():
            yield FileProblem(field, inside, "absent")
        elif path.is_file() and path.stat().st_size == 0:
            yield FileProblem(field, inside, "empty")


def named_files(part: BaseModel, before: str = "") -> Iterator[tuple[str, str]]:
    """Every (field, path) of a manifest that names a file of the packet."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        field = f"{before}{name}"
        if isinstance(value, BaseModel):
            yield from named_files(value, f"{field}.")
        elif isinstance(value, tuple):
            for number, item in enumerate(value):
                if isinstance(item, BaseModel):
                    yield from named_files(item, f"{field}.{number}.")
        elif isinstance(value, str) and (
            name in PATH_FIELDS or (name == "code" and before == "initialisation.")
        ):
            yield field, value
