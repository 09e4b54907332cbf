# SPDX-License-Identifier: Apache-2.0
"""One candidate under one profile: every rule on every fact, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parentage.verdict.facts import ComponentFact, Facts
from parentage.verdict.profile import Profile, Rule
from parentage.verdict.rules import Ruling, apply_rule
from parentage.verdict.vocabulary import Component, Item, Outcome


@dataclass(frozen=True)
class Row:
    """One rule on one fact.

    Attributes:
        rule: ``None`` where the profile's source says nothing of the component.
        fact: what it is about.
        item: what must be published, for rules on completeness.
        ruling: what it comes to.
        set_aside: whether the row is left out of the profile's outcome: its module
            could not be tested, and the profile asks for less coverage than was had.
    """

    rule: Rule | None
    fact: ComponentFact
    item: Item | None
    ruling: Ruling
    set_aside: bool = False

    @property
    def binding(self) -> bool:
        """Whether the row takes part in the profile's outcome."""
        return (
            self.rule is not None
            and self.rule.weight == "required"
            and not self.set_aside
        )

    @property
    def key(self) -> tuple[str, str | None, Component, str | None]:
        """What stays the same when facts change."""
        name = self.rule.id if self.rule else ""
        return name, self.fact.module, self.fact.component, self.item


def judge_facts(facts: Facts, profile: Profile) -> tuple[Row, ...]:
    """Every rule on every fact that it is about, in the order of the profile."""
    rows: list[Row] = []
    for rule in profile.rules:
        if rule.kind == "release":
            for item in rule.items:
                fact = ComponentFact(rule.components[0])
                ruling = apply_rule(rule, fact, facts, profile.accusation, item)
                rows.append(Row(rule, fact, item, ruling))
            continue
        for fact in facts.of(rule.components):
            ruling = apply_rule(rule, fact, facts, profile.accusation)
            aside = (
                fact.state == "not-testable"
                and profile.accusation.coverage < 1
                and facts.coverage >= profile.accusation.coverage
            )
            rows.append(Row(rule, fact, None, ruling, aside))
    for silence in profile.silent:
        for fact in facts.of(silence.components):
            places = {"module": fact.module or fact.component}
            ruling = Ruling("not-stated", "source-silent", places, fact.found)
            rows.append(Row(None, fact, None, ruling))
    return tuple(rows)


def outcome_of(rows: Sequence[Row]) -> Outcome:
    """What a profile comes to.

    Violated if a required rule is; else inconclusive if one is; else satisfied if one
    is; else not stated.
    """
    words = {row.ruling.outcome for row in rows if row.binding}
    order: tuple[Outcome, ...] = ("violated", "inconclusive", "satisfied")
    return next((word for word in order if word in words), "not-stated")
