# SPDX-License-Identifier: Apache-2.0
"""Sends a report, or a fingerprint, to a portal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from parentage.artifact.source.client import transport_error, web_client
from parentage.errors import PortalError, ReportError, UsageError
from parentage.registry.container import is_fingerprint, read_fingerprint
from parentage.report.load import MAX_BYTES, load_report

if TYPE_CHECKING:
    from parentage.artifact.source.client import Client

TIMEOUT: Final = 60.0
"""Seconds without an answer."""

MAX_ANSWER: Final = 4 << 20
"""Bytes of an answer that are read at most."""


def push(
    file: Path,
    url: str,
    token: str,
    *,
    model: int | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """Check a report here, send its bytes, and hold the portal to what it stored.

    Args:
        file: what ``parentage audit --json`` wrote, or a file of a fingerprint.
        url: of the portal.
        token: an API token of it with the scope ``submit``.
        model: number of the model there.
        version: number of the version there; needed for a fingerprint.

    Returns:
        What the portal says: the report's row, or the fingerprint's.

    Raises:
        ReportError, FingerprintError: the file is none.
        UsageError: the address is none, or a fingerprint has no version.
        PortalError: the portal refuses it, cannot be reached, or stored other bytes.
    """
    parts = urlsplit(url)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not parts.hostname or parts.scheme not in {"https", "http"}:
        raise UsageError(f"'{url}' is no address", expected="https://HOST")
    if parts.scheme == "http" and not local:
        raise UsageError(
            "a token is not sent without encryption", expected="https://HOST"
        )
    numbers = {k: v for k, v in (("model", model), ("version", version)) if v}
    print_of = is_fingerprint(file)
    if print_of:
        read_fingerprint(file)
        if version is None:
            raise UsageError("a fingerprint belongs to a version", expected="--version")
        numbers.pop("model", None)
        where, kind = "fingerprints", "application/octet-stream"
    else:
        load_report(file)
        where, kind = "reports", "application/json"
    content = _bytes(file)
    found = _send(
        f"{url.rstrip('/')}/api/v1/{where}?{urlencode(numbers)}",
        content,
        {"Authorization": f"Bearer {token}", "Content-Type": kind},
    )
    if not print_of and found.get("digest") != hashlib.sha256(content).hexdigest():
        raise PortalError(
            "the portal stored other bytes than were sent",
            file=str(file),
            advice="Compare the file that it gives back with the one here.",
        )
    return found


def _bytes(file: Path) -> bytes:
    content = file.read_bytes()
    if len(content) > MAX_BYTES:
        raise ReportError("is too large", file=str(file))
    return content


def _send(url: str, content: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    client: Client = web_client()
    build: Any = client.build_request
    request = build(
        "POST", url, headers=dict(headers), content=content, timeout=TIMEOUT
    )
    try:
        answer = client.send(request, stream=True, follow_redirects=False)
        body = bytearray()
        try:
            for chunk in answer.iter_raw(1 << 16):
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise PortalError("the answer is too long", file=_host(url))
        finally:
            answer.close()
    except transport_error() as error:
        raise PortalError(
            f"the portal cannot be reached: {error}",
            file=_host(url),
            advice="Check the address and the network.",
        ) from error
    return _answer(answer.status_code, bytes(body), url)


def _answer(status: int, body: bytes, url: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PortalError(
            f"the answer (status {status}) is not of a portal",
            file=_host(url),
            advice="Check the address.",
        )
    if status >= 300:
        error = found.get("error")
        said: dict[str, Any] = error if isinstance(error, dict) else {}
        raise PortalError(
            f"the portal says ({status}): {said.get('message', 'no')}",
            file=_host(url),
            expected=said.get("expected"),
            advice=said.get("advice"),
        )
    return found


def _host(url: str) -> str:
    return urlsplit(url).netloc
