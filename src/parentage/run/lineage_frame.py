# SPDX-License-Identifier: Apache-2.0
"""What every document on lineage holds beside its content: when, how, by what."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def names_of(paths: Sequence[str | Path]) -> list[str]:
    """A name for each path that tells it from the others.

    The last part, with its folder where several end alike, with a number where that
    does not help either.
    """
    resolved = [Path(path) for path in paths]
    short = [path.name or path.resolve().name for path in resolved]
    alike = Counter(short)
    names: list[str] = []
    for path, name in zip(resolved, short, strict=True):
        parent = path.absolute().parent.name
        label = f"{parent}/{name}" if alike[name] > 1 and parent else name
        taken, number = label, 1
        while taken in names:
            number += 1
            taken = f"{label} ({number})"
        names.append(taken)
    return names
