# SPDX-License-Identifier: Apache-2.0
"""From a model, anywhere, to its fingerprint."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from parentage.artifact.checkpoint import Checkpoint
from parentage.artifact.source.locate import Reference
from parentage.errors import UsageError
from parentage.registry.container import (
    content_digest,
    is_fingerprint,
    read_fingerprint,
    to_bytes,
)
from parentage.registry.fingerprint import MAX_BYTES, Fingerprint
from parentage.registry.sample import Progress, make_fingerprint
from parentage.report.screen_document import FingerprintInfo, FingerprintModule
from parentage.run.audit import open_model

COMMIT: Final = re.compile(r"@([0-9a-f]{40})\b")


def fingerprint(
    model: Reference,
    *,
    name: str | None = None,
    seed: int = 0,
    size: int = MAX_BYTES,
    progress: Progress | None = None,
) -> Fingerprint:
    """The fingerprint of a model; a file that is one already is read.

    Args:
        model: whatever an audit takes, or the file of a fingerprint.
        name: what it is to be called; by default the last part of ``model``.
        seed: of the scheme; only fingerprints of one seed can be compared.
        size: bytes of the file at most.
        progress: told about each module.

    Raises:
        ParentageError: the model cannot be read; see its subclasses.
    """
    if isinstance(model, (str, Path)) and is_fingerprint(model):
        return read_fingerprint(model)
    opened = open_model(model, name)
    with opened.checkpoint as checkpoint:
        path = checkpoint.path
        return make_fingerprint(
            checkpoint,
            opened.model,
            name=opened.label,
            revision=_commit(checkpoint),
            folder=path if path.is_dir() else path.parent,
            seed=seed,
            size=size,
            progress=progress,
        )


def _commit(checkpoint: Checkpoint) -> str:
    """The commit that a model on the Hub was read at; empty for anything else."""
    found = COMMIT.search(checkpoint.address) if checkpoint.remote else None
    return found.group(1) if found else ""


def write_fingerprint(made: Fingerprint, path: str | Path) -> int:
    """Write the file of a fingerprint: whole, or not there.

    Returns:
        Its bytes.

    Raises:
        UsageError: it cannot be written.
    """
    data = to_bytes(made)
    write_bytes(Path(path), data)
    return len(data)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that it is either whole or not there.

    Raises:
        UsageError: it cannot be written.
    """
    name = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.absolute().parent, prefix=".parentage-", delete=False
        ) as file:
            name = file.name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise UsageError(
            f"cannot be written: {error.strerror or error}", file=str(path)
        ) from error


def fingerprint_info(made: Fingerprint, file: str = "") -> FingerprintInfo:
    """What a fingerprint holds, as a document."""
    data = to_bytes(made)
    held: Counter[str] = Counter()
    for module in made.held.modules:
        for tensor in module.tensors:
            tile = made.tile(tensor)
            held[module.name] += 0 if tile is None else tile.values.size
    total = max(made.parameters, 1)
    return FingerprintInfo(
        schema="parentage.fingerprint-info/1",
        name=made.identity.name,
        revision=made.identity.revision,
        digest=content_digest(data),
        model_digest=made.identity.digest,
        file=file,
        size=len(data),
        seed=made.scheme.seed,
        level=made.scheme.level,
        parameters=made.parameters,
        bytes_stored=made.bytes_stored,
        tokenizer=made.tokenizer is not None,
        modules=tuple(
            FingerprintModule(
                name=m.name,
                parameters=m.parameters,
                share=m.parameters / total,
                layers=m.layers,
                values=held[m.name],
            )
            for m in made.modules
        ),
        notes=made.notes,
    )
