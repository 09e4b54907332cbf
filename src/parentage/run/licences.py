# SPDX-License-Identifier: Apache-2.0
"""Licences from every reused component to the whole: duties and conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

from parentage.artifact.source.place import Location, open_file
from parentage.report.verdict_licences import (
    Conflict,
    Duty,
    LicenceItem,
    LicenceLink,
    Licences,
)
from parentage.report.verdict_words import saying
from parentage.run.agreement import in_scope, names_source, same_model
from parentage.run.provenance import provenance_of
from parentage.verdict.licences import (
    RESTRICTING,
    Expression,
    Licence,
    Term,
    read_expression,
)

if TYPE_CHECKING:
    from parentage.report.document import Report
    from parentage.run.declared import Said

NOTICES: Final = ("README", "LICENSE", "LICENCE", "NOTICE", "COPYING", "USE_POLICY")
"""Beginnings of names of files beside the weights in which notices are looked for."""

MAX_NOTICE: Final = 1_000_000

Stated = Mapping[str, tuple[str, str]]
"""Reference -> its licence as written, and where."""


def notices_beside(path: Location) -> str | None:
    """Text of all notices beside a model's weights; ``None`` if they are not there."""
    if not path.exists():
        return None
    folder = path if path.is_dir() else path.parent
    texts = []
    files: list[Location] = sorted(folder.iterdir(), key=lambda f: f.name)
    for file in files:
        named = file.name.upper().startswith(NOTICES)
        if named and file.is_file() and not file.is_symlink():
            with open_file(file, root=folder) as source:
                raw = source.pread(0, min(source.size, MAX_NOTICE))
            texts.append(raw.decode("utf-8", "replace"))
    return " ".join("\n".join(texts).split())


def licence_chain(
    report: Report,
    said: Said | None,
    stated: Stated,
    *,
    whole: str | None = None,
    notices: str | None = None,
) -> Licences:
    """The chain of an audit.

    Args:
        report: of the audit.
        said: what the maker states, if anything was read.
        stated: licences of the references.
        whole: licence of the candidate, if it is not to be taken from ``said``.
        notices: text of the files beside the candidate's weights; ``None`` if they
            were not looked at.
    """
    if whole is None and said is not None and said.licence is not None:
        whole = said.licence[0]
    links = list(_links(report, said, stated))
    read = {
        link.stated: read_expression(link.stated)
        for link in links
        if link.stated is not None
    }
    known = {x.id: x for e in read.values() for x in e.licences}
    if whole is not None:
        known |= {x.id: x for x in read_expression(whole).licences}
    names = [report.candidate.name]
    if said is not None and said.manifest is not None:
        names = [said.manifest.manifest.model]
    duties = list(_duties(links, read, notices, names))
    conflicts = [
        *_conflicts(links, read, whole),
        *(_unmet(d, links, whole) for d in duties if d.met == "no"),
    ]
    return Licences(
        whole=whole,
        chain=tuple(links),
        licences=tuple(
            LicenceItem(
                id=x.id,
                title=x.title,
                link=x.link,
                verified=x.verified,
                family=x.family,
            )
            for x in known.values()
        ),
        duties=tuple(duties),
        conflicts=tuple(conflicts),
        unknown=tuple(dict.fromkeys(u for e in read.values() for u in e.unknown)),
        caveat=saying("caveat"),
    )


def _links(report: Report, said: Said | None, stated: Stated) -> Iterator[LicenceLink]:
    shares = {m.name: m.share for m in report.modules}
    for module, found in provenance_of(report).items():
        for reference in found.references if found.reused else ():
            expression, where = stated.get(reference, (None, ""))
            for statement in said.statements if said else ():
                if expression is None and statement.licence is not None:
                    about = in_scope(statement, module, found)
                    if about and names_source(statement, [reference]):
                        expression = statement.licence
                        where = f"{statement.where}.licence"
            read = read_expression(expression) if expression else None
            yield LicenceLink(
                component=found.component,
                module=module,
                share=shares[module],
                reference=reference,
                stated=expression,
                where=where,
                licences=tuple(x.id for x in read.licences) if read else (),
            )


def _duties(
    links: Sequence[LicenceLink],
    read: Mapping[str, Expression],
    notices: str | None,
    names: Sequence[str],
) -> Iterator[Duty]:
    found: dict[str, tuple[Licence, list[str]]] = {}
    for link in links:
        if link.stated is None:
            continue
        for licence in read[link.stated].licences:
            found.setdefault(licence.id, (licence, []))[1].append(link.module)
    for licence, modules in found.values():
        for term in licence.terms:
            yield Duty.model_validate(
                {
                    "licence": licence.id,
                    "kind": term.kind,
                    "clause": term.clause,
                    "text": term.text,
                    "applies_to": tuple(dict.fromkeys(modules)),
                    "met": _met(term, notices, names),
                }
            )


def _met(
    term: Term, notices: str | None, names: Sequence[str]
) -> Literal["yes", "no", "unknown"]:
    if term.prefix:
        begins = (_plain(n).startswith(_plain(term.prefix)) for n in names)
        return "yes" if any(begins) else "no"
    if term.check and notices is not None:
        folded = notices.casefold()
        return "yes" if any(c.casefold() in folded for c in term.check) else "no"
    return "unknown"


def _plain(name: str) -> str:
    last = name.rsplit("/", 1)[-1]
    return "".join(c for c in last.casefold() if c.isalnum())


def _conflicts(
    links: Sequence[LicenceLink],
    read: Mapping[str, Expression],
    whole: str | None,
) -> Iterator[Conflict]:
    """Terms of a reused component that the licence of the whole does not carry."""
    if whole is None:
        return
    outer = read_expression(whole)
    carried = {x.id for x in outer.licences}
    for link in links:
        inner = read[link.stated] if link.stated is not None else None
        if inner is None or inner.open is not False or inner.choice:
            continue
        for licence in inner.licences:
            if licence.id in carried or licence.family == "open":
                continue
            if outer.open is not True:
                continue
            yield _conflict(link, licence, whole)


def _conflict(link: LicenceLink, licence: Licence, whole: str) -> Conflict:
    names = {
        "non-commercial": "conflict-non-commercial",
        "copyleft": "conflict-copyleft",
    }
    name = names.get(licence.family)
    kinds = {t.kind: t for t in licence.terms}
    if name is None:
        name = (
            "conflict-pass-on"
            if "pass-on-terms" in kinds
            else ("conflict-restrictions")
        )
    clause = next(
        (t.clause for t in licence.terms if t.kind in RESTRICTING | {"pass-on-terms"}),
        "",
    )
    return Conflict(
        module=link.module,
        reference=link.reference,
        licence=licence.id,
        whole=whole,
        clause=clause,
        say=saying(name, licence=licence.id, whole=whole),
    )


def _unmet(duty: Duty, links: Sequence[LicenceLink], whole: str | None) -> Conflict:
    link = next(x for x in links if x.module in duty.applies_to)
    return Conflict(
        module=link.module,
        reference=link.reference,
        licence=duty.licence,
        whole=whole,
        clause=duty.clause,
        say=saying("conflict-duty", licence=duty.licence, text=duty.text),
    )


def named_licences(
    pairs: Sequence[tuple[str, str]], references: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """Licences given by hand, by the reference that each name means."""
    return {
        reference: (expression, "--licence")
        for name, expression in pairs
        for reference in references
        if same_model(name, reference)
    }
