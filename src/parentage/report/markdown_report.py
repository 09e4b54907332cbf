# SPDX-License-Identifier: Apache-2.0
"""A report as Markdown, for issues, pull requests and wikis.

Names of models, tensors and files are hostile: everything that Markdown or HTML could
read as markup is escaped, and line breaks in names become spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from parentage.report import format as fmt
from parentage.report import words
from parentage.report.canonical import report_digest
from parentage.report.depth_words import depth_text
from parentage.report.descent_text import details, headline
from parentage.report.document import ModelInfo, ModuleResult, Outcome, Report
from parentage.report.language import ENGLISH, Language, marked
from parentage.report.page_replies import CAVEAT, SIGNED, UNSIGNED
from parentage.report.reasons import say_reason
from parentage.report.sentences import headline_of, sentence_of
from parentage.report.terminal_parts import clean
from parentage.report.verdict_text import in_language, subject
from parentage.report.verdict_words import OUTCOMES, say

SPECIAL: Final = re.compile(r"([\\`*_{}\[\]!|<>~&$]|^[-+#=])")
NO_PROOF: Final = marked(
    "“No dependence found” is about these references, at the stated power. It is no "
    "proof of training from scratch."
)


def render_markdown(report: Report, lang: Language = ENGLISH) -> str:
    """The report as one Markdown document."""
    parts = [
        f"# {lang('Parentage of {name}', name=md(report.candidate.name))}",
        f"**{md(headline_of(report, lang))}**",
        _modules(report, lang),
        f"> {lang(NO_PROOF)}",
    ]
    for module in report.modules:
        parts += _module(module, lang)
    parts += _verdicts(report, lang)
    if report.descents:
        parts.append(f"## {lang('What kind of descent')}")
        for descent in report.descents:
            rows = [headline(descent, lang), *details(descent, lang)]
            parts.append("\n".join(f"* {md(row)}" for row in rows))
    parts += _replies(report, lang)
    parts.append(f"## {lang('What was read')}")
    parts.append(_models((report.candidate, *report.references), lang))
    parts.append(f"## {lang('Run it again')}")
    parts.append(f"```console\n{clean(fmt.reproduce(report))}\n```")
    digest = report_digest(report)
    parts.append(
        lang(
            "Report of {date}, SHA-256 `{digest}` without replies.",
            date=md(report.created[:10]),
            digest=digest,
        )
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def md(text: object) -> str:
    """Text in which nothing is markup."""
    return SPECIAL.sub(r"\\\1", clean(" ".join(str(text).split())))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _modules(report: Report, lang: Language) -> str:
    rows = [
        (
            md(words.label(m.name, lang)),
            fmt.share(m.share_numerator, m.share_denominator),
            _finding(m.finding, lang),
            md(m.reference or "–"),
            fmt.number(m.effect),
            md(fmt.power10(m.log10_p_adjusted)),
        )
        for m in report.modules
    ]
    heads = (
        lang("Module"),
        lang("Share of parameters"),
        lang("Finding"),
        lang("Reference"),
        lang("Effect"),
        lang("p, corrected"),
    )
    return table(heads, rows)


def _finding(finding: str, lang: Language) -> str:
    return f"{fmt.FINDINGS[finding][1]} {md(fmt.finding_words(finding, lang))}"


def _module(module: ModuleResult, lang: Language) -> list[str]:
    name = words.label(module.name, lang)
    parts = [f"## {md(name[:1].upper() + name[1:])}", md(sentence_of(module, lang))]
    for outcome in module.outcomes:
        parts += _outcome(outcome, lang)
    if module.evidence:
        rows = [
            (
                md(item.method),
                md(item.reference),
                md(fmt.grade_words(item.grade, lang)),
                md(
                    fmt.statistic(item, lang)
                    if item.value is not None or not item.reason
                    else say_reason(item.reason, lang)
                ),
                md(fmt.power10(item.log10_p)),
                fmt.number(item.effect),
            )
            for item in module.evidence
        ]
        heads = (
            lang("Test"),
            lang("Reference"),
            lang("Grade"),
            lang("Statistic"),
            "p",
            lang("Effect"),
        )
        parts.append(table(heads, rows))
    return parts


def _outcome(outcome: Outcome, lang: Language) -> list[str]:
    parts = []
    if outcome.parts:
        rows = [
            (
                md(words.block_label(part.block, lang)),
                md(words.layers_text(part.layers, lang) or "–"),
                _finding("identical" if part.identical else "reused", lang),
                f"{part.effect:.3f}",
                md(fmt.power10(part.log10_p)),
            )
            for part in outcome.parts
        ]
        heads = (
            lang("Part"),
            lang("Layers"),
            lang("Finding"),
            lang("Correlation"),
            lang("Smallest p"),
        )
        parts.append(table(heads, rows))
    if outcome.depth is not None and outcome.depth.kind != "in-place":
        parts.append(md(depth_text(outcome.depth, lang)))
    return parts


def _verdicts(report: Report, lang: Language) -> list[str]:
    parts = []
    for verdict in report.verdicts:
        title = md(in_language(verdict.profile.title, lang))
        said = md(lang(OUTCOMES[verdict.outcome]))
        parts.append(f"## {title}: {said}")
        parts.append(md(in_language(verdict.profile.stance, lang)))
        rows = [
            (
                md(subject(row, lang)),
                md(in_language(row.text, lang)),
                md(lang(OUTCOMES[row.outcome])),
                md(say(row.reason, lang)),
            )
            for row in verdict.rows
        ]
        heads = (lang("About"), lang("Rule"), lang("Outcome"), lang("Reason"))
        parts.append(table(heads, rows))
    return parts


def _replies(report: Report, lang: Language) -> list[str]:
    if not report.replies:
        return []
    parts = [f"## {lang('Right of reply')}", lang(CAVEAT)]
    for reply in report.replies:
        parts.append(f"### {md(reply.party)}")
        parts.append("\n".join(f"> {md(line)}" for line in reply.statement.split("\n")))
        signed = (
            lang(UNSIGNED)
            if reply.signature is None
            else lang(SIGNED, key=reply.signature.keyid[:16])
        )
        parts.append(f"{md(reply.date[:10])}. {signed}")
    return parts


def _models(models: Sequence[ModelInfo], lang: Language) -> str:
    rows = [
        (
            md(info.name),
            fmt.whole(info.parameters),
            fmt.byte_size(info.bytes_read, lang),
            md(info.digest),
        )
        for info in models
    ]
    heads = (lang("Model"), lang("Parameters"), lang("Read"), lang("Digest"))
    return table(heads, rows)
