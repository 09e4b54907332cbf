# SPDX-License-Identifier: Apache-2.0
"""From a report to the facts that profiles judge; weights are not looked at.

What exact tests found stands above whatever is stated. A statement makes a class known
where no test found one, with the grade ``declared``; "own" in a statement never makes
a class known: it is what a profile may ask for beside finding nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from parentage.run.agreement import in_scope, names_source, same_model
from parentage.run.provenance import Provenance, provenance_of
from parentage.verdict.facts import ComponentFact, Facts, LicenceFact, State
from parentage.verdict.licences import RESTRICTING, read_expression
from parentage.verdict.vocabulary import (
    COMPONENTS,
    ITEMS,
    WEIGHTS,
    Class,
    Grade,
    Item,
)

if TYPE_CHECKING:
    from parentage.report.document import Report
    from parentage.report.verdict_declared import Declared, Initialisation
    from parentage.report.verdict_licences import Licences

OF_TOKENIZER: Final[dict[str, tuple[State, Class, Grade]]] = {
    "identical": ("known", "identical", "equal"),
    "same-with-additions": ("known", "fine-tuned-external", "calibrated"),
    "truncated": ("known", "fine-tuned-external", "calibrated"),
    "re-ordered-copy": ("known", "fine-tuned-external", "calibrated"),
    "common-ancestor": ("correspondence", "unknown", "none"),
    "unclear": ("correspondence", "unknown", "none"),
    "trained-separately": ("nothing-found", "unknown", "none"),
}
"""Relation of two tokenizers -> what it says of the candidate's.

Only equality in every token and id is more than a resemblance.
"""

OF_DESIGN: Final[dict[str, tuple[State, Class, Grade]]] = {
    "shared": ("known", "architecture-only", "calibrated"),
    "near": ("correspondence", "unknown", "none"),
    "unweighed": ("not-testable", "unknown", "none"),
    "common": ("nothing-found", "unknown", "none"),
    "own": ("nothing-found", "unknown", "none"),
}
"""Relation of two architectures -> what it says of the candidate's.

Designs are compared by the rarity of what they share, so even an equal one is a
resemblance: others may have chosen the same.
"""

STRENGTH: Final[tuple[State, ...]] = (
    "known",
    "correspondence",
    "not-testable",
    "nothing-found",
    "silent",
)
LADDER: Final = ("none", "quantitative", "module", "architecture")


def facts_of(report: Report, recorded: frozenset[str] = frozenset()) -> Facts:
    """Everything that a profile can ask about the candidate of a report.

    Args:
        report: with what was declared and licensed, as far as that was read.
        recorded: modules whose own initial weights a training record supports.
    """
    said = report.declared
    facts = [
        *_weights(report, recorded),
        _tokenizer(report),
        _architecture(report),
    ]
    have = {fact.component for fact in facts}
    facts += [ComponentFact(c) for c in COMPONENTS if c not in have | WEIGHTS]
    if said is not None:
        facts = [_declared(fact, said, report) for fact in facts]
    return Facts(
        components=tuple(facts),
        coverage=report.coverage,
        declarations=said is not None and _spoke(said),
        published=_published(said),
        withheld=_items(said.withheld if said is not None else ()),
    )


def _spoke(said: Declared) -> bool:
    """Whether a card or a manifest was read: a config alone declares nothing."""
    return any(s.kind in {"card", "manifest", "gguf"} for s in said.sources)


def _weights(report: Report, recorded: frozenset[str]) -> Iterator[ComponentFact]:
    found = provenance_of(report)
    for module in report.modules:
        item = found[module.name]
        yield ComponentFact(
            component=item.component,
            module=module.name,
            parameters=module.parameters,
            share=module.share,
            state=item.state,
            found=item.found,
            grade="exact" if item.state == "known" else "none",
            references=item.references,
            log10_p=item.log10_p,
            recorded=module.name in recorded,
            licence=_licence(module.name, item, report.licences),
            detail=item.detail,
            power=item.power,
            direction=item.direction,
        )


def _licence(module: str, item: Provenance, licences: Licences | None) -> LicenceFact:
    """What the chain says of one module; several sources count together."""
    if licences is None or not item.reused:
        return LicenceFact()
    links = [x for x in licences.chain if x.module == module]
    if not links or any(x.stated is None for x in links):
        return LicenceFact()
    stated = " AND ".join(dict.fromkeys(str(x.stated) for x in links))
    read = [read_expression(str(x.stated)) for x in links]
    opens = [e.open for e in read]
    controls = [e.controlled for e in read]
    conflicts = [c for c in licences.conflicts if c.module == module]
    # Whether terms go together cannot be told where the whole's are not known.
    unread = any(e.unknown for e in read) or (
        licences.whole is None and any(e.open is not True for e in read)
    )
    clauses = [
        f"{d.licence} {d.clause}: {d.text}".replace("  ", " ")
        for d in licences.duties
        if module in d.applies_to
        and d.kind in RESTRICTING | {"change-of-terms", "termination", "naming"}
    ]
    clauses = [c.say.text for c in conflicts] or clauses
    return LicenceFact(
        stated=stated,
        openness=(
            "restricted" if False in opens else "unknown" if None in opens else "open"
        ),
        complied=False if conflicts else None if unread else True,
        controlled=(True if True in controls else None if None in controls else False),
        clauses=tuple(c.rstrip(".") for c in clauses),
    )


def _strongest(rows: Sequence[tuple[str, State, Class, Grade]]) -> ComponentFact:
    """One fact from what each reference says; component is set by the caller."""
    state = min((r[1] for r in rows), key=STRENGTH.index)
    chosen = [r for r in rows if r[1] == state]
    order: tuple[Grade, ...] = ("equal", "calibrated", "none")
    grade = min((r[3] for r in chosen), key=order.index)
    best = [r for r in chosen if r[3] == grade]
    return ComponentFact(
        "tokenizer",
        state=state,
        found=best[0][2],
        grade=grade,
        references=tuple(r[0] for r in best) if state == "known" else (),
    )


def _tokenizer(report: Report) -> ComponentFact:
    rows = [
        (i.reference, *OF_TOKENIZER[i.tokenizer.finding.relation])
        for i in report.lineage
        if i.tokenizer is not None
    ]
    if not rows:
        return ComponentFact(
            "tokenizer", state="not-testable", detail="no two tokenizers were compared"
        )
    return _strongest(rows)


def _architecture(report: Report) -> ComponentFact:
    """The nearest reference decides, by its nearest component."""
    rows: list[tuple[str, State, Class, Grade]] = []
    steps: list[int] = []
    for item in report.lineage:
        if item.architecture is None:
            continue
        parts = item.architecture.components
        rows += [(item.reference, *OF_DESIGN[c.word]) for c in parts]
        if parts:
            steps.append(max(LADDER.index(c.difference) for c in parts))
    if not rows:
        return ComponentFact(
            "architecture",
            state="not-testable",
            detail="no two architectures were compared",
        )
    fact = _strongest(list(dict.fromkeys(rows)))
    return replace(
        fact, component="architecture", difference=LADDER[min(steps)] if steps else ""
    )


def _declared(fact: ComponentFact, said: Declared, report: Report) -> ComponentFact:
    """A fact with what is stated about it."""
    about = [s for s in said.statements if _about(s, fact)]
    external = [s for s in about if s.provenance != "own" and s.source is not None]
    fact = replace(fact, declared_own=any(s.provenance == "own" for s in about))
    if fact.state == "known":
        named = [
            r for r in fact.references if any(names_source(s, [r]) for s in external)
        ]
        own = any(same_model(r, o) for r in fact.references for o in said.own_models)
        grade = fact.grade
        if grade == "calibrated" and len(named) == len(fact.references):
            # The maker's own word turns a resemblance into a statement.
            grade = "declared"
        return replace(
            fact,
            grade=grade,
            disclosed=_disclosed(fact, named, external, report),
            own_family=own,
        )
    classes = [s for s in external if s.provenance != "unknown"]
    if not classes or not _applies(classes[0], fact, report):
        return fact
    statement = classes[0]
    return replace(
        fact,
        state="known",
        found=statement.provenance,
        grade="declared",
        references=(str(statement.source),),
        disclosed=True,
        own_family=any(same_model(str(statement.source), o) for o in said.own_models),
        licence=_stated_licence(statement),
    )


def _disclosed(
    fact: ComponentFact,
    named: Sequence[str],
    external: Sequence[Initialisation],
    report: Report,
) -> bool | None:
    """Whether every source is named; ``None`` if a name may be another's."""
    if len(named) == len(fact.references):
        return True
    known = [r.name for r in report.references]
    return None if any(not names_source(s, known) for s in external) else False


def _about(statement: Initialisation, fact: ComponentFact) -> bool:
    if fact.module is None:
        return statement.component == fact.component
    return in_scope(statement, fact.module, Provenance(fact.component, "silent"))


def _applies(statement: Initialisation, fact: ComponentFact, report: Report) -> bool:
    """Whether a statement says what a module is made of.

    ``base_model`` of a card means the whole model: it stands for the text decoder
    where there is nothing else with layers. Where exact tests looked for that very
    model and found nothing, the statement stays a row of declarations.
    """
    if fact.module is None:
        return True
    whole = statement.where.endswith("base_model") or statement.where.startswith("GGUF")
    if whole:
        layered = [m for m in report.candidate.modules if m.layers]
        if fact.component != "decoder-weights" or len(layered) > 1:
            return False
    known = [r.name for r in report.references]
    return fact.state != "nothing-found" or not names_source(statement, known)


def _stated_licence(statement: Initialisation) -> LicenceFact:
    if statement.licence is None:
        return LicenceFact()
    read = read_expression(statement.licence)
    openness = {True: "open", False: "restricted", None: "unknown"}[read.open]
    return LicenceFact(
        stated=statement.licence,
        openness=openness,  # type: ignore[arg-type]
        complied=None,
        controlled=read.controlled,
        clauses=tuple(
            f"{x.id} {t.clause}: {t.text}".rstrip(".")
            for x in read.licences
            for t in x.terms
            if t.kind in RESTRICTING | {"change-of-terms", "termination"}
        ),
    )


def _published(said: Declared | None) -> tuple[tuple[Item, bool | None], ...]:
    if said is None:
        return ()
    return tuple(
        (item, read_expression(r.licence).open if r.licence else None)
        for r in said.releases
        for item in _items((r.item,))
    )


def _items(names: Sequence[str]) -> tuple[Item, ...]:
    return tuple(item for item in ITEMS if item in names)
