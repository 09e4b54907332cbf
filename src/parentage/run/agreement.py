# SPDX-License-Identifier: Apache-2.0
"""What a maker states against what the evidence says, row by row.

Names are compared, never trusted: two names are the same model if their last part is,
without case and punctuation. A name that matches no reference cannot be verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from parentage.report.verdict_declared import Declared, DeclaredRow, Initialisation
from parentage.report.verdict_words import CLASSES, saying
from parentage.report.words import label, percent
from parentage.run.card_patch import card_patch
from parentage.run.provenance import ACCUSED, Provenance, provenance_of
from parentage.verdict.vocabulary import EXTERNAL, WEIGHTS

if TYPE_CHECKING:
    from parentage.report.document import Report
    from parentage.report.verdict_document import Saying
    from parentage.run.declared import Said


def same_model(a: str, b: str) -> bool:
    """Whether two names mean one model, as far as names tell."""
    return _bare(a) == _bare(b) != ""


def _bare(name: str) -> str:
    last = name.rstrip("/").replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"[^0-9a-z가-힣]", "", last.casefold())


def in_scope(statement: Initialisation, module: str, found: Provenance) -> bool:
    """Whether a statement is about a module; one about the whole is about all."""
    if statement.where.endswith("base_model") or statement.where.startswith("GGUF"):
        return True
    if statement.module is not None:
        return statement.module == module
    return statement.component == found.component


def names_source(statement: Initialisation, references: Sequence[str]) -> bool:
    """Whether a statement names one of the references."""
    source = statement.source
    return source is not None and any(same_model(source, r) for r in references)


def agree(
    report: Report, said: Said, recorded: frozenset[str] = frozenset()
) -> Declared:
    """Every statement against the evidence, and every finding that none covers.

    Args:
        report: of the audit; its weights are not read again.
        said: what was read.
        recorded: modules whose own initial weights a training record supports.
    """
    found = provenance_of(report)
    rows = [
        *(r for s in said.statements for r in _statement(s, report, found, recorded)),
        *_undeclared(said, found, report),
        *_class_names(said),
    ]
    if said.new_version:
        rows.append(
            DeclaredRow(
                subject="new_version",
                component=None,
                declared=said.new_version,
                where=said.card.file if said.card else "",
                found="",
                outcome="unverifiable",
                reason=saying("superseded"),
            )
        )
    return Declared(
        sources=said.sources,
        rows=tuple(rows),
        statements=said.statements,
        releases=said.releases,
        withheld=said.withheld,
        own_models=said.own_models,
        licence=said.licence[0] if said.licence else None,
        patch=card_patch(said.card, report, found, rows),
        notes=tuple(_notes(said)),
    )


def _statement(
    statement: Initialisation,
    report: Report,
    found: Mapping[str, Provenance],
    recorded: frozenset[str],
) -> Iterator[DeclaredRow]:
    scope = {m: p for m, p in found.items() if in_scope(statement, m, p)}
    if statement.component not in WEIGHTS:
        yield _file_row(statement, report)
        return
    if statement.provenance == "own":
        yield from _own(statement, scope, recorded)
    else:
        yield _external(statement, scope, report)
    yield from _numbers(statement, scope, report)


def _row(
    statement: Initialisation,
    scope: Mapping[str, Provenance],
    outcome: str,
    reason: Saying,
) -> DeclaredRow:
    said = statement.source or CLASSES[statement.provenance]
    if statement.source and statement.provenance != "unknown":
        said = f"{CLASSES[statement.provenance]}: {statement.source}"
    return DeclaredRow.model_validate(
        {
            "subject": statement.module or statement.component,
            "component": statement.component,
            "declared": said,
            "where": statement.where,
            "found": "; ".join(_found(m, p) for m, p in scope.items()),
            "outcome": outcome,
            "reason": reason,
        }
    )


def _found(module: str, found: Provenance) -> str:
    if found.state == "known":
        source = ", ".join(found.references)
        return f"{label(module)}: {CLASSES[found.found]} ({source})"
    return f"{label(module)}: {found.state.replace('-', ' ')}"


def _own(
    statement: Initialisation,
    scope: Mapping[str, Provenance],
    recorded: frozenset[str],
) -> Iterator[DeclaredRow]:
    """Stated as the maker's own: one row for each module it is about."""
    for module, found in scope.items():
        one = {module: found}
        if found.reused:
            reason = saying(
                "declared-own-but-reused", references=", ".join(found.references)
            )
            yield _row(statement, one, "contradicted", reason)
        elif found.state == "nothing-found" and module in recorded:
            yield _row(statement, one, "confirmed", saying("declared-own-recorded"))
        elif found.state == "nothing-found":
            reason = saying("declared-own-nothing-found")
            yield _row(statement, one, "unverifiable", reason)
        else:
            yield _row(statement, one, "unverifiable", saying("declared-own-open"))


def _external(
    statement: Initialisation, scope: Mapping[str, Provenance], report: Report
) -> DeclaredRow:
    """Stated as coming from a model: confirmed by any module in which it is found."""
    references = [r.name for r in report.references]
    if not names_source(statement, references):
        return _row(statement, scope, "unverifiable", saying("source-not-tested"))
    hits = {
        m: p
        for m, p in scope.items()
        if p.reused and names_source(statement, p.references)
    }
    if not hits:
        if scope and all(p.state == "nothing-found" for p in scope.values()):
            return _row(statement, scope, "contradicted", saying("source-not-found"))
        return _row(statement, scope, "unverifiable", saying("declared-own-open"))
    differs = next(
        (
            p.found
            for p in hits.values()
            if not _compatible(statement.provenance, p.found)
        ),
        None,
    )
    if differs is not None:
        reason = saying("class-differs", found=differs, declared=statement.provenance)
        return _row(statement, hits, "contradicted", reason)
    return _row(statement, hits, "confirmed", saying("reuse-as-declared"))


def _compatible(declared: str, found: str) -> bool:
    """Whether two classes can be said of one thing.

    A frozen component of a model that is otherwise its own is "frozen external"; a
    whole copy is "identical". Cards have one word for all training.
    """
    if declared in {"unknown", found}:
        return True
    return {declared, found} <= {"identical", "frozen-external"}


def _numbers(
    statement: Initialisation, scope: Mapping[str, Provenance], report: Report
) -> Iterator[DeclaredRow]:
    """Shares and steps, which can be checked by themselves."""
    modules = [m for m in report.modules if m.name in scope]
    if statement.share is not None and modules:
        measured = sum(m.share_numerator for m in modules) / max(
            modules[0].share_denominator, 1
        )
        digits = Decimal(str(statement.share)).as_tuple().exponent
        half = Decimal(5).scaleb(int(digits) - 1)
        near = abs(Decimal(measured) - Decimal(str(statement.share))) <= half
        places = {"measured": percent(measured), "stated": percent(statement.share)}
        yield DeclaredRow(
            subject=statement.module or statement.component,
            component=statement.component,
            declared=percent(statement.share),
            where=f"{statement.where}.share",
            found=percent(measured),
            outcome="confirmed" if near else "contradicted",
            reason=saying("share-agrees" if near else "share-differs", **places),
        )
    if statement.steps == 0:
        changed = [
            m for m, p in scope.items() if p.reused and p.found == "fine-tuned-external"
        ]
        if changed:
            yield DeclaredRow(
                subject=statement.module or statement.component,
                component=statement.component,
                declared="0",
                where=f"{statement.where}.trainable_steps",
                found=", ".join(label(m) for m in changed),
                outcome="contradicted",
                reason=saying("frozen-but-changed"),
            )


def _file_row(statement: Initialisation, report: Report) -> DeclaredRow:
    """Tokenizers are held against the files; code and data against nothing."""
    outcome, reason, found = "unverifiable", saying("no-test-exists"), ""
    if statement.component == "tokenizer":
        relations = {
            i.reference: i.tokenizer.finding.relation
            for i in report.lineage
            if i.tokenizer is not None
        }
        equal = [r for r, word in relations.items() if word == "identical"]
        found = "; ".join(f"{r}: {word}" for r, word in relations.items())
        if statement.provenance in EXTERNAL and names_source(statement, equal):
            outcome, reason = "confirmed", saying("files-agree")
        elif statement.provenance == "own" and equal:
            outcome, reason = "contradicted", saying("files-differ")
    return DeclaredRow.model_validate(
        {
            "subject": statement.component,
            "component": statement.component,
            "declared": ": ".join(
                x for x in (CLASSES[statement.provenance], statement.source) if x
            ),
            "where": statement.where,
            "found": found,
            "outcome": outcome,
            "reason": reason,
        }
    )


def undeclared_in(
    said_statements: Sequence[Initialisation], module: str, found: Provenance
) -> tuple[str, ...]:
    """References found in a module that no statement about it names."""
    about = [s for s in said_statements if in_scope(s, module, found)]
    return tuple(
        r for r in found.references if not any(names_source(s, [r]) for s in about)
    )


def _undeclared(
    said: Said, found: Mapping[str, Provenance], report: Report
) -> Iterator[DeclaredRow]:
    words = {m.name: m.finding for m in report.modules}
    for module, item in found.items():
        if words[module] not in ACCUSED or not item.reused:
            continue
        for reference in undeclared_in(said.statements, module, item):
            yield DeclaredRow(
                subject=module,
                component=item.component,
                declared="",
                where="",
                found=f"{CLASSES[item.found]} ({reference})",
                outcome="undeclared",
                reason=saying("not-declared"),
            )


def _class_names(said: Said) -> Iterator[DeclaredRow]:
    for name, where in said.architectures:
        yield DeclaredRow(
            subject=where.rsplit(" ", 1)[-1],
            component="inference-code",
            declared=name,
            where=where,
            found="",
            outcome="unverifiable",
            reason=saying("class-name-only"),
        )


def _notes(said: Said) -> Iterator[Saying]:
    for tag in said.tags:
        yield saying("tag-finetuned", tag=tag)
    if said.folder_name:
        yield saying("name-or-path", name=said.folder_name)
