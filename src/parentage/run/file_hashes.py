# SPDX-License-Identifier: Apache-2.0
"""SHA-256 of whole files of weights, for bills of materials.

An audit reads a sample, so it cannot know the hash of a file. The Hub states one in
its listing; that is passed on as a statement. Of files on this machine it is taken on
request, which reads all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parentage.report.document import FileInfo, ModelInfo, Report

if TYPE_CHECKING:
    from parentage.artifact.checkpoint import Checkpoint


def file_infos(checkpoint: Checkpoint) -> tuple[FileInfo, ...]:
    """The files of a model with what their source states of them."""
    stated = checkpoint.stated_digests
    return tuple(
        FileInfo(
            name=name,
            size=size,
            sha256=stated.get(name),
            sha256_from="source" if name in stated else None,
        )
        for name, size in checkpoint.file_sizes.items()
    )


def with_file_hashes(report: Report, checkpoints: Sequence[Checkpoint]) -> Report:
    """The report with the SHA-256 of every file on this machine; reads all of them.

    Files elsewhere keep what their source states, if it states any. The bytes read
    for this are not part of the audit's budget, nor of what it says it has read.

    Args:
        report: of an audit.
        checkpoints: its models, still open: the candidate, then the references.

    Raises:
        ParentageError: a file was cut short or cannot be read.
    """
    models = [
        _hashed(info, checkpoint)
        for info, checkpoint in zip(
            (report.candidate, *report.references), checkpoints, strict=True
        )
    ]
    return report.model_copy(
        update={"candidate": models[0], "references": tuple(models[1:])}
    )


def _hashed(info: ModelInfo, checkpoint: Checkpoint) -> ModelInfo:
    taken = checkpoint.full_digest(files=checkpoint.local_files)
    files = tuple(
        file.model_copy(update={"sha256": taken[file.name], "sha256_from": "bytes"})
        if file.name in taken
        else file
        for file in info.files
    )
    return info.model_copy(update={"files": files})
