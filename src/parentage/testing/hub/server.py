# SPDX-License-Identifier: Apache-2.0
"""The server: the Hub's API as ``huggingface_hub`` 2.x calls it, and a file storage.

Two ports are two origins, as the Hub and its storage are: the first answers model
info, trees and ``resolve`` and redirects to the second, which answers ranges. The
second also serves the same files as a plain web server under ``/web/``; both say under
``/_sent`` how many bytes of each repository were sent. ::

    with HubServer([folder_repository("org/name", folder)]) as hub:
        os.environ["HF_ENDPOINT"] = hub.endpoint

Sources: documentation of the Hub's API, and the requests that the library makes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Self

from parentage.testing.hub.faults import Fault
from parentage.testing.hub.files import Repository
from parentage.testing.hub.handler import Handler


@dataclass(frozen=True)
class Request:
    """One request as it was answered.

    Attributes:
        number: counted from 0 over both origins.
        method, path: without the address.
        span: its ``Range`` header.
        storage: whether it went to the file storage.
        authorised: whether it carried credentials.
        fault: what was made to go wrong.
    """

    number: int
    method: str
    path: str
    span: str | None
    storage: bool
    authorised: bool
    fault: str | None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    hub: HubServer
    storage: bool

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class HubServer:
    """Serves repositories until it is closed.

    Args:
        repositories: what is there.
        faults: what goes wrong; the list may be changed while it runs.
        port: of the first origin; any free one by default. The storage takes the
            next, or any.

    Attributes:
        endpoint: address of the Hub's API, for ``HF_ENDPOINT``.
        requests: what was asked for, in order.
        sent: bytes of bodies sent, by repository.
    """

    def __init__(
        self,
        repositories: Iterable[Repository],
        faults: Sequence[Fault] = (),
        *,
        port: int = 0,
    ) -> None:
        self.repositories = {r.name: r for r in repositories}
        self.faults = list(faults)
        self.requests: list[Request] = []
        self.sent: Counter[str] = Counter()
        self.lock = threading.Lock()
        self._servers = [
            self._start(port, storage=False),
            self._start(port + 1 if port else 0, storage=True),
        ]
        self.endpoint, self.storage = (
            f"http://127.0.0.1:{server.server_address[1]}" for server in self._servers
        )

    def web(self, repository: str) -> str:
        """Address of a repository's folder as on a plain web server."""
        return f"{self.storage}/web/{repository}/"

    def reset(self, faults: Sequence[Fault] = ()) -> None:
        """Begin to count anew, with other faults."""
        with self.lock:
            self.faults = list(faults)
            self.requests.clear()
            self.sent.clear()

    def close(self) -> None:
        """Stop serving."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, port: int, *, storage: bool) -> _Server:
        server = _Server(("127.0.0.1", port), Handler)
        server.hub, server.storage = self, storage
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server
