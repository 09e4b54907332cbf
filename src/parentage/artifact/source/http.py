# SPDX-License-Identifier: Apache-2.0
"""Ranges of files over HTTP: resumed, retried, and never a mixture of two versions.

Before a body is read, status and headers of the answer are checked: a server that
ignores ranges, or whose file has another tag than the first answer said, is noticed
without pulling the body. The first tag is sent along (``If-Range``), so that a server
that keeps the rules tells by itself. Redirects are followed here and not by the
client, so that credentials go to the host they belong to and to no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from parentage.artifact.entry import shown
from parentage.artifact.source.answers import (
    Resource,
    changed,
    check_length,
    check_range,
    cut,
    keep_tag,
    length_of,
    no_ranges,
    offline,
    origin,
    protocol,
    refused,
)
from parentage.artifact.source.client import transport_error
from parentage.artifact.source.retry import Again, Policy, persist
from parentage.errors import UnreachableError

if TYPE_CHECKING:
    from parentage.artifact.source.client import Answer, Client

MOST_REDIRECTS: Final = 5
_REDIRECT: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({401, 403, 404, 410})
_CHUNK: Final = 1 << 16


@dataclass(frozen=True)
class Service:
    """How to speak to a server.

    Attributes:
        client: gives the HTTP client.
        headers: credentials and the like; sent to ``origin`` alone.
        origin: scheme, host and port that the credentials belong to.
        advice: what to do where access is refused.
        policy: attempts and pauses.
    """

    client: Callable[[], Client]
    headers: Callable[[], Mapping[str, str]]
    origin: str
    advice: str
    policy: Policy

    def fetch(self, file: Resource, begin: int, end: int) -> bytes:
        """The bytes ``[begin, end)`` of a file.

        Raises:
            AccessError: the server refuses them.
            NotThereError: there is no such file (any more).
            ChangedError: the file is another one than at first.
            ProtocolError: the server ignores ranges, or sends other lengths.
            UnreachableError: no answer, in as many attempts as the policy allows.
        """
        got = bytearray()
        persist(
            lambda: self._some(file, begin, end, got),
            self.policy,
            progress=lambda: len(got),
        )
        return bytes(got)

    def probe(self, url: str, label: str) -> Resource | None:
        """Size and tag of a file that no listing tells of; ``None`` if not there.

        Raises:
            SourceError: see :meth:`fetch`.
        """
        return persist(lambda: self._probe(Resource(url, label, -1)), self.policy)

    def _probe(self, file: Resource) -> Resource | None:
        # Some servers do not answer HEAD, or without a length: one byte tells, too.
        for method, headers in (("HEAD", {}), ("GET", {"Range": "bytes=0-0"})):
            with self._answer(file, method, headers) as answer:
                status = answer.status_code
                if status in {404, 410}:
                    return None
                if status in {200, 206} and (
                    method == "GET" or "content-length" in answer.headers
                ):
                    file.size = length_of(file, answer.headers)
                    keep_tag(file, answer)
                    return file
                if method == "GET":
                    refused(file, answer, self.advice)
        return None

    def _some(self, file: Resource, begin: int, end: int, got: bytearray) -> None:
        """Append bytes to ``got`` until it is full; stop at any disturbance."""
        start = begin + len(got)
        if start == end:
            return
        whole = (start, end) == (0, file.size)
        headers = {} if whole else {"Range": f"bytes={start}-{end - 1}"}
        with self._answer(file, "GET", headers) as answer:
            if answer.status_code not in {200, 206}:
                refused(file, answer, self.advice)
            # The tag first: a changed file is also answered with 200 (If-Range).
            keep_tag(file, answer)
            stop = end
            if answer.status_code == 206:
                stop = check_range(file, answer.headers, start, end)
            elif whole:
                check_length(file, answer.headers.get("content-length"))
            else:
                raise no_ranges(file)
            try:
                for chunk in answer.iter_raw(_CHUNK):
                    if begin + len(got) + len(chunk) > stop:
                        message = f"the server sent more than {stop - start} bytes"
                        raise protocol(file, message)
                    got += chunk
            except transport_error() as error:
                raise Again(cut(file, len(got), end - begin, error)) from error
        if len(got) < end - begin:
            raise Again(cut(file, len(got), end - begin, None))

    @contextmanager
    def _answer(
        self, file: Resource, method: str, headers: Mapping[str, str]
    ) -> Iterator[Answer]:
        """One answer after redirects, its body unread."""
        answer = self._send(file, method, headers)
        try:
            yield answer
        finally:
            answer.close()

    def _send(self, file: Resource, method: str, headers: Mapping[str, str]) -> Answer:
        url = file.moved or file.url
        for _ in range(MOST_REDIRECTS + 1):
            host = origin(url)
            sent = {"Accept-Encoding": "identity", **headers}
            tag = file.tags.get(host, "")
            if "Range" in headers and tag.startswith('"'):
                sent["If-Range"] = tag
            if host == self.origin:
                sent.update(self.headers())
            answer = self._send_once(file, method, url, sent)
            status = answer.status_code
            if status in _GONE and url != file.url:
                # A signed address may have run out: ask the origin, once, for another.
                with file.lock:
                    known, file.moved = file.moved, None
                if known is not None:
                    answer.close()
                    url = file.url
                    continue
            if status not in _REDIRECT:
                if host != self.origin and status in {200, 206}:
                    file.moved = url
                return answer
            answer.close()
            url = self._redirected(file, url, answer.headers)
        raise protocol(file, f"more than {MOST_REDIRECTS} redirects")

    def _redirected(self, file: Resource, url: str, headers: Mapping[str, str]) -> str:
        """Where a redirect leads, if one may go there."""
        linked = headers.get("x-linked-etag", "").strip('"')
        if file.linked and linked and linked != file.linked:
            raise changed(file.label, file.linked, linked)
        target = urljoin(url, headers.get("location", ""))
        if not target.startswith(("http://", "https://")):
            raise protocol(file, f"a redirect to '{shown(target)}'")
        if url.startswith("https://") and not target.startswith("https://"):
            raise protocol(file, "a redirect from https to http")
        return target

    def _send_once(
        self, file: Resource, method: str, url: str, headers: dict[str, str]
    ) -> Answer:
        client = self.client()
        try:
            request = client.build_request(
                method, url, headers=headers, timeout=self.policy.timeout
            )
            return client.send(request, stream=True, follow_redirects=False)
        except transport_error() as error:
            raise _unreachable(file, url, error) from error
        except OSError as error:
            # How the Hub's library says that the network is switched off.
            if type(error).__name__ == "OfflineModeIsEnabled":
                raise offline(file.label) from error
            raise _unreachable(file, url, error) from error


def _unreachable(file: Resource, url: str, error: Exception) -> Exception:
    host = urlsplit(url).netloc
    words = " ".join(str(error).split()) or type(error).__name__
    final = UnreachableError(
        f"no connection to {shown(host)}: {shown(words)}",
        file=file.label,
        expected="an answer from the server",
        advice="Check the address, the network and proxy settings, and try again.",
    )
    if "CERTIFICATE" in words or type(error).__name__ == "UnsupportedProtocol":
        return final
    return Again(final, first=type(error).__name__ == "ConnectError")
