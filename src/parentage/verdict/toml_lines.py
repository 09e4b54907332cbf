# SPDX-License-Identifier: Apache-2.0
"""Where in a TOML file a key stands, which the standard library's reader forgets.

Reads only what profiles and manifests use: tables, arrays of tables, bare, quoted and
dotted keys, strings of several lines and arrays over several lines. The file was read
by :mod:`tomllib` before, so that it is known to be well-formed.
"""

from __future__ import annotations

import re
from collections import Counter

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:\"[^\"]*\"|'[^']*'|[\w-]+)(?:\s*\.\s*[\w\"'-]+)*)\s*=")
_PIECE = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")
_LONG = re.compile(r'"""|\'\'\'')
_PLAIN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*")


def lines_of(text: str) -> dict[Path, int]:
    """Path of every table and key -> line, counted from one."""
    found: dict[Path, int] = {}
    counts: Counter[Path] = Counter()
    table: Path = ()
    quote = ""
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if depth > 0:
            depth += _brackets(line)
            continue
        header = _HEADER.match(line)
        key = None if header else _KEY.match(line)
        if header:
            names: Path = tuple(_pieces(header[2]))
            # A table under an array belongs to its last element.
            table = _placed(names[:-1], counts) + names[-1:]
            if header[1] == "[[":
                counts[table] += 1
                table = (*table, counts[table] - 1)
            elif counts[table]:
                table = (*table, counts[table] - 1)
            found.setdefault(table, number)
        elif key:
            found.setdefault(table + tuple(_pieces(key[1])), number)
            rest = line[key.end() :]
            opened = _LONG.search(rest)
            if opened and rest.count(opened[0]) % 2:
                quote = opened[0]
            elif not opened:
                depth = _brackets(rest)
    return found


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Line of a key, or of the nearest table that it would stand in; 1 for none."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
        # Keys with dots make tables that have no line of their own.
        inside = [line for keys, line in lines.items() if keys[:end] == path[:end]]
        if inside:
            return min(inside)
    return 1


def _placed(names: Path, counts: Counter[Path]) -> Path:
    placed: Path = ()
    for name in names:
        placed = (*placed, name)
        if counts[placed]:
            placed = (*placed, counts[placed] - 1)
    return placed


def _pieces(key: str) -> list[str]:
    return [a or b or c for a, b, c in _PIECE.findall(key)]


def _brackets(line: str) -> int:
    plain = _PLAIN.sub("", line)
    return sum(plain.count(c) for c in "[{") - sum(plain.count(c) for c in "]}")
