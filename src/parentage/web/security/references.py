# SPDX-License-Identifier: Apache-2.0
"""Which references the portal reads weights from.

A repository of the Hub, an https address, or a path below a folder that the operator
opened. Where names lead is looked at when a connection is made (see
:mod:`parentage.web.security.network`), because what a name means may change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from parentage.artifact.entry import shown
from parentage.artifact.ref import ModelRef
from parentage.errors import RefusedError, UsageError
from parentage.web.settings import Settings

_PATH: Final = ("/", "./", "../", "~")
"""How a text begins that is a path, whatever lies there."""

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SECOND: Final = re.compile(r"\+(?=\.{0,2}/|~|[A-Za-z][A-Za-z0-9.-]*://)")
"""The plus sign of ``BASE+ADAPTER`` whose adapter is a path or an address."""


def checked_reference(text: str, settings: Settings) -> str:
    """A reference that may be read, as it was written.

    Raises:
        RefusedError: it is none, or leads where the portal does not read.
    """
    text = text.strip()
    if not text or len(text) > 1000 or any(ord(c) < 32 for c in text):
        raise RefusedError("this is no reference to a model")
    try:
        # As it is read whatever exists, and as it would be read now.
        readings = _parsed(text), ModelRef.parse(text)
    except UsageError as error:
        raise RefusedError(error.message, expected=error.expected) from error
    for ref in readings:
        _check(ref, settings)
    return text


def _parsed(text: str) -> ModelRef:
    # Whether a path exists must not decide how a text is read, nor show.
    second = None if _ADDRESS.match(text) else _SECOND.search(text)
    if second is not None:
        sides = text[: second.start()], text[second.end() :]
        return ModelRef("merged", "", parts=(_parsed(sides[0]), _parsed(sides[1])))
    if text.startswith(_PATH):
        return ModelRef("local", text)
    return ModelRef.parse(text)


def _check(ref: ModelRef, settings: Settings) -> None:
    for part in ref.parts:
        _check(part, settings)
    if ref.kind == "local":
        _check_path(ref.place, settings)
    elif ref.kind == "web":
        _check_address(ref.place, settings)
    elif ref.kind == "s3":
        raise RefusedError(
            "stores are not read from here",
            expected="org/name, an https address, or a path that the operator opened",
        )


def _check_path(text: str, settings: Settings) -> None:
    refused = RefusedError(
        f"'{shown(text)}' is not read from here",
        expected="org/name, an https address, or a path that the operator opened",
    )
    if not settings.local_roots:
        raise refused
    path = Path(text)
    if not path.is_absolute():
        raise refused
    real = path.resolve()
    if not any(real.is_relative_to(root.resolve()) for root in settings.local_roots):
        raise refused


def shown_reference(text: str, settings: Settings) -> str:
    """A reference as documents name it: paths without the folders above the root."""
    return _shown(_parsed(text), settings)


def shown_paths(texts: Iterable[str], settings: Settings) -> dict[str, str]:
    """References, and the two sides of merged ones -> how documents name them."""
    names = {}
    for text in texts:
        ref = _parsed(text)
        for part in (ref, *ref.parts):
            names[str(part)] = _shown(part, settings)
    return names


def _shown(ref: ModelRef, settings: Settings) -> str:
    if ref.parts:
        return "+".join(_shown(part, settings) for part in ref.parts)
    if ref.kind != "local":
        return str(ref)
    real = Path(ref.place).resolve()
    for root in settings.local_roots:
        if real.is_relative_to(root.resolve()):
            return str(Path(root.name) / real.relative_to(root.resolve()))
    return real.name


def listed(host: str, port: int | None, settings: Settings) -> bool:
    """Whether the operator lists a host, with or without its port."""
    return host in settings.fetch_hosts or f"{host}:{port}" in settings.fetch_hosts


def _check_address(text: str, settings: Settings) -> None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise RefusedError("this is no address") from error
    host = parts.hostname or ""
    if parts.scheme != "https" and not listed(host, port, settings):
        raise RefusedError(
            f"'{shown(parts.scheme)}' is not read from here", expected="https"
        )
    if parts.username or parts.password:
        raise RefusedError("an address with a password would be public")
