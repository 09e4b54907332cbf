# SPDX-License-Identifier: Apache-2.0
"""The words of documents on training records: outcomes, pieces, checks, support."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parentage.evidence.record_catalogue import record_checks
from parentage.report.language import ENGLISH, Language, marked
from parentage.training.pieces import pieces
from parentage.verdict.training import rule

OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "verified": (marked("verified"), "✓"),
    "consistent": (marked("consistent"), "≈"),
    "missing": (marked("not shown"), "○"),
    "contradicted": (marked("contradicted"), "✗"),
}
"""Outcome -> its words and its sign."""

MEANINGS: Final[Mapping[str, str]] = {
    "verified": marked(
        "Computed from the bytes or the weights themselves; nothing but what the check "
        "names was taken on trust."
    ),
    "consistent": marked(
        "What is stated agrees with itself and with honest runs. Whoever wrote it "
        "could have made it agree."
    ),
    "missing": marked(
        "The record does not hold what the check needs, or leaves something "
        "unexplained. This is no accusation."
    ),
    "contradicted": marked(
        "Two statements of the record, or a statement and the bytes, cannot both be "
        "true. There may be an innocent explanation; it has to be given."
    ),
}

SUPPORT: Final[Mapping[str, str]] = {
    "from-scratch-supported": marked(
        "The record supports that {model} was trained from its own initial weights."
    ),
    "incomplete": marked(
        "The record of {model} is incomplete: nothing in it contradicts training from "
        "its own initial weights, and not everything needed is shown."
    ),
    "contradicted": marked(
        "The record of {model} cannot be true as it stands: {checks}."
    ),
}

SUPPORT_WORDS: Final[Mapping[str, str]] = {
    "from-scratch-supported": marked("supports training from its own initial weights"),
    "incomplete": marked("incomplete"),
    "contradicted": marked("contradicted"),
}

PARTS: Final[Mapping[str, str]] = {
    "packet": marked("Files of the record"),
    "curves": marked("Curves"),
    "compute": marked("Compute"),
    "initialisation": marked("Step 0"),
    "chain": marked("Chain of checkpoints"),
    "replay": marked("Repeated training"),
}

TRUSTED: Final[Mapping[str, str]] = {
    "fingerprints": marked(
        "That each fingerprint is of weights that existed at its step, and that the "
        "values it leaves out belong to those it holds."
    ),
    "time-of-step-0": marked(
        "That step 0 was there before the training: the weights do not tell when they "
        "were written. A digest published beforehand would."
    ),
    "rates": marked(
        "The learning rates, as logged or declared, that the bound on the motion of "
        "the weights rests on."
    ),
    "batches": marked(
        "That the batches handed in are the ones whose data is declared: a repetition "
        "shows that the weights came from these batches."
    ),
}
"""What was taken on trust, by key."""

FACTS: Final[Mapping[str, str]] = {
    "not-a-number": marked("values that are no number"),
    "not-logged": marked("metrics not logged at every step"),
    "unreadable-line": marked("lines that could not be read"),
    "unreadable-value": marked("values that could not be read"),
    "long-line": marked("lines that are too long and were passed over"),
    "binary-line": marked("lines with zero bytes"),
    "not-utf-8": marked("lines that are not UTF-8"),
    "no-step": marked("entries without a step"),
    "truncated": marked("the file ends too early"),
    "damaged": marked("the file is damaged"),
    "thinned": marked("rows were left out for want of memory"),
    "resume": marked("marks of a restart"),
    "saved": marked("marks of a saved checkpoint"),
    "other-line": marked("other lines"),
}

ABSENT: Final[Mapping[str, str]] = {
    "absent": marked("is not there"),
    "unsafe": marked("leads out of the packet"),
    "empty": marked("is empty"),
}


def catalogue_texts() -> tuple[str, ...]:
    """Every text of the data files, for the catalogues of translations."""
    checks = record_checks().values()
    return (
        *(t for c in checks for t in (c.title, c.question, c.proves, c.forged_by)),
        *(t for p in pieces().values() for t in (p.title, p.shows)),
        *(line.title for line in rule()),
    )


def outcome_words(outcome: str, lang: Language = ENGLISH) -> str:
    """An outcome in words, without its sign."""
    return lang(OUTCOMES[outcome][0]) if outcome in OUTCOMES else outcome


def check_title(check: str, lang: Language = ENGLISH) -> str:
    """Name of a check; an unknown one as it is."""
    known = record_checks().get(check)
    return lang(known.title) if known else check


def piece_title(piece: str, lang: Language = ENGLISH) -> str:
    """Name of a piece; an unknown one as it is."""
    known = pieces().get(piece)
    return lang(known.title) if known else piece


def rule_title(line: str, lang: Language = ENGLISH) -> str:
    """Name of a line of the rule; an unknown one as it is."""
    known = next((r for r in rule() if r.id == line), None)
    return lang(known.title) if known else line


def fact_words(code: str, lang: Language = ENGLISH) -> str:
    """A kind of fact about a log in words; an unknown one as it is."""
    return lang(FACTS[code]) if code in FACTS else code
