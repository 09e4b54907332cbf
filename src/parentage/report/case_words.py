# SPDX-License-Identifier: Apache-2.0
"""Words of cases and of what running one gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from parentage.report.claim_words import headline as claim_headline
from parentage.report.format import finding_words, share
from parentage.report.language import ENGLISH, Language, marked
from parentage.report.lineage_words import RELATIONS
from parentage.report.words import label

if TYPE_CHECKING:
    from parentage.report.case_document import CaseDocument, PairItem
    from parentage.report.claim_document import ClaimDocument
    from parentage.verdict.case_file import CaseFile, Claim

TYPES: Final = {
    "A": marked("architecture shared"),
    "W": marked("weights carried over"),
    "U": marked("upcycled"),
    "D": marked("depth or width changed"),
    "L": marked("licence or attribution"),
    "P": marked("product or service"),
    "X": marked("disputed"),
    "C": marked("code"),
}
"""What a case is about, by the letter of its file."""

ROLES: Final = {
    "reference": marked("candidate and reference"),
    "positive": marked("positive control: known descendant"),
    "negative": marked("negative control: unrelated"),
}

SAYS: Final = {
    "derived": marked("says: descends"),
    "independent": marked("says: does not descend"),
    "architecture": marked("says: architecture shared"),
    "tokenizer": marked("about the tokenizer"),
    "licence": marked("about the licence"),
    "other": marked("says"),
}

OUTCOMES: Final = {
    "found": marked("reuse found"),
    "nothing-found": marked("no dependence found"),
    "inconclusive": marked("inconclusive"),
    "not-run": marked("not run"),
}

STAND_INS: Final = marked(
    "Run on stand-in models. Nothing here is a finding about the models that are named."
)

NO_RESULT: Final = marked(
    "A case states what parties and sources say. No result of this tool stands in it; "
    "run it to get one."
)


def title(case: CaseFile, lang: Language = ENGLISH) -> str:
    """The title in the language of the reader."""
    return case.title_ko if lang.code == "ko" else case.title


def types_words(case: CaseFile, lang: Language = ENGLISH) -> str:
    """What the case is about."""
    return ", ".join(lang(TYPES[t]) for t in case.types)


def claim_line(claim: Claim, lang: Language = ENGLISH) -> str:
    """Who says what, with the numbers."""
    who = ", ".join(part for part in (claim.by, claim.date) if part)
    text = f"{who}: {lang(SAYS[claim.says])}: {claim.text} [{claim.source}]"
    if claim.numbers:
        text += ": " + "; ".join(f"{n.what} {n.printed}" for n in claim.numbers)
    if claim.file is not None:
        text += ". " + lang("Its numbers can be checked: {file}", file=claim.file)
    return text


def pair_line(pair: PairItem, lang: Language = ENGLISH) -> str:
    """A pair with its outcome, or why it was not run."""
    text = lang(
        "{candidate} against {reference}",
        candidate=pair.candidate,
        reference=pair.reference,
    )
    outcome = lang(OUTCOMES[pair.outcome])
    if pair.error is not None:
        return f"{text}: {outcome}: {pair.error}"
    text = f"{text}: {outcome}"
    if not pair.as_known:
        text += ". " + lang("This control did not come out as it must.")
    return text


def module_lines(pair: PairItem, lang: Language = ENGLISH) -> list[str]:
    """Each module with its share and what was found."""
    return [
        f"{label(m.name, lang)} ({share(m.share_numerator, m.share_denominator)}): "
        f"{finding_words(m.finding, lang)}"
        for m in pair.modules
    ]


def tokenizer_line(pair: PairItem, lang: Language = ENGLISH) -> str:
    """How the tokenizers are related, if both were read."""
    if pair.tokenizer is None:
        return lang("Tokenizers: not compared.")
    relation = RELATIONS.get(pair.tokenizer, pair.tokenizer)
    return lang("Tokenizers: {relation}.", relation=lang(relation))


def headline(document: CaseDocument, lang: Language = ENGLISH) -> list[str]:
    """What a reader must know first."""
    own = [p for p in document.pairs if p.role == "reference"]
    controls = [p for p in document.pairs if p.role != "reference"]
    found = []
    if document.stand_ins:
        found.append(lang(STAND_INS))
    if document.case.candidate.absent is not None:
        found.append(
            lang(
                "The candidate cannot be read: {reason}.",
                reason=document.case.candidate.absent,
            )
        )
    if own:
        found.append(
            lang(
                "{reuse} of {pairs} references show reuse; {open} could not be decided "
                "or run.",
                reuse=sum(p.outcome == "found" for p in own),
                pairs=len(own),
                open=sum(p.outcome in {"inconclusive", "not-run"} for p in own),
            )
        )
    if controls:
        found.append(
            lang(
                "{right} of {controls} controls came out as they must.",
                right=sum(p.as_known for p in controls),
                controls=len(controls),
            )
        )
    return found


def checked_line(claim: ClaimDocument, lang: Language = ENGLISH) -> str:
    """A checked claim in one line."""
    return f"{claim.claim.title}: " + " ".join(claim_headline(claim, lang))
