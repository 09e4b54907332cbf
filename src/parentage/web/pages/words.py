# SPDX-License-Identifier: Apache-2.0
"""Words of states, roles and decisions, for readers."""

from __future__ import annotations

from typing import Final

from parentage.report.language import Language, marked

WORDS: Final[dict[str, dict[str, str]]] = {
    "role": {
        "public": marked("reader"),
        "submitter": marked("submitter"),
        "verifier": marked("verifier"),
        "panel": marked("panel member"),
        "administrator": marked("administrator"),
    },
    "job": {
        "queued": marked("waiting"),
        "running": marked("running"),
        "done": marked("done"),
        "failed": marked("failed"),
        "cancelled": marked("cancelled"),
    },
    "challenge": {
        "open": marked("filed"),
        "checked": marked("numbers checked"),
        "replied": marked("replied to"),
        "decided": marked("decided"),
    },
    "decision": {
        "upheld": marked("upheld"),
        "dismissed": marked("dismissed"),
        "partly-upheld": marked("partly upheld"),
        "withdrawn": marked("withdrawn"),
    },
    "stage": {
        "draft": marked("in preparation"),
        "open": marked("open"),
        "closed": marked("closed"),
    },
    "gate": {
        "satisfied": marked("satisfied"),
        "violated": marked("violated"),
        "inconclusive": marked("inconclusive"),
    },
    "origin": {"audit": marked("audited here"), "upload": marked("uploaded")},
    "source": {
        "report": marked("by a report"),
        "committee": marked("by the committee"),
    },
}
"""Kind -> value -> words."""

TONES: Final[dict[str, str]] = {
    "done": "good",
    "failed": "bad",
    "running": "wait",
    "queued": "wait",
    "open": "wait",
    "upheld": "bad",
    "partly-upheld": "bad",
    "dismissed": "good",
    "satisfied": "good",
    "violated": "bad",
    "inconclusive": "wait",
}
"""Value -> colour of its tag; others have none."""


def word(lang: Language, value: str | None, kind: str) -> str:
    """A value in words; an unknown one as it is."""
    if value is None:
        return "–"
    return lang(WORDS[kind][value]) if value in WORDS.get(kind, {}) else value
