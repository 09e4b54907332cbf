# SPDX-License-Identifier: Apache-2.0
"""Declarations, licences and verdicts of an audit, after its findings.

None of them can change a finding. A card that cannot be read becomes a note; a
manifest, a profile or a licence that was named on purpose is an error instead, raised
before any weight is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from parentage.errors import DeclarationError
from parentage.report.verdict_words import saying
from parentage.run.agreement import agree
from parentage.run.declared import Said, read_declarations, stated_licence
from parentage.run.judge import judge_report, profiles_named, recorded_modules
from parentage.run.licences import licence_chain, named_licences, notices_beside
from parentage.run.provenance import ACCUSED
from parentage.verdict.load_profile import LoadedProfile
from parentage.verdict.manifest import load_manifest

if TYPE_CHECKING:
    from parentage.report.document import Report
    from parentage.report.verdict_document import Saying
    from parentage.run.audit import Opened


@dataclass(frozen=True)
class Wanted:
    """What an audit is to judge beside its findings.

    Attributes:
        profiles: definitions to judge by.
        manifest: a submission manifest.
        licences: (model, SPDX expression) of references whose cards do not say.
    """

    profiles: tuple[LoadedProfile, ...] = ()
    manifest: Path | None = None
    licences: tuple[tuple[str, str], ...] = field(default=())


def wanted(
    profiles: Sequence[str] = (),
    manifest: str | Path | None = None,
    licences: Sequence[tuple[str, str]] = (),
) -> Wanted:
    """Check what was asked for, before anything is read.

    Raises:
        ProfileError: a profile does not exist or is wrong.
        DeclarationError: the manifest is wrong.
    """
    if manifest is not None:
        load_manifest(manifest)
    return Wanted(
        profiles_named(profiles) if profiles else (),
        Path(manifest) if manifest is not None else None,
        tuple(licences),
    )


def complete(
    report: Report, own: Opened, references: Sequence[Opened], asked: Wanted
) -> Report:
    """The report with what the maker states, licences and verdicts."""
    notes: list[Saying] = []
    said = _said(own, asked, notes)
    spoken = said.card is not None or said.manifest is not None or said.statements
    if spoken or notes:
        declared = agree(report, said, recorded_modules(report))
        declared = declared.model_copy(update={"notes": (*declared.notes, *notes)})
        report = report.model_copy(update={"declared": declared})
    if any(m.finding in ACCUSED for m in report.modules):
        stated = {}
        for reference in references:
            try:
                found = stated_licence(
                    reference.checkpoint.path, reference.checkpoint.config
                )
            except DeclarationError:
                # Not known is what the chain says of a licence it was not given.
                continue
            if found is not None:
                stated[reference.label] = found
        labels = [r.label for r in references]
        stated |= named_licences(asked.licences, labels)
        chain = licence_chain(
            report,
            said,
            stated,
            notices=notices_beside(own.checkpoint.path),
        )
        report = report.model_copy(update={"licences": chain})
    if asked.profiles:
        verdicts = judge_report(report, asked.profiles)
        report = report.model_copy(update={"verdicts": verdicts})
    return report


def _said(own: Opened, asked: Wanted, notes: list[Saying]) -> Said:
    path, config = own.checkpoint.path, own.checkpoint.config
    try:
        return read_declarations(path, config, asked.manifest)
    except DeclarationError as error:
        # The manifest was checked before: it is the card that cannot be read.
        notes.append(saying("card-unreadable", error=str(error)))
    return read_declarations(None, config, asked.manifest)
