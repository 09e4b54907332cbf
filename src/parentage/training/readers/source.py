# SPDX-License-Identifier: Apache-2.0
"""Lines of a log file, bounded in length, and numbers as logs write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from parentage.training.series import Builder

MAX_LINE: Final = 1 << 20
"""A longer line is noted and passed over; no format writes such lines."""

COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
"""What frameworks colour their lines with."""

_DATE = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
)


def lines_of(path: Path, build: Builder) -> Iterator[tuple[int, str]]:
    """Number and text of every line, colours taken out, carriage returns split.

    Lines that are no UTF-8 keep what can be read, and are noted; so are lines that are
    too long and a last line that does not end.
    """
    number = 0
    with path.open("rb") as stream:
        while raw := stream.readline(MAX_LINE):
            number += 1
            if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
                while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                    pass
                build.fact("long-line", number)
                continue
            if b"\x00" in raw:
                build.fact("binary-line", number)
                raw = raw.replace(b"\x00", b"")
            text = raw.decode("utf-8", "replace")
            if "\ufffd" in text:
                build.fact("not-utf-8", number)
            # Progress bars rewrite their line; what counts stands at the end.
            text = text.rstrip("\r\n")
            if "\r" in text:
                text = text.rsplit("\r", 1)[-1]
            yield number, COLOURS.sub("", text) if "\x1b" in text else text


def number(value: object) -> float | None:
    """A number as logs write it; ``nan`` for ``NaN``, ``None`` for no number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, str):
        text = value.strip().rstrip("%").replace(",", "")
        try:
            return float(text) if len(text) <= 64 else None
        except ValueError:
            return None
    return None


def moment(value: object) -> float | None:
    """Seconds since 1970 of a number or of a date; dates without a zone are UTC."""
    found = number(value)
    if found is not None:
        # Milliseconds are told by their size: as seconds they lie after the year 5000.
        return found / 1000 if found > 1e11 else found
    match = _DATE.search(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        when = datetime.fromisoformat(match[0].replace(",", "."))
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
