# SPDX-License-Identifier: Apache-2.0
"""Declarations and licences of a stored report, and profiles, as documents."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from parentage.artifact.checkpoint import open_checkpoint
from parentage.errors import ParentageError, UsageError
from parentage.report.document import Report
from parentage.report.load import load_report
from parentage.report.verdict_declared import DeclaredDocument
from parentage.report.verdict_licences import LicencesDocument
from parentage.report.verdict_profiles import ProfileEntry, ProfilesDocument
from parentage.run.agreement import agree
from parentage.run.declared import Said, read_declarations, stated_licence
from parentage.run.document import versions
from parentage.run.judge import profiles_named, recorded_modules
from parentage.run.licences import licence_chain, named_licences, notices_beside


def list_profiles(names: Sequence[str] = ()) -> ProfilesDocument:
    """Profiles by id or file; all shipped ones if none is named.

    Raises:
        ProfileError: one does not exist or is wrong.
    """
    return ProfilesDocument(
        schema="parentage.profiles/1",
        profiles=tuple(
            ProfileEntry(digest=p.digest, origin=p.origin, profile=p.profile)
            for p in profiles_named(names)
        ),
    )


def declared_file(
    model: str | Path,
    report: str | Path,
    manifest: str | Path | None = None,
    command: Sequence[str] = (),
) -> DeclaredDocument:
    """What the maker of a model states, against a stored report.

    Args:
        model: folder or file of weights; only headers, config and card are read.
        report: what ``parentage audit --json`` wrote about it.
        manifest: what the maker states about every component.
        command: how this was called, for the document.

    Raises:
        ReportError: the report cannot be read.
        DeclarationError: the card or the manifest cannot be read.
        UsageError: the report is about another model.
        ArtifactError: the model cannot be opened.
    """
    found = load_report(report)
    said = _said(Path(model), manifest)
    _same_model(Path(model), found)
    return DeclaredDocument(
        schema="parentage.declared/1",
        versions=versions(),
        created=_now(),
        command=tuple(command),
        candidate=found.candidate.name,
        digest=found.candidate.digest,
        report=_digest(report),
        declared=agree(found, said, recorded_modules(found)),
    )


def licences_file(
    report: str | Path,
    *,
    manifest: str | Path | None = None,
    licences: Sequence[tuple[str, str]] = (),
    whole: str | None = None,
    command: Sequence[str] = (),
) -> LicencesDocument:
    """Licences from every reused component of a stored report to the whole.

    Cards of candidate and references are read where the report says they lie; what is
    not there any more is taken from the report, or not known.

    Args:
        report: what ``parentage audit --json`` wrote.
        manifest: what the maker states about every component.
        licences: (model, SPDX expression) that stand above what cards say.
        whole: licence of the candidate, above what its card says.
        command: how this was called, for the document.

    Raises:
        ReportError: the report cannot be read.
        DeclarationError: a card or the manifest cannot be read.
    """
    found = load_report(report)
    path = Path(found.candidate.path)
    said = _said(path, manifest, missing_ok=True)
    stored = {
        x.reference: (x.stated, x.where)
        for x in (found.licences.chain if found.licences else ())
        if x.stated is not None
    }
    for reference in found.references:
        stated = _licence_of(Path(reference.path))
        if stated is not None:
            stored[reference.name] = stated
    stored |= named_licences(licences, [r.name for r in found.references])
    if whole is None and said.licence is None and found.licences is not None:
        whole = found.licences.whole
    return LicencesDocument(
        schema="parentage.licences/1",
        versions=versions(),
        created=_now(),
        command=tuple(command),
        candidate=found.candidate.name,
        digest=found.candidate.digest,
        report=_digest(report),
        licences=licence_chain(
            found,
            said,
            stored,
            whole=whole,
            notices=notices_beside(path) if path.exists() else None,
        ),
    )


def _said(path: Path, manifest: str | Path | None, *, missing_ok: bool = False) -> Said:
    if missing_ok and not path.exists():
        return read_declarations(None, {}, manifest)
    with open_checkpoint(path) as checkpoint:
        return read_declarations(path, checkpoint.config, manifest)


def _licence_of(path: Path) -> tuple[str, str] | None:
    if not path.exists():
        return None
    try:
        with open_checkpoint(path) as checkpoint:
            return stated_licence(path, checkpoint.config)
    except ParentageError:
        # Not known is what the chain says of a licence that it was not given.
        return None


def _same_model(path: Path, report: Report) -> None:
    """Refuse a report about another model.

    Its digest covers blocks that are not read again here, so sizes of all modules are
    compared: a mix-up is caught, a model of the very same shape is not.
    """
    from parentage.run.audit import open_model  # noqa: PLC0415

    opened = open_model(path)
    with opened.checkpoint:
        sizes = {m.name: m.parameters for m in opened.model.modules}
    stored = {m.name: m.parameters for m in report.candidate.modules}
    if sizes != stored:
        raise UsageError(
            f"the report is about {report.candidate.name}, whose modules have other "
            "sizes",
            file=str(path),
            expected="the model that the report is about",
        )


def _digest(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
