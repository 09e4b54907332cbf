# SPDX-License-Identifier: Apache-2.0
"""What verdicts, declarations and licences say: every sentence, by id.

A document holds ids and places; the English text in it is for readers of the JSON.
"""

from __future__ import annotations

import string
from typing import Final

from parentage.report.language import ENGLISH, Language, marked
from parentage.report.reasons import say_reason
from parentage.report.verdict_document import Saying
from parentage.report.words import LABELS, label

OUTCOMES: Final = {
    "satisfied": marked("satisfied"),
    "violated": marked("violated"),
    "inconclusive": marked("inconclusive"),
    "not-stated": marked("not stated"),
}
CLASSES: Final = {
    "identical": marked("identical"),
    "frozen-external": marked("frozen external"),
    "fine-tuned-external": marked("fine-tuned external"),
    "merged": marked("merged"),
    "upcycled": marked("upcycled or depth-scaled"),
    "architecture-only": marked("design shared, weights not"),
    "re-implemented": marked("re-implemented"),
    "own": marked("own"),
    "unknown": marked("unknown"),
}
COMPONENTS: Final = {
    "decoder-weights": marked("decoder weights"),
    "encoder-weights": marked("encoder weights"),
    "projector": marked("projector weights"),
    "embedding": marked("embedding weights"),
    "tokenizer": marked("tokenizer files"),
    "architecture": marked("model architecture"),
    "training-code": marked("training code"),
    "inference-code": marked("inference code"),
    "data": marked("training data"),
    "synthetic-data": marked("synthetic data"),
}
KINDS: Final = {
    "provenance": marked("provenance"),
    "licence": marked("licence"),
    "disclosure": marked("disclosure"),
    "control": marked("control"),
    "release": marked("published items"),
}
WEIGHTS: Final = {
    "required": marked("required"),
    "valued": marked("valued, not required"),
    "graded": marked("described, neither pass nor failure"),
    "not-stated": marked("not stated by the source"),
}
GRADES: Final = {
    "exact": marked("exact tests of weights"),
    "equal": marked("equal files"),
    "record": marked("training record"),
    "calibrated": marked("resemblance, which accuses nobody"),
    "declared": marked("the maker's own statement"),
    "none": marked("nothing"),
}
ITEMS: Final = {
    "architecture": marked("model architecture"),
    "parameters": marked("parameters"),
    "intermediate-parameters": marked("intermediate parameters"),
    "training-code": marked("training code"),
    "preprocessing-code": marked("preprocessing code"),
    "inference-code": marked("inference code"),
    "evaluation-code": marked("evaluation code"),
    "libraries": marked("libraries and tools"),
    "datasets": marked("datasets"),
    "evaluation-data": marked("evaluation data"),
    "data-card": marked("data card"),
    "data-information": marked("information about the training data"),
    "model-card": marked("model card"),
    "technical-report": marked("technical report"),
    "research-paper": marked("research paper"),
    "evaluation-results": marked("evaluation results"),
    "training-logs": marked("training logs and initial checkpoint"),
}
AGREEMENTS: Final = {
    "confirmed": marked("confirmed"),
    "contradicted": marked("contradicted"),
    "undeclared": marked("undeclared"),
    "unverifiable": marked("cannot be verified"),
}
EVIDENCE: Final = {
    "nothing-found": marked("exact tests with power find nothing of a listed model"),
    "declared": marked("nothing is found, and the maker states it as its own"),
    "training-record": marked(
        "nothing is found, and a training record supports own initial weights"
    ),
    "not-stated": marked("the source does not say what would show it"),
}
NEEDS: Final = {
    "stated": marked("the licence of what is reused is known"),
    "complied": marked("no conflict, and every duty that can be checked is met"),
    "unrestricted": marked("nothing restricts use, or can end or change the rights"),
}
VERIFIED: Final = {
    "text": marked("held against the text"),
    "summary": marked("held against published summaries or quotations"),
    "unverified": marked("not verified"),
}
CHANGES: Final = {
    "module": marked("module"),
    "finding": marked("finding"),
    "class": marked("provenance"),
    "share": marked("share of parameters"),
    "rule": marked("rule"),
    "outcome": marked("outcome of the profile"),
    "declared": marked("statement"),
}

SENTENCES: Final = {
    # provenance
    "any-class-allowed": marked("Any origin is allowed here."),
    "class-allowed": marked("{module}: {class_}, which is allowed."),
    "class-forbidden": marked(
        "{module}: {class_}. Exact tests find what it shares with {references}, and "
        "the rule does not allow it. Which of the two came first is not decided by "
        "weights."
    ),
    "class-forbidden-directed": marked(
        "{module}: {class_}. Exact tests find what it shares with {references}, and "
        "what is known of the direction says that it came from there. The rule does "
        "not allow it."
    ),
    "other-came-later": marked(
        "{module}: exact tests find what it shares with {references}, which came later "
        "by the dates that were given. That is no ground for a violation."
    ),
    "equal-forbidden": marked(
        "The {module} equals that of {references} in every entry compared, and the "
        "rule does not allow it. Which of the two came first is not decided by files."
    ),
    "declared-forbidden": marked(
        "{module}: {class_}, from {references}, as the maker states. The rule does not "
        "allow it."
    ),
    "class-not-stated": marked(
        "{module}: {class_}. The source does not say whether that is allowed."
    ),
    "own-family-to-show": marked(
        "The maker calls {references} its own earlier model, which the rule allows if "
        "it is shown."
    ),
    "own-family-not-stated": marked(
        "The maker calls {references} its own earlier model; the source does not say "
        "whether that is allowed."
    ),
    "resemblance-only": marked(
        "The {module} resembles that of {references}. Resemblance is no ground for a "
        "violation; the maker can explain it."
    ),
    "not-sure-enough": marked(
        "What was found of {references} in the {module} does not reach the certainty "
        "that the profile asks for."
    ),
    "correspondence": marked(
        "The {module} agrees with another model more than chance explains, without "
        "proof of reuse. That violates nothing, and leaves the outcome open."
    ),
    "not-testable": marked("The {module} could not be tested: {detail}."),
    "recorded": marked(
        "Nothing was found, and the training record supports own initial weights."
    ),
    "unknown-allowed": marked("An unknown origin is allowed here."),
    "declared-own": marked("The maker states it as its own; no test exists."),
    "nothing-known": marked("Nothing was stated about it, and no test exists."),
    "nothing-found-suffices": marked(
        "Nothing of a listed model was found, and the profile asks for no more."
    ),
    "nothing-found-with-power": marked(
        "Nothing of a listed model was found, and the profile asks for no more. An "
        "element correlation of {correlation} or more would have been found with "
        "probability {probability}."
    ),
    "nothing-found-and-declared": marked(
        "Nothing of a listed model was found, and the maker states it as its own."
    ),
    "declaration-missing": marked(
        'Nothing was found, which is not "own": the maker has not stated where it '
        "comes from."
    ),
    "record-missing": marked(
        'Nothing was found, which is not "own": a training record has not been '
        "handed in."
    ),
    "evidence-not-stated": marked(
        'Nothing was found, which is not "own"; the source does not say what would '
        "show it."
    ),
    # licences, disclosure, control
    "reuse-not-certain": marked(
        "Whether anything of {references} is reused is not certain."
    ),
    "nothing-reused": marked(
        "Nothing reused was found or stated, so there is nothing to follow."
    ),
    "disclosed": marked("The maker names the source."),
    "no-declarations-read": marked(
        "Something of {references} is in the {module}; no card and no manifest was "
        "read that could name it."
    ),
    "disclosure-unclear": marked(
        "Something of {references} is in the {module}; the maker names a source that "
        "may or may not be the same."
    ),
    "not-disclosed": marked(
        "Something of {references} is in the {module}, and nothing that was read names "
        "it."
    ),
    "licence-not-stated": marked("The licence of {references} is not known."),
    "licence-stated": marked("{references} is under {licence}."),
    "licence-unclear": marked(
        "{references} is under {licence}; the table of licences does not settle this."
    ),
    "licence-open": marked("{references} is under {licence}, without restrictions."),
    "licence-restricted": marked(
        "{references} is under {licence}, which restricts: {clauses}."
    ),
    "licence-complied": marked(
        "{references} is under {licence}: no conflict, and every duty that can be "
        "checked is met. Others need a person."
    ),
    "licence-conflict": marked("{references} is under {licence}: {clauses}."),
    "control-kept": marked(
        "{references} is under {licence}; nobody can end or change the rights."
    ),
    "control-given": marked(
        "{references} is under {licence}; others can end or change the rights: "
        "{clauses}."
    ),
    # completeness, grades, silence
    "withheld": marked("The maker states that it is not published."),
    "not-listed": marked("It is not stated whether this is published."),
    "published": marked("It is stated as published."),
    "published-licence-unknown": marked(
        "It is stated as published, without a licence that is known to be open."
    ),
    "published-not-open": marked(
        "It is stated as published, not under an open licence."
    ),
    "no-grade": marked("Nothing that was read grades it."),
    "grade-none": marked(
        "No difference from the nearest listed model in what the configs state."
    ),
    "grade-quantitative": marked(
        "Quantitative variation: hyper-parameters differ from the nearest listed model."
    ),
    "grade-module": marked(
        "Qualitative variation: modules or blocks differ from the nearest listed model."
    ),
    "grade-architecture": marked(
        "Variation at the level of the architecture, against the listed models."
    ),
    "source-silent": marked("The source says nothing of it: neither pass nor failure."),
    # cures
    "cure-replace": marked(
        "Replace the {module}: train one of the same shape from own initial weights."
    ),
    "cure-replace-files": marked("Replace the {module} by one of the maker's own."),
    "cure-disclose": marked("Name the source of the {module} in the model card."),
    "cure-correct-declaration": marked(
        "State in a manifest that the {module} is the maker's own."
    ),
    "cure-obtain-licence": marked(
        "Obtain a licence for the {module} that leaves its use unrestricted."
    ),
    "cure-hand-in-evidence": marked(
        "Hand in the training record of the {module}: initial checkpoint and logs."
    ),
    "cure-publish": marked("Publish: {item}."),
    "cure-test": marked(
        "Make the {module} testable, and repeat the audit without a finding."
    ),
    # declarations
    "reuse-as-declared": marked("The evidence agrees."),
    "class-differs": marked(
        "The source is as stated; the evidence says {found}, not {declared}."
    ),
    "source-not-found": marked(
        "Exact tests found nothing of the model that is named, where they would have "
        "found a copy."
    ),
    "source-not-tested": marked("The model that is named was not a reference."),
    "declared-own-but-reused": marked(
        "Stated as the maker's own; exact tests find what it shares with {references}."
    ),
    "declared-own-nothing-found": marked(
        "Nothing speaks against it; finding nothing is no proof."
    ),
    "declared-own-recorded": marked(
        "Nothing was found, and the training record agrees."
    ),
    "declared-own-open": marked("The evidence leaves it open."),
    "no-test-exists": marked("Weights say nothing of it."),
    "not-declared": marked("Found, and stated nowhere that was read."),
    "share-agrees": marked("Counted from tensor shapes: {measured}."),
    "share-differs": marked("Counted from tensor shapes: {measured}, not {stated}."),
    "frozen-but-changed": marked("Stated as not trained; values were changed."),
    "class-name-only": marked(
        "The config names a class of a library. That says which code runs the model, "
        "nothing about its weights."
    ),
    "superseded": marked("The card names a newer version."),
    "files-agree": marked("The files are as stated."),
    "files-differ": marked("The files say otherwise."),
    "tag-finetuned": marked(
        "The tag '{tag}' says that the model was trained further, and names no model: "
        "it is not read as descent from another."
    ),
    "name-or-path": marked(
        "The config was written from a folder called '{name}'; such names are left "
        "over, and are not read as a statement."
    ),
    "card-unreadable": marked("The model card could not be read: {error}"),
    # licences
    "caveat": marked(
        "A list of what licences say, made by a program from a table. Not legal advice."
    ),
    "conflict-pass-on": marked(
        "The terms of {licence} must be passed on; the whole is stated under {whole}."
    ),
    "conflict-non-commercial": marked(
        "{licence} allows no commercial use; the whole is stated under {whole}, which "
        "does."
    ),
    "conflict-copyleft": marked(
        "{licence} asks for the whole to be under the same terms; it is stated under "
        "{whole}."
    ),
    "conflict-restrictions": marked(
        "{licence} restricts its use; the whole is stated under {whole}, without a "
        "restriction."
    ),
    "conflict-duty": marked("A duty of {licence} is not met: {text}"),
}


def saying(name: str, /, **places: str) -> Saying:
    """A sentence as documents hold it."""
    return Saying(id=name, places=places, text=_said(name, places, ENGLISH))


def say(item: Saying, lang: Language = ENGLISH) -> str:
    """A sentence in a language; one of an unknown id, or without its places, stays."""
    text = SENTENCES.get(item.id)
    if text is None:
        return item.text
    needed = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    return (
        _said(item.id, item.places, lang) if needed <= set(item.places) else item.text
    )


TABLES: Final = {
    "class_": CLASSES,
    "found": CLASSES,
    "declared": CLASSES,
    "item": ITEMS,
}
"""Places that hold words of the vocabulary, which have a name in each language."""


def _said(name: str, places: dict[str, str], lang: Language) -> str:
    filled = {}
    for key, value in places.items():
        table = TABLES.get(key)
        if table is not None and value in table:
            filled[key] = lang(table[value])
        elif key == "detail":
            filled[key] = say_reason(value, lang)
        elif key == "module":
            component = value in COMPONENTS and value not in LABELS
            filled[key] = lang(COMPONENTS[value]) if component else label(value, lang)
        else:
            filled[key] = value
    text = lang(SENTENCES[name], **filled).strip()
    # Names of models stay as they are; names of modules begin a sentence.
    begins = lang(SENTENCES[name]).startswith(("{module}", "{item}"))
    return text[:1].upper() + text[1:] if begins else text


def word(table: dict[str, str], key: str, lang: Language = ENGLISH) -> str:
    """A word of one of the tables above."""
    return lang(table[key]) if key in table else key
