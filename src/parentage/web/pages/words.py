# SPDX-License-Identifier: Apache-2.0
"""Words of states, roles and decisions, for readers."""

from __future__ import annotations

import re
from typing import Final

from parentage.report.format import finding_words
from parentage.report.language import Language, marked
from parentage.report.words import label
from parentage.web.services.views import EntryView

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
        "open": marked("under way"),
        "closed": marked("closed"),
    },
    "gate": {
        "pass": marked("passes"),
        "fail": marked("fails"),
        "open": marked("open"),
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
}
"""Value -> colour of its tag; others have none."""


def word(lang: Language, value: str | None, kind: str) -> str:
    """A value in words; an unknown one as it is."""
    if value is None:
        return "–"
    return lang(WORDS[kind][value]) if value in WORDS.get(kind, {}) else value


STATUS: Final[dict[int, str]] = {
    400: marked("This was not understood"),
    401: marked("Sign in first"),
    403: marked("This is not yours to do"),
    404: marked("There is no such page"),
    405: marked("This cannot be done here"),
    409: marked("This does not fit what is there"),
    413: marked("This is too large"),
    422: marked("This was not taken"),
    429: marked("Too often; wait a little"),
}
"""Number of an answer -> heading of its page."""


def status(lang: Language, number: int) -> str:
    """What went wrong, as a heading."""
    return lang(STATUS.get(number, marked("Something went wrong here")))


ENTRIES: Final[dict[str, str]] = {
    "model-registered": marked("{actor} registered the model {name}"),
    "version-added": marked("{actor} added version {label}"),
    "fingerprint-added": marked("{actor} added a fingerprint of version {version}"),
    "report-published": marked("A report of {candidate} was published: {finding}"),
    "challenge-filed": marked("{actor} filed a challenge: {title}"),
    "challenge-checked": marked("The numbers of the challenge were checked"),
    "challenge-replied": marked("{actor} replied for the named team"),
    "challenge-decided": marked("{actor} decided a challenge: {decision}"),
    "stage-opened": marked("A stage was opened: {slug}"),
    "gate-decided": marked("A gate was decided for {team}: {outcome}"),
    "stage-closed": marked("A stage was closed: {slug}"),
}
"""Kind of a ledger's entry -> its sentence."""


def entry(lang: Language, value: EntryView) -> str:
    """An entry of the ledger as a sentence."""
    sentence = ENTRIES.get(value.kind)
    if sentence is None:
        return value.kind
    payload = value.payload
    places = {
        "actor": value.actor,
        "decision": word(lang, payload.get("decision"), "decision"),
        "finding": finding_words(str(payload.get("finding", "")), lang),
        "outcome": word(lang, payload.get("outcome"), "gate"),
    }
    for name in ("name", "label", "candidate", "title", "slug", "team", "version"):
        places[name] = str(payload.get(name, "–"))
    used = {key: text for key, text in places.items() if "{" + key + "}" in sentence}
    return lang(sentence, **used)


PLACES: Final[dict[str, str]] = {
    "model": "/models/",
    "report": "/reports/",
    "challenge": "/challenges/",
    "stage": "/stages/",
}
"""What a ledger's entry may be about -> where its page is."""


def place(subject: str) -> str:
    """The page of what an entry is about, such as ``model:3``, if there is one."""
    kind, _, number = subject.partition(":")
    return PLACES[kind] + number if kind in PLACES and number.isdigit() else ""


STEPS: Final[dict[str, str]] = {
    "done": marked("writing the report"),
    "checking the claim": marked("checking the claim"),
    "the worker was lost": marked("the worker was lost; another took it up"),
}
"""What a worker says of itself -> how readers see it."""

_PAIR: Final = re.compile(r"(?P<module>\w+) against (?P<reference>.+)")


def step(lang: Language, text: str) -> str:
    """A step of a job in words; an unknown one as it is."""
    pair = _PAIR.fullmatch(text)
    if pair is not None:
        module = label(pair["module"], lang)
        return lang(
            "{module} against {reference}", module=module, reference=pair["reference"]
        )
    return lang(STEPS[text]) if text in STEPS else text
