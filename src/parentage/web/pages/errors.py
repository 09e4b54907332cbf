# SPDX-License-Identifier: Apache-2.0
"""Errors as pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from parentage.errors import ParentageError
from parentage.web.pages.rendering import render


def page(request: Request, error: ParentageError, status: int) -> Response:
    """An error as a page."""
    return render(request, "error.html", status=status, number=status, error=error)
