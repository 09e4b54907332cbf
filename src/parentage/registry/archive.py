# SPDX-License-Identifier: Apache-2.0
"""Registries as one file: a ZIP of fingerprints with a manifest of their digests.

Importing takes all of an archive or nothing: every file is checked against the manifest
and read as a fingerprint before the one transaction that writes them begins to write.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from parentage.artifact.entry import shown
from parentage.errors import RegistryError
from parentage.registry.fingerprint import MAX_BYTES
from parentage.registry.store import Prepared, Registry, Row, prepare
from parentage.registry.zips import open_zip, reading

FORMAT: Final = "parentage.registry-archive/1"
MANIFEST: Final = "manifest.json"
MAX_MANIFEST: Final = 1 << 30
_DATE: Final = (1980, 1, 1, 0, 0, 0)

Progress = Callable[[str, int, int], None]


def export_registry(
    registry: Registry,
    target: Path,
    rows: Iterable[Row],
    progress: Progress | None = None,
) -> int:
    """Write fingerprints to an archive; returns how many.

    The file is written beside its place and moved there when it is whole. Equal
    fingerprints give equal bytes.

    Raises:
        RegistryError: the archive cannot be written.
    """
    chosen = sorted(rows, key=lambda row: row.digest)
    part = target.with_name(f".{target.name}.part")
    listed = []
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for done, row in enumerate(chosen):
                if progress is not None:
                    progress(row.name, done, len(chosen))
                data = registry.file(row.id)
                listed.append(
                    {
                        "digest": row.digest,
                        "name": row.name,
                        "size": len(data),
                        "sha256": hashlib.sha256(data).hexdigest(),
                    }
                )
                archive.writestr(zipfile.ZipInfo(_entry(row.digest), _DATE), data)
            text = json.dumps({"format": FORMAT, "fingerprints": listed}, indent=1)
            archive.writestr(zipfile.ZipInfo(MANIFEST, _DATE), text)
        part.replace(target)
    except OSError as error:
        raise RegistryError(
            f"the archive cannot be written: {error.strerror or error}",
            file=str(target),
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return len(chosen)


def import_registry(
    registry: Registry, source: Path, progress: Progress | None = None
) -> tuple[int, int]:
    """Take all fingerprints of an archive, or none.

    Returns:
        How many the archive holds, and how many of them were new.

    Raises:
        RegistryError: the archive is damaged, or is none.
        FingerprintError: a fingerprint in it is damaged.
    """
    with open_zip(source, partial(_damaged, source)) as archive:
        # First all are looked at, so that a bad one holds up no other writer.
        listed = _checked(archive, source, progress)
        new = registry.add(_items(archive, listed, source, None))
    return len(listed), sum(new)


def check_archive(source: Path) -> None:
    """Look at everything in an archive, and take nothing.

    Raises:
        RegistryError: the archive is damaged, or is none.
        FingerprintError: a fingerprint in it is damaged.
    """
    with open_zip(source, partial(_damaged, source)) as archive:
        _checked(archive, source, None)


def _checked(
    archive: zipfile.ZipFile, source: Path, progress: Progress | None
) -> list[dict[str, Any]]:
    listed = _manifest(archive, source)
    for _ in _items(archive, listed, source, progress):
        pass
    return listed


def _items(
    archive: zipfile.ZipFile,
    listed: list[dict[str, Any]],
    source: Path,
    progress: Progress | None,
) -> Iterator[Prepared]:
    for done, item in enumerate(listed):
        if progress is not None:
            progress(shown(str(item["name"])), done, len(listed))
        data = _read(archive, _entry(item["digest"]), MAX_BYTES, source)
        if hashlib.sha256(data).hexdigest() != item["sha256"]:
            raise _damaged(source, f"{item['digest'][:12]} is not what was exported")
        made = prepare(data, f"{source.name}:{item['digest'][:12]}")
        if made.digest != item["digest"]:
            raise _damaged(source, f"{item['digest'][:12]} holds another fingerprint")
        yield made


def _entry(digest: str) -> str:
    return f"fingerprints/{digest}.fingerprint"


def _manifest(archive: zipfile.ZipFile, source: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(_read(archive, MANIFEST, MAX_MANIFEST, source))
        if found["format"] != FORMAT:
            raise _damaged(source, f"is '{shown(str(found['format']))}'")
        listed: list[dict[str, Any]] = []
        for item in found["fingerprints"]:
            digests = item["digest"], item["sha256"]
            if any(set(d) - set("0123456789abcdef") or len(d) != 64 for d in digests):
                raise ValueError(str(item))
            listed.append({**item, "name": str(item["name"])})
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(source, "its manifest is malformed") from error
    names = {MANIFEST, *(_entry(item["digest"]) for item in listed)}
    if set(archive.namelist()) != names or len(archive.namelist()) != len(names):
        raise _damaged(source, "holds other files than its manifest lists")
    return listed


def _read(archive: zipfile.ZipFile, name: str, limit: int, source: Path) -> bytes:
    # Exports store, but others may pack again.
    with (
        reading(f"'{shown(name)}' cannot be read", partial(_damaged, source)),
        archive.open(name) as file,
    ):
        data = file.read(limit + 1)
    if len(data) > limit:
        raise _damaged(source, f"'{shown(name)}' is larger than {limit} bytes")
    return data


def _damaged(source: Path, found: str) -> RegistryError:
    return RegistryError(
        found,
        file=shown(source.name),
        expected=f"an archive of format {FORMAT}",
        advice="Export it again with `parentage registry export`.",
    )
