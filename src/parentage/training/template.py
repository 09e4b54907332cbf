# SPDX-License-Identifier: Apache-2.0
"""Writes the template of a packet: folders, and a manifest to fill in."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from parentage.artifact.entry import shown
from parentage.errors import PacketError
from parentage.training.manifest import NAME

FOLDERS = ("checkpoints", "fingerprints", "logs", "data", "code", "tokenizer")
"""Folders that the template names its files in."""


def template_text() -> str:
    """The manifest that ``init`` writes; valid as it is, and empty."""
    text = resources.files("parentage.training").joinpath("template.toml")
    return text.read_text("utf-8")


def write_template(folder: Path) -> bool:
    """Write the template, unless there is a manifest already.

    Args:
        folder: made if it is not there.

    Returns:
        Whether it was written; a manifest that is there is never touched.

    Raises:
        PacketError: the folder cannot be written.
    """
    target = folder / NAME
    if target.exists() or (folder / "packet.json").exists():
        return False
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        partial = folder / f".{NAME}.partial"
        with partial.open("w", encoding="utf-8") as stream:
            stream.write(template_text())
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(target)
    except OSError as error:
        raise PacketError(
            f"cannot be written: {error.strerror or error}",
            file=shown(str(error.filename or folder)),
            expected="a folder that can be written",
        ) from error
    return True
