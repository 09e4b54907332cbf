# SPDX-License-Identifier: Apache-2.0
"""Headers of every answer: no inline script, no frames, no guessing of types."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""What pages may load: only what the portal itself serves as files.

Attributes may hold styles, because figures of reports do; elements may not.
"""

DOCUMENT_CSP: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""For documents that are shown as they were made: a sandbox without scripts."""


class SecurityHeaders:
    """Middleware that adds them; an answer's own policy stays.

    Args:
        app: what is wrapped.
        secure: whether readers come by https.
        provider: address of the provider that people sign in at, if there is one.
    """

    def __init__(self, app: ASGIApp, *, secure: bool, provider: str = "") -> None:
        self.app = app
        self.secure = secure
        self.csp = CSP
        if provider:
            # Browsers hold redirects after a form to this list, too.
            parts = urlsplit(provider)
            self.csp = CSP.replace(
                "form-action 'self'",
                f"form-action 'self' {parts.scheme}://{parts.netloc}",
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", self.csp)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["X-Frame-Options"] = "DENY"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Permissions-Policy"] = (
                    "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
                )
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
                if self.secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self.app(scope, receive, sending)
