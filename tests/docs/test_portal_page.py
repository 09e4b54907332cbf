# SPDX-License-Identifier: Apache-2.0
"""The portal's page says what settings and permissions say."""

import os
from pathlib import Path

from parentage.web.permissions import ROLES, actions
from parentage.web.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "portal.md"
REGENERATE = bool(os.environ.get("PARENTAGE_REGENERATE"))


def held(name, content):
    """Compare, or rewrite, a generated block."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, rest = text.split(begin)
    inside, after = rest.split(end)
    if REGENERATE:
        PAGE.write_text(before + begin + content + end + after, encoding="utf-8")
    else:
        assert inside == content, "stale: PARENTAGE_REGENERATE=1 pytest tests/docs"


WORDS = {
    "title": "what the portal calls itself",
    "languages": "of pages, the usual one first",
    "session_hours": "after which a session ends",
    "idle_minutes": "without a request, after which a session ends",
    "engine": "`local`, or `ray` for large models",
    "ray_address": "of the cluster; left out, one is started here",
    "job_threads": "jobs that a worker does at once",
    "oidc_issuer": "address of the provider of OpenID Connect",
    "oidc_client_id": "as the provider gave it",
    "oidc_client_secret": "as the provider gave it",
}


def test_settings():
    rows = ["| variable | meaning | usual value |\n", "|---|---|---|\n"]
    for name, field in Settings.model_fields.items():
        words = field.description or WORDS[name]
        usual = field.default
        shown = ",".join(map(str, usual)) if isinstance(usual, tuple) else str(usual)
        value = f"`{shown}`" if shown else ""
        rows.append(f"| `{name.upper()}` | {words} | {value} |\n")
    held("settings", "".join(rows))


def test_permissions():
    head = "| | " + " | ".join(ROLES) + " | scope |\n"
    rows = [head, "|---" * (len(ROLES) + 2) + "|\n"]
    for action in actions().values():
        cells = " | ".join(action.roles.get(role, "") for role in ROLES)
        scope = "" if action.scope == "browser" else f"`{action.scope}`"
        rows.append(f"| {action.text} | {cells} | {scope} |\n")
    held("permissions", "".join(rows))
