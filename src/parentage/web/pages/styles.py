# SPDX-License-Identifier: Apache-2.0
"""The report's stylesheet for pages whose theme a reader may choose.

Reports follow the system's theme and know no other. Here the same rules also follow
``data-theme`` on the root, so that report and portal stay one family without a second
copy of the colours.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request, Response

router = APIRouter(include_in_schema=False)

DARK = re.compile(
    r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(?P<rules>[^}]*)\}\s*\}"
)
PARTS = ("style.css", "verdict_style.css")
FONTS = {
    "regular.woff2": "ParentageSans-Regular.woff2",
    "bold.woff2": "ParentageSans-Bold.woff2",
}
DAY = "public, max-age=86400"


@cache
def stylesheet() -> str:
    """The report's rules; dark where the system or the reader says so.

    Raises:
        RuntimeError: the report's stylesheet has no dark colours to take over.
    """
    folder = resources.files("parentage.report").joinpath("templates")
    text = "\n".join(folder.joinpath(name).read_text("utf-8") for name in PARTS)
    found = DARK.search(text)
    if found is None:
        raise RuntimeError("the report's stylesheet has no dark colours")
    rules = (
        found["rules"]
        + "--node: #8f8a82; --edge: #45413b; --shade: rgb(255 255 255 / .05);"
    )
    themed = (
        "@media screen and (prefers-color-scheme: dark) {\n"
        f'  :root:not([data-theme="light"]) {{{rules}}}\n}}\n'
        f'@media screen {{\n  :root[data-theme="dark"] {{{rules}}}\n}}'
    )
    return text[: found.start()] + themed + text[found.end() :]


@router.get("/style.css")
def style() -> Response:
    """The stylesheet that report and portal share."""
    return Response(stylesheet(), media_type="text/css", headers={"Cache-Control": DAY})


@router.get("/fonts/{name}")
def font(request: Request, name: str) -> Response:
    """The font for machines that have none with Hangul."""
    file = FONTS.get(name)
    if file is None:
        return Response(status_code=404)
    tag = f'"{file}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    content = resources.files("parentage.report").joinpath("fonts", file).read_bytes()
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": tag}
    return Response(content, media_type="font/woff2", headers=headers)
