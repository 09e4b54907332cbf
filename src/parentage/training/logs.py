# SPDX-License-Identifier: Apache-2.0
"""Reads a training log of any known format, found by its content."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from parentage.artifact.entry import shown
from parentage.errors import TrainingLogError
from parentage.training.manifest import Columns
from parentage.training.readers.golden import read_evaluation, read_golden
from parentage.training.readers.huggingface import read_trainer_state
from parentage.training.readers.source import COLOURS
from parentage.training.readers.table import read_csv, read_jsonl
from parentage.training.readers.tensorboard import read_events
from parentage.training.readers.text import FORMATS as TEXT_FORMATS
from parentage.training.readers.text import looks_like, read_text
from parentage.training.series import MAX_ROWS, Builder, Series

HEAD: Final = 1 << 20
"""Bytes in which the format must show: logs begin with pages of warnings."""

Read = Callable[[Path, Columns | None, Builder], None]

READERS: Final[dict[str, Read]] = {
    "trainer-state": read_trainer_state,
    "tensorboard": read_events,
    "megatron-golden": lambda p, _, b: read_golden(p, b),
    "evaluation": lambda p, _, b: read_evaluation(p, b),
    "csv": read_csv,
    "jsonl": read_jsonl,
    **{
        kind: (lambda p, _, b, kind=kind: read_text(p, kind, b))  # type: ignore[misc]
        for kind in (*TEXT_FORMATS, "olmo")
    },
}
"""Formats by name, as a manifest may say and as documents show."""


def read_log(
    path: str | Path,
    *,
    kind: str = "auto",
    columns: Columns | None = None,
    limit: int = MAX_ROWS,
) -> Series:
    """Read a training log.

    Args:
        path: the file.
        kind: its format, or ``auto`` to find it by content.
        columns: names of its columns where they are not the usual ones.
        limit: rows that are held; see :class:`~parentage.training.series.Builder`.

    Raises:
        TrainingLogError: the file is missing, of no known format, or nothing of it
            can be read. Damage inside a file is a fact of the series instead.
    """
    where = Path(path)
    name = shown(where.name)
    try:
        size = where.stat().st_size
        if not where.is_file():
            raise TrainingLogError("is no file", file=name, expected="a training log")
        if not size:
            raise TrainingLogError("is empty", file=name, expected="a training log")
        found = find_format(where) if kind == "auto" else kind
        read = READERS.get(found)
        if read is None:
            raise TrainingLogError(
                f"format {shown(found)!r} is not known",
                file=name,
                expected="auto or one of " + ", ".join(READERS),
            )
        build = Builder(name, found, limit)
        read(where, columns, build)
    except OSError as error:
        raise TrainingLogError(
            f"cannot be read: {error.strerror or error}",
            file=name,
            expected="a training log",
        ) from error
    series = build.finish(size)
    if not series.rows:
        said = "; ".join(
            f"{f.code} at line {f.line}" + (f": {f.text}" if f.text else "")
            for f in series.facts
            if f.code not in {"other-line", "resume", "saved"}
        )
        raise TrainingLogError(
            f"read as {found}, no step could be read"
            + (f" ({said[:300]})" * bool(said)),
            file=name,
            expected="at least one line with a step and a value",
        )
    return series


def find_format(path: Path) -> str:
    """The format of a log, by its content.

    Raises:
        TrainingLogError: none is recognised; the message says how to go on.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    name = shown(path.name)
    if head[:4] == b":W&B" or path.suffix == ".wandb":
        raise TrainingLogError(
            "is a .wandb transaction log, which no maintained library reads",
            file=name,
            advice="Export the run: `wandb sync` it and download the history as CSV or "
            "JSON, or write `api.run(...).scan_history()` to JSON lines.",
        )
    if b"brain.Event:" in head[:128] or ".tfevents." in path.name:
        return "tensorboard"
    text = COLOURS.sub("", head.decode("utf-8", "replace").lstrip("\ufeff"))
    # A list of objects; lines of text begin with [rank0] or [2025-01-02 03:04].
    if re.match(r"\s*(?:\{|\[\s*[\[{\]])", text):
        return _json_format(text)
    lines = text.splitlines()
    found = looks_like(lines)
    if found is not None:
        return found
    if _is_table(lines):
        return "csv"
    raise TrainingLogError(
        "is of no known format",
        file=name,
        expected="one of " + ", ".join(READERS),
        advice="Convert it to CSV or JSON lines and name its columns in the manifest.",
    )


def _json_format(text: str) -> str:
    if text.lstrip()[0] == "[":
        return "jsonl"
    first = text.lstrip().split("\n", 1)[0]
    whole = _is_object(first)
    if '"log_history"' in text and not whole:
        return "trainer-state"
    if '"log_history"' in first:
        return "trainer-state"
    if '"values"' in text and '"step_interval"' in text:
        return "megatron-golden"
    if '"results"' in text[:4096] and '"acc' in text:
        return "evaluation"
    return "jsonl"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_table(lines: list[str]) -> bool:
    rows = [ln for ln in lines[:20] if ln.strip() and not ln.startswith("#")]
    if len(rows) < 2:
        return False
    return any(
        rows[0].count(mark) >= 1 and rows[0].count(mark) == rows[1].count(mark)
        for mark in ",;\t"
    )
