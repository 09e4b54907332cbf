# SPDX-License-Identifier: Apache-2.0
"""So many requests a minute from one address, in this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from parentage.errors import TooOftenError
from parentage.web.asking import address_of
from parentage.web.settings import Settings

MOST_KNOWN: Final = 50_000
"""Addresses that are remembered at most; the longest unseen are forgotten."""


class LimitRate:
    """Middleware: a bucket for each address, refilled as time passes.

    Args:
        app: what is wrapped.
        settings: how many a minute, and which proxies are believed.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] == "http" and not self._may(scope):
            error = TooOftenError("too many requests", advice="Try again in a minute.")
            answer = JSONResponse(
                {"error": error.to_json()}, 429, headers={"Retry-After": "60"}
            )
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        most = float(self.settings.requests_per_minute)
        address, clock = address_of(Request(scope)), time.monotonic()
        left, seen = self._left.pop(address, (most, clock))
        left = min(most, left + (clock - seen) * most / 60)
        may = left >= 1
        self._left[address] = (left - 1 if may else left, clock)
        while len(self._left) > MOST_KNOWN:
            self._left.popitem(last=False)
        return may
