# SPDX-License-Identifier: Apache-2.0
"""What an answer of a server means before its body is read, and the errors it means."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

from parentage.artifact.entry import shown
from parentage.artifact.source.retry import Again, retry_after
from parentage.errors import (
    AccessError,
    ChangedError,
    NotThereError,
    OfflineError,
    ProtocolError,
    UnreachableError,
)

if TYPE_CHECKING:
    from parentage.artifact.source.client import Answer

BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same request may succeed."""

_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_AGAIN: Final = "Try again; the file on the server is another one by now."


@dataclass(eq=False)
class Resource:
    """A file on a server.

    Attributes:
        url: where to ask for it.
        label: what messages call it.
        size: its length in bytes.
        linked: tag of the content that the listing gave, if any.
        tags: tag of the first answer of each host.
        moved: where the last redirect led.
        lock: guards the two.
    """

    url: str
    label: str
    size: int
    linked: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    moved: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def keep_tag(file: Resource, answer: Answer) -> None:
    """Remember the tag of the first answer of a host; compare later ones.

    Raises:
        ChangedError: this one is another.
    """
    tag = answer.headers.get("etag") or answer.headers.get("last-modified")
    if not tag:
        return
    host = origin(str(answer.url))
    with file.lock:
        known = file.tags.setdefault(host, tag)
    if known != tag:
        raise changed(file.label, known, tag)


def check_length(file: Resource, said: str | None) -> None:
    """Refuse a file of another length than listed."""
    if said is not None and said != str(file.size):
        raise ChangedError(
            f"has {shown(said)} bytes now",
            file=file.label,
            expected=f"{file.size} bytes, as listed",
            advice=_AGAIN,
        )


def check_range(
    file: Resource, headers: Mapping[str, str], start: int, end: int
) -> int:
    """Where the bytes end that are on their way; the server may send fewer.

    Raises:
        ChangedError: the file has another length now.
        ProtocolError: they are not those that were asked for.
    """
    said = headers.get("content-range", "")
    part = _RANGE.fullmatch(said)
    if part is None:
        raise protocol(file, f"the range is answered with '{shown(said)}'")
    first, last, total = int(part[1]), int(part[2]), part[3]
    if total != "*":
        check_length(file, total)
    if first != start or not first <= last < end:
        wanted = f"bytes {start}-{end - 1}"
        raise protocol(file, f"asked for {wanted}, the server answers '{shown(said)}'")
    length = headers.get("content-length")
    if length is not None and length != str(last + 1 - first):
        raise protocol(file, f"'{shown(said)}' has a length of {shown(length)} bytes")
    return last + 1


def length_of(file: Resource, headers: Mapping[str, str]) -> int:
    """Length of a file by the answer to a probe."""
    part = _RANGE.fullmatch(headers.get("content-range", ""))
    text = part[3] if part else headers.get("content-length", "")
    if not text.isdigit():
        raise protocol(file, "the server does not say how long the file is")
    return int(text)


def refused(file: Resource, answer: Answer, advice: str) -> NoReturn:
    """Raise what an answer means that is neither the bytes nor a redirect."""
    status, headers = answer.status_code, answer.headers
    said = shown(headers.get("x-error-message", ""))
    words = f"the server answers {status}" + (f" ({said})" if said else "")
    if status in {401, 403, 407, 451}:
        raise AccessError(
            f"access is refused: {words}",
            file=file.label,
            expected="permission to read it",
            advice=advice,
        )
    if status in {404, 410}:
        raise NotThereError(
            f"is not there: {words}",
            file=file.label,
            expected="a file that the listing or the index names",
            advice="Check the spelling; the model may have been moved or deleted.",
        )
    if status == 412:
        raise changed(file.label, "that of the first answer", "another one")
    if status == 416:
        raise ChangedError(
            f"is shorter than it was: {words} to a range inside {file.size} bytes",
            file=file.label,
            expected=f"{file.size} bytes",
            advice=_AGAIN,
        )
    wait = retry_after(headers.get("retry-after"))
    final = UnreachableError(
        words + (f" and asks to wait {wait:.0f} s" if wait else ""),
        file=file.label,
        expected="the file's bytes",
        advice=trouble(status),
    )
    if status in BUSY:
        raise Again(final, wait=wait)
    raise final


def trouble(status: int) -> str:
    """What to do about a server that does not answer now."""
    if status == 429:
        return "Too many requests: wait, or log in for a higher limit."
    return "The server is in trouble: try again later."


def protocol(file: Resource, message: str) -> ProtocolError:
    """The error of an answer to what was not asked."""
    return ProtocolError(
        message,
        file=file.label,
        expected="the range of bytes that was asked for",
        advice="Download the model and name the folder.",
    )


def no_ranges(file: Resource) -> ProtocolError:
    """The error where a server would send everything."""
    return ProtocolError(
        "the server ignores ranges and would send all "
        f"{file.size} bytes; nothing was pulled",
        file=file.label,
        expected="status 206 to a request for a range",
        advice="Use a server or mirror that answers ranges, or download the model.",
    )


def changed(label: str, before: str, now: str) -> ChangedError:
    """The error where two answers are of two versions."""
    return ChangedError(
        f"changed while it was read: its tag was {shown(before)} and is {shown(now)}",
        file=label,
        expected="one version of the file from first to last byte",
        advice=_AGAIN,
    )


def cut(
    file: Resource, got: int, wanted: int, error: Exception | None
) -> UnreachableError:
    """The error of a body that ends early."""
    why = f" ({shown(' '.join(str(error).split()))})" if error else ""
    return UnreachableError(
        f"the connection ended after {got} of {wanted} bytes{why}",
        file=file.label,
        expected="all of the range",
        advice="The network or the server is unreliable: try again.",
    )


def offline(label: str) -> OfflineError:
    """The error where the network is switched off."""
    return OfflineError(
        "HF_HUB_OFFLINE is set, and it is not in the cache",
        file=label,
        expected="a file in the cache of the Hub",
        advice="Unset HF_HUB_OFFLINE, or download the model first.",
    )
