# SPDX-License-Identifier: Apache-2.0
"""What checking a signed report gave, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.report.language import ENGLISH, Language, marked
from parentage.report.terminal_parts import heading, item, text_of

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.attestation_document import Check, Verification

NAMES = {
    "payload-type": marked("kind of payload"),
    "signature": marked("signature"),
    "key-validity": marked("validity of the key"),
    "statement": marked("kind of statement"),
    "report": marked("signed report"),
    "subjects": marked("signed models"),
    "reply": marked("reply"),
    "model-signature": marked("signature of the model"),
    "model-files": marked("files of the model"),
    "model-digest": marked("digest of the model"),
    "re-run": marked("audit run again"),
}

OUTCOMES = {
    "passed": (marked("holds"), "✓", "green"),
    "failed": (marked("does not hold"), "✗", "bold red"),
    "not-checked": (marked("not checked"), "–", "yellow"),
}

VERDICTS = {
    "passed": marked("Verified: everything that was checked holds."),
    "failed": marked("Refused: something does not hold."),
    "not-checked": marked(
        "Not verified: nothing was found that could be checked. Give a public key with "
        "--key, or the models with --model."
    ),
}


def check_text(check: Check, lang: Language = ENGLISH) -> str:
    """One check in a sentence."""
    return lang(check.say, **check.places)


def print_verification(
    document: Verification, console: Console, lang: Language = ENGLISH
) -> None:
    """The verdict, then one line for each check."""
    style = OUTCOMES[document.outcome][2]
    console.print()
    console.print(text_of(lang(VERDICTS[document.outcome]), style))
    item(console, f"{document.report}: SHA-256 {document.digest}", "dim")
    if document.checks:
        heading(console, lang("Checks"))
    for check in document.checks:
        word, sign, colour = OUTCOMES[check.outcome]
        about = f" ({check.about})" if check.about else ""
        line = f"{sign} {lang(NAMES[check.id])}{about}: {lang(word)}. "
        item(console, line + check_text(check, lang), colour)
