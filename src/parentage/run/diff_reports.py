# SPDX-License-Identifier: Apache-2.0
"""What changed between two stored reports, such as before and after a cure.

Verdicts of both are made again by the same profiles, so that a newer profile is never
taken for a change of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from parentage.report.load import load_report
from parentage.report.verdict_diff import Change, DiffDocument, Side
from parentage.report.words import percent
from parentage.run.document import versions
from parentage.run.judge import judge_report, profiles_named
from parentage.run.provenance import provenance_of
from parentage.verdict.load_profile import shipped_profiles

if TYPE_CHECKING:
    from parentage.report.document import Report
    from parentage.report.verdict_document import Verdict


def diff_files(
    old: str | Path,
    new: str | Path,
    profiles: Sequence[str] = (),
    command: Sequence[str] = (),
) -> DiffDocument:
    """Compare two stored reports.

    Args:
        old, new: what ``parentage audit --json`` wrote.
        profiles: definitions to judge both by; by default those that either report
            was judged by, as far as they ship with the package.
        command: how this was called, for the document.

    Raises:
        ReportError: a report cannot be read.
        ProfileError: a profile does not exist or is wrong.
    """
    before, after = load_report(old), load_report(new)
    names = list(profiles) or _stored(before, after)
    loaded = profiles_named(names) if names else ()
    return DiffDocument(
        schema="parentage.changes/1",
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=tuple(command),
        old=_side(old, before),
        new=_side(new, after),
        profiles=tuple(p.profile.id for p in loaded),
        changes=(
            *_modules(before, after),
            *_statements(before, after),
            *_verdicts(judge_report(before, loaded), judge_report(after, loaded)),
        ),
    )


def _stored(before: Report, after: Report) -> list[str]:
    known = shipped_profiles()
    ids = [v.profile.id for r in (before, after) for v in r.verdicts]
    return [name for name in dict.fromkeys(ids) if name in known]


def _side(path: str | Path, report: Report) -> Side:
    return Side(
        file=str(path),
        candidate=report.candidate.name,
        digest=report.candidate.digest,
        created=report.created,
        references=tuple(r.name for r in report.references),
    )


def _changed(
    what: str,
    old: Mapping[str, str],
    new: Mapping[str, str],
    profile: str | None = None,
) -> Iterator[Change]:
    for subject in dict.fromkeys([*old, *new]):
        a, b = old.get(subject, ""), new.get(subject, "")
        if a != b:
            yield Change.model_validate(
                {
                    "what": what,
                    "subject": subject,
                    "profile": profile,
                    "old": a,
                    "new": b,
                }
            )


def _modules(before: Report, after: Report) -> Iterator[Change]:
    """Findings, classes and sizes of modules; a module that came or went once."""
    tables = [
        {
            m.name: (
                m.finding + (f" ({m.reference})" if m.reference else ""),
                provenance_of(report)[m.name].found,
                f"{percent(m.share)} ({m.parameters} parameters)",
            )
            for m in report.modules
        }
        for report in (before, after)
    ]
    old, new = tables
    gone = {n: "present" for n in old if n not in new}
    came = {n: "present" for n in new if n not in old}
    yield from _changed("module", gone, came)
    both = [name for name in old if name in new]
    for place, what in enumerate(("finding", "class", "share")):
        yield from _changed(
            what,
            {n: old[n][place] for n in both},
            {n: new[n][place] for n in both},
        )


def _statements(before: Report, after: Report) -> Iterator[Change]:
    """Rows of declarations, by what they are about and what is stated."""
    old, new = (
        {
            f"{r.subject}: {r.declared}".rstrip(": "): str(r.outcome)
            for r in (report.declared.rows if report.declared else ())
        }
        for report in (before, after)
    )
    yield from _changed("declared", old, new)


def _verdicts(before: Sequence[Verdict], after: Sequence[Verdict]) -> Iterator[Change]:
    for old, new in zip(before, after, strict=True):
        name = old.profile.id
        if old.outcome != new.outcome:
            yield Change(
                what="outcome",
                subject=name,
                profile=name,
                old=old.outcome,
                new=new.outcome,
            )
        rows = [
            {
                f"{r.rule}: {r.item or r.module or r.component}": str(r.outcome)
                for r in verdict.rows
            }
            for verdict in (old, new)
        ]
        yield from _changed("rule", rows[0], rows[1], name)
