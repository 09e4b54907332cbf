# SPDX-License-Identifier: Apache-2.0
"""Findings under profiles: re-judges a report without touching weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from parentage.report.document import Report
from parentage.report.load import load_report
from parentage.report.verdict_document import (
    BothTexts,
    Cure,
    CureStep,
    ProfileInfo,
    SourceItem,
    Verdict,
    VerdictDocument,
    VerdictRow,
)
from parentage.report.verdict_words import saying
from parentage.run.document import versions
from parentage.run.facts import facts_of
from parentage.verdict.cure import Remedy, Step, remedies, remedy_of_all
from parentage.verdict.facts import Facts
from parentage.verdict.load_profile import (
    LoadedProfile,
    load_profile,
    shipped_profiles,
)
from parentage.verdict.profile import Both, Profile, Rule
from parentage.verdict.under_profile import Row, judge_facts, outcome_of
from parentage.verdict.vocabulary import WEIGHTS, Weight


def profiles_named(names: Sequence[str]) -> tuple[LoadedProfile, ...]:
    """Profiles by id or file; all shipped ones if none is named.

    Raises:
        ProfileError: one does not exist or is wrong.
    """
    if not names:
        return tuple(shipped_profiles().values())
    return tuple(load_profile(name) for name in dict.fromkeys(names))


def recorded_modules(report: Report) -> frozenset[str]:
    """Modules whose own initial weights a training record supports.

    A record is about the whole model: it supports every module or none. A report
    without one supports none, and a profile that asks for one stays inconclusive. What
    exact tests found in a module stands above any record.
    """
    training = getattr(report, "training", None)
    if getattr(training, "support", None) != "from-scratch-supported":
        return frozenset()
    return frozenset(module.name for module in report.modules)


def judge_report(
    report: Report,
    profiles: Sequence[LoadedProfile],
    recorded: frozenset[str] | None = None,
) -> tuple[Verdict, ...]:
    """The findings of a report under each profile.

    Args:
        report: of an audit, with declarations and licences as far as they were read.
        profiles: definitions to judge by.
        recorded: modules whose own initial weights a training record supports; by
            default what the report itself says.
    """
    if recorded is None:
        recorded = recorded_modules(report)
    facts = facts_of(report, recorded)
    return tuple(verdict_of(facts, loaded) for loaded in profiles)


def verdict_of(facts: Facts, loaded: LoadedProfile) -> Verdict:
    """Facts under one profile, with what would satisfy every rule that fails."""
    profile = loaded.profile
    rows = judge_facts(facts, profile)
    whole = remedy_of_all(rows, facts, profile)
    return Verdict(
        profile=ProfileInfo(
            id=profile.id,
            version=profile.version,
            title=_both(profile.title),
            stance=_both(profile.stance),
            digest=loaded.digest,
            origin=loaded.origin,
        ),
        outcome=outcome_of(rows),
        rows=tuple(_row(row, facts, profile) for row in rows),
        cure=None if whole is None else _cure(whole),
        coverage=facts.coverage,
    )


def judge(report: Report, profiles: Sequence[str] = ()) -> tuple[Verdict, ...]:
    """The findings of a report under written definitions.

    Args:
        report: of an audit, such as ``parentage.load_report`` gives.
        profiles: ids of shipped profiles or files; all shipped ones by default.

    Raises:
        ProfileError: a profile does not exist or is wrong.
    """
    return judge_report(report, profiles_named(profiles))


def judge_file(
    path: str | Path, names: Sequence[str], command: Sequence[str] = ()
) -> VerdictDocument:
    """Judge a stored report.

    Args:
        path: what ``parentage audit --json`` wrote.
        names: profiles by id or file; all shipped ones if there are none.
        command: how this was called, for the document.

    Raises:
        ReportError: the report cannot be read.
        ProfileError: a profile does not exist or is wrong.
    """
    profiles = profiles_named(names)
    report = load_report(path)
    return VerdictDocument(
        schema="parentage.verdict/1",
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=tuple(command),
        candidate=report.candidate.name,
        digest=report.candidate.digest,
        references=tuple(r.name for r in report.references),
        report=hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        verdicts=judge_report(report, profiles),
    )


def _row(row: Row, facts: Facts, profile: Profile) -> VerdictRow:
    rule, fact = row.rule, row.fact
    return VerdictRow(
        rule=rule.id if rule is not None else "silent",
        kind=rule.kind if rule is not None else "provenance",
        weight=_weight(row),
        component=fact.component,
        module=fact.module,
        item=row.item,
        parameters=fact.parameters,
        share=fact.share,
        found=row.ruling.found if row.ruling.found != "unknown" else fact.found,
        references=fact.references,
        allowed=rule.allowed if rule is not None else (),
        forbidden=rule.forbidden if rule is not None else (),
        outcome=row.ruling.outcome,
        grade="record" if row.ruling.reason == "recorded" else fact.grade,
        text=_both(rule.text) if rule is not None else _silence(row, profile),
        source=_source(rule, row, profile),
        reason=saying(row.ruling.reason, **row.ruling.places),
        cures=tuple(_cure(r) for r in remedies(row, facts, profile)),
        set_aside=row.set_aside,
    )


def _weight(row: Row) -> Weight:
    return row.rule.weight if row.rule is not None else "not-stated"


def _silence(row: Row, profile: Profile) -> BothTexts:
    text = next(s.text for s in profile.silent if row.fact.component in s.components)
    return _both(text)


def _source(rule: Rule | None, row: Row, profile: Profile) -> SourceItem:
    """The rule's source; of a silent component, the first source and its silence."""
    found = profile.source(rule.source) if rule is not None else profile.sources[0]
    return SourceItem(
        id=found.id,
        title=_both(found.title),
        link=found.link,
        quote=_both(rule.quote) if rule is not None else _silence(row, profile),
        original=found.language,
        inference=rule.inference if rule is not None else False,
    )


def _both(text: Both) -> BothTexts:
    return BothTexts(en=text.en, ko=text.ko)


def _cure(remedy: Remedy) -> Cure:
    return Cure(
        steps=tuple(_step(step) for step in remedy.steps),
        outcome=remedy.outcome,
        overall=remedy.overall,
    )


def _step(step: Step) -> CureStep:
    places = {"module": step.module or step.component, "item": step.item or ""}
    return CureStep(
        action=step.action,
        component=step.component,
        module=step.module,
        item=step.item,
        say=saying(_cure_text(step), **places),
    )


def _cure_text(step: Step) -> str:
    if step.action == "replace" and step.component not in WEIGHTS:
        return "cure-replace-files"
    return f"cure-{step.action}"
