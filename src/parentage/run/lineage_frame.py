# SPDX-License-Identifier: Apache-2.0
"""What every document on lineage holds beside its content: when, how, by what."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from parentage.artifact.ref import ModelRef
from parentage.artifact.source.locate import Reference, label_of
from parentage.artifact.source.place import RemotePath
from parentage.run.document import versions

clock = time.monotonic
"""Seconds from some start; passed back to :func:`frame`."""


def frame(command: Sequence[str], started: float) -> dict[str, Any]:
    """Versions, time and command of a document."""
    return {
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(clock() - started, 3),
        "command": tuple(command),
    }


def names_of(references: Sequence[Reference]) -> list[str]:
    """A name for each reference that tells it from the others.

    The last part, with its folder where several end alike, with a number where that
    does not help either.
    """
    short = [label_of(reference) for reference in references]
    alike = Counter(short)
    names: list[str] = []
    for reference, name in zip(references, short, strict=True):
        parent = _around(reference)
        label = f"{parent}/{name}" if alike[name] > 1 and parent else name
        taken, number = label, 1
        while taken in names:
            number += 1
            taken = f"{label} ({number})"
        names.append(taken)
    return names


def _around(reference: Reference) -> str:
    """What stands before the last part of a reference."""
    text = str(reference)
    if not isinstance(reference, RemotePath):
        ref = ModelRef.parse(reference)
        text = ref.place if ref.kind == "hub" and not ref.path else text
        if not ref.remote:
            return Path(text).absolute().parent.name
    return PurePosixPath(text).parent.name
