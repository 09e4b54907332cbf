# SPDX-License-Identifier: Apache-2.0
"""Requests that are too large end before they are read."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parentage.errors import TooLargeError


class LimitSize:
    """Middleware that counts what arrives, whatever the header says.

    Args:
        app: what is wrapped.
        most: bytes of a request's body at most.
    """

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or int(said) > self.most:
            await self._refuse(scope, receive, send)
            return
        got, started = 0, False

        async def receiving() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self.most:
                raise _TooMuchError
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receiving, sending)
        except _TooMuchError:
            if started:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = TooLargeError(
            "the request is too large", expected=f"at most {self.most} bytes"
        )
        answer = JSONResponse(
            {"error": error.to_json()}, status_code=413, headers={"Connection": "close"}
        )
        await answer(scope, receive, send)


class _TooMuchError(Exception):
    pass
