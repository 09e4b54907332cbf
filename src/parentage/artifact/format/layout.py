# SPDX-License-Identifier: Apache-2.0
"""Whether the byte ranges of a file's tensors cover its data once and fully."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.artifact.entry import Entry, Problem, shown
from parentage.errors import LayoutError, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_HOLES = 16
_MOST_NAMES = 5


def check_layout(
    entries: Iterable[Entry], start: int, size: int, file: str
) -> list[Problem]:
    """What is odd about the layout of one file.

    Bytes that no tensor covers are findings, not errors: they are never read, but
    they may hide something, and the format forbids them.

    Args:
        entries: its tensors, with absolute ranges that fit shape and format.
        start: where the data begins.
        size: length of the file in bytes.
        file: its name, for messages.

    Raises:
        LayoutError: two tensors share bytes, or one lies out of range.
        TruncatedError: the file ends inside the data.
    """
    ordered = sorted(entries, key=lambda entry: (entry.begin, entry.end))
    empty = [entry for entry in ordered if entry.begin == entry.end]
    holes: list[Problem] = []
    count, cursor, previous = 0, start, ""
    for entry in ordered:
        if entry.end > size:
            raise _beyond(entry, cursor, size)
        if entry.begin == entry.end:
            continue
        if entry.begin < cursor:
            message = f"shares {cursor - entry.begin} bytes with {shown(previous)}"
            raise LayoutError(
                message,
                file=file,
                tensor=shown(entry.name),
                offset=entry.begin,
                expected=f"a range that starts at byte {cursor} or later",
                advice="The file is damaged or forged: do not use it.",
            )
        if entry.begin > cursor:
            count += 1
            if count <= _MOST_HOLES:
                holes.append(_hole(entry, cursor))
        cursor, previous = entry.end, entry.name
    if count > _MOST_HOLES:
        message = f"{count - _MOST_HOLES} more ranges belong to no tensor"
        holes.append(Problem("hole", "warning", message, file))
    if cursor < size:
        message = f"{size - cursor} bytes follow the last tensor and belong to none"
        holes.append(Problem("trailing-bytes", "warning", message, file, None, cursor))
    if empty:
        names = ", ".join(shown(entry.name) for entry in empty[:_MOST_NAMES])
        more = "…" if len(empty) > _MOST_NAMES else ""
        message = f"{len(empty)} tensors have no elements: {names}{more}"
        name = shown(empty[0].name)
        holes.append(Problem("zero-size", "info", message, file, name))
    return holes


def _hole(entry: Entry, cursor: int) -> Problem:
    message = f"{entry.begin - cursor} bytes before this tensor belong to no tensor"
    name = shown(entry.name)
    return Problem("hole", "warning", message, shown(entry.file), name, cursor)


def _beyond(entry: Entry, cursor: int, size: int) -> LayoutError | TruncatedError:
    """A gap before the range means a wrong offset; no gap means missing data."""
    if entry.begin > max(cursor, size):
        return LayoutError(
            f"bytes {entry.begin}..{entry.end} are out of range",
            file=shown(entry.file),
            tensor=shown(entry.name),
            offset=entry.begin,
            expected=f"a range inside the file's {size} bytes",
            advice="The file is damaged or forged: download or save it again.",
        )
    return TruncatedError(
        f"the file ends at byte {size}",
        file=shown(entry.file),
        tensor=shown(entry.name),
        offset=entry.begin,
        expected=f"data up to byte {entry.end}",
        advice="Download or copy the file again.",
    )
