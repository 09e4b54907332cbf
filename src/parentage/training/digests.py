# SPDX-License-Identifier: Apache-2.0
"""Digests of every file of a packet, in the format of ``sha256sum``."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from parentage.artifact.entry import shown
from parentage.artifact.source.local import resolve_inside
from parentage.errors import PacketError, UnsafePathError
from parentage.training.packet import Packet

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_CHUNK = 4 << 20
MAX_BYTES = 64 << 20
"""A list of digests larger than this is refused unread."""


@dataclass(frozen=True)
class DigestCheck:
    """What became of every line of the list.

    Attributes:
        equal: files whose bytes have the listed digest.
        changed: files with other bytes.
        absent: files that are listed and not there.
        unlisted: files that are there and not listed.
        malformed: lines of the list that say nothing, by number.
        listed: digest of the list itself, which a signature vouches for.
    """

    equal: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]
    unlisted: tuple[str, ...]
    malformed: tuple[int, ...]
    listed: str


def files_of(packet: Packet) -> Iterator[str]:
    """Every file that digests must cover, sorted, with forward slashes.

    All of the folder but the list itself and the signature over it. Links are left
    out unless they end inside the folder.
    """
    signature = packet.manifest.signature
    without = {packet.manifest.digests, signature.envelope if signature else ""}
    found = []
    for folder, _, files in os.walk(packet.folder):
        for name in files:
            path = Path(folder) / name
            inside = path.relative_to(packet.folder).as_posix()
            if inside not in without and path.is_file() and _inside(path, packet):
                found.append(inside)
    yield from sorted(found)


def _inside(path: Path, packet: Packet) -> bool:
    try:
        resolve_inside(path, packet.folder, file=shown(path.name))
    except UnsafePathError:
        return False
    return True


def sha256(path: Path, tell: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file's bytes, read in pieces; ``tell`` hears of each."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            found.update(piece)
            if tell is not None:
                tell(len(piece))
    return found.hexdigest()


def write_digests(packet: Packet) -> Path:
    """Write the list of digests; whole or not at all.

    Raises:
        PacketError: a file cannot be read, or the list cannot be written.
    """
    target = packet.folder / packet.manifest.digests
    try:
        lines = [f"{sha256(packet.folder / f)}  {f}\n" for f in files_of(packet)]
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=packet.folder, prefix=".parentage-", delete=False
        ) as stream:
            stream.writelines(lines)
        Path(stream.name).chmod(0o644)
        Path(stream.name).replace(target)
    except OSError as error:
        raise PacketError(
            f"digests cannot be written: {error.strerror or error}",
            file=shown(str(error.filename or target)),
        ) from error
    return target


def check_digests(packet: Packet) -> DigestCheck | None:
    """Compare every file with the list; ``None`` where there is no list.

    Raises:
        PacketError: the list cannot be read.
    """
    target = packet.folder / packet.manifest.digests
    if not target.is_file():
        return None
    name = shown(packet.manifest.digests)
    resolve_inside(target, packet.folder, file=name)
    if target.stat().st_size > MAX_BYTES:
        raise PacketError(
            f"has {target.stat().st_size} bytes",
            file=name,
            expected=f"a list of digests of at most {MAX_BYTES} bytes",
        )
    raw = target.read_bytes()
    listed: dict[str, str] = {}
    malformed = []
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match:
            listed[match[2]] = match[1]
        elif line.strip():
            malformed.append(number)
    equal, changed, absent = [], [], []
    for inside, digest in listed.items():
        try:
            path = resolve_inside(packet.folder / inside, packet.folder, file=name)
        except UnsafePathError:
            absent.append(inside)
            continue
        if not path.is_file():
            absent.append(inside)
        elif sha256(path) == digest:
            equal.append(inside)
        else:
            changed.append(inside)
    return DigestCheck(
        equal=tuple(equal),
        changed=tuple(changed),
        absent=tuple(absent),
        unlisted=tuple(f for f in files_of(packet) if f not in listed),
        malformed=tuple(malformed),
        listed=hashlib.sha256(raw).hexdigest(),
    )
