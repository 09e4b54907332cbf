# SPDX-License-Identifier: Apache-2.0
"""The HTTP clients: the Hub library's own for the Hub, a plain one for other servers.

Both are of the library that ``huggingface_hub`` uses, so that proxies, certificates
and a client factory that somebody set for it count here, too.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Protocol, cast


class Answer(Protocol):
    """What is used of an answer."""

    status_code: int
    headers: Mapping[str, str]
    url: object

    def iter_raw(self, chunk_size: int) -> Iterator[bytes]:
        """The body as it arrives, not decompressed."""

    def close(self) -> None:
        """Give the connection back, or end it if the body was not read."""


class Client(Protocol):
    """What is used of a client; safe from several threads."""

    def build_request(
        self, method: str, url: str, *, headers: dict[str, str], timeout: float
    ) -> object:
        """A request that :meth:`send` takes."""

    def send(self, request: object, *, stream: bool, follow_redirects: bool) -> Answer:
        """Send it and return when status and headers are there."""


def hub_client() -> Client:
    """The client of the Hub's library."""
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # noqa: PLC0415
        get_session,
    )

    return cast("Client", get_session())


def hub_headers() -> dict[str, str]:
    """Token and user agent, both by the library; never logged, never stored."""
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # noqa: PLC0415
        build_hf_headers,
    )

    headers: dict[str, str] = build_hf_headers(library_name="parentage")
    return headers


@cache
def web_client() -> Client:
    """A client that knows no credentials but those of ``.netrc``."""
    if _own is not None:
        return _own()
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # noqa: PLC0415
        httpx,
    )

    client = httpx.Client(follow_redirects=False, timeout=None)
    atexit.register(client.close)
    return cast("Client", client)


_own: Callable[[], Client] | None = None


def use_clients(make: Callable[[], Client] | None) -> None:
    """From now on this process reads by clients of one's own, from the Hub as well.

    For servers that fetch what strangers name: their clients decide where a connection
    may lead.

    Args:
        make: gives a client of the library that ``huggingface_hub`` uses; ``None``
            restores the usual ones.
    """
    global _own  # noqa: PLW0603 - one for the process, as in the Hub's library
    from huggingface_hub import set_client_factory  # noqa: PLC0415
    from huggingface_hub.utils._http import (  # noqa: PLC0415
        default_client_factory,
    )

    if web_client.cache_info().currsize:
        cast("Any", web_client()).close()
    _own = make
    web_client.cache_clear()
    set_client_factory(cast("Any", make or default_client_factory))


@cache
def transport_error() -> type[Exception]:
    """What a client raises when no answer arrives, or not all of it."""
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # noqa: PLC0415
        httpx,
    )

    kind: type[Exception] = httpx.TransportError
    return kind
