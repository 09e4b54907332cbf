# SPDX-License-Identifier: Apache-2.0
"""Where the portal connects to when it reads weights that a stranger named.

Names are resolved here, every address is looked at, and the connection goes to the very
address that was looked at: a name that means something else a moment later, and a
redirect to somewhere inside, end as the name itself would. Addresses that are not
public are refused, unless the operator lists the host.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, Final

from parentage.artifact.source.client import use_clients
from parentage.errors import RefusedError, UnreachableError
from parentage.web.security.references import listed
from parentage.web.settings import Settings

_EMBEDDING: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
"""Networks of IPv6 whose addresses hold one of IPv4, which could be a private one."""


def public(text: str) -> bool:
    """Whether an address belongs to the public network."""
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is not None:
            return public(str(mapped))
        if any(address in network for network in _EMBEDDING):
            return False
    return address.is_global and not address.is_multicast


def addresses_of(host: str, port: int, settings: Settings) -> list[str]:
    """The addresses that a connection to a host may go to.

    Raises:
        RefusedError: one of them is not public, and the host is not listed.
        UnreachableError: the name means nothing.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(
            f"the name '{host[:200]}' is not known", advice="Check the address."
        ) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not listed(host, port, settings) and not all(map(public, addresses)):
        raise RefusedError(
            f"'{host[:200]}' leads to an address that is not public",
            expected="a server that everybody can reach",
        )
    return addresses


def make_client(settings: Settings) -> Any:  # noqa: ANN401 - of a library without types
    """A client whose connections are looked at."""
    import httpcore2  # noqa: PLC0415 - slow to import
    import httpx2  # noqa: PLC0415

    class Backend(httpcore2.NetworkBackend):
        """Resolves, looks, and connects to what was looked at."""

        def __init__(self) -> None:
            self.inner = httpcore2.SyncBackend()

        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore2.NetworkStream:
            """See the class; the certificate is still that of the name."""
            last: Exception | None = None
            for address in addresses_of(host, port, settings):
                try:
                    return self.inner.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except httpcore2.ConnectError as error:
                    last = error
            raise last or httpcore2.ConnectError("no address")

        def connect_unix_socket(self, *_: object, **__: object) -> Any:  # noqa: ANN401
            """Never."""
            raise RefusedError("sockets of this machine are not read")

    class Transport(httpx2.HTTPTransport):
        """The library's, with our way to connect."""

        def __init__(self) -> None:
            super().__init__(trust_env=False)
            self._pool = httpcore2.ConnectionPool(
                ssl_context=httpx2.create_ssl_context(),
                max_connections=64,
                network_backend=Backend(),
            )

    if settings.fetch_proxy:
        # The operator's proxy decides where connections lead; see docs/portal.md.
        return httpx2.Client(
            proxy=settings.fetch_proxy, follow_redirects=False, timeout=None
        )
    return httpx2.Client(
        transport=Transport(), trust_env=False, follow_redirects=False, timeout=None
    )


def guard(settings: Settings) -> None:
    """From now on this process reads weights only from where it may."""
    use_clients(lambda: make_client(settings))
