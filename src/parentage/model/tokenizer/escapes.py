# SPDX-License-Identifier: Apache-2.0
"""Strings as Python prints them, undone without running anything."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)
_SHORT = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_SHORT |= {sign: sign for sign in (b"\\", b"'", b'"')}


def unescape(text: str, *, wide: bool = False) -> bytes | None:
    r"""The bytes that ``text`` spells with ``\n``, ``\x41`` and the like.

    Args:
        text: without the quotes around it.
        wide: whether ``\x80`` means U+0080 (a string) rather than a byte.

    Returns:
        The bytes, or ``None`` if an escape is not one that Python prints.
    """
    raw = text.encode()
    if b"\\" not in raw:
        return raw
    failed = False

    def undo(match: re.Match[bytes]) -> bytes:
        nonlocal failed
        code = match[1] or match[2] or match[3]
        if code is None:
            failed |= match[4] not in _SHORT
            return _SHORT.get(match[4], b"")
        value = int(code, 16)
        if match[1] and not wide:
            return bytes([value])
        try:
            return chr(value).encode()
        except ValueError:  # half of a surrogate pair, or beyond Unicode
            failed = True
            return b""

    found = _ESCAPE.sub(undo, raw)
    # A lone backslash at the end escapes nothing.
    ends = len(raw) - len(raw.rstrip(b"\\"))
    return None if failed or ends % 2 else found
