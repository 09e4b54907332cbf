# SPDX-License-Identifier: Apache-2.0
"""What would satisfy a rule: found by judging changed facts, never by a fixed text.

Each change is something a maker can do. One change is tried first, then two together;
what is reported is the smallest set after which the rule itself is satisfied, with
what the whole profile then comes to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final

from parentage.verdict.facts import ComponentFact, Facts, LicenceFact
from parentage.verdict.profile import Profile
from parentage.verdict.under_profile import Row, judge_facts, outcome_of
from parentage.verdict.vocabulary import (
    WEIGHTS,
    Action,
    Component,
    Item,
    Outcome,
)


@dataclass(frozen=True)
class Step:
    """One change.

    Attributes:
        action: what the maker does.
        component, module: to what.
        item: what is published or handed in.
    """

    action: Action
    component: Component
    module: str | None = None
    item: Item | None = None


@dataclass(frozen=True)
class Remedy:
    """Changes, and what they lead to.

    Attributes:
        steps: all of them are needed.
        outcome: of the rule, once the facts are changed.
        overall: of the profile, once the facts are changed.
    """

    steps: tuple[Step, ...]
    outcome: Outcome
    overall: Outcome


def remedies(row: Row, facts: Facts, profile: Profile) -> tuple[Remedy, ...]:
    """Smallest sets of changes after which the row's rule is satisfied.

    Empty for rows that are satisfied or not stated, and where nothing that the facts
    can express would do.
    """
    if row.rule is None or row.ruling.outcome in {"satisfied", "not-stated"}:
        return ()
    steps = list(_steps(row))
    for size in (1, 2, 3):
        found = []
        for chosen in combinations(steps, size):
            rows = judge_facts(changed(facts, chosen), profile)
            after = next((r for r in rows if r.key == row.key), None)
            if after is not None and after.ruling.outcome == "satisfied":
                found.append(Remedy(chosen, "satisfied", outcome_of(rows)))
        if found:
            return tuple(found)
    return ()


def remedy_of_all(rows: Sequence[Row], facts: Facts, profile: Profile) -> Remedy | None:
    """Changes that satisfy every required rule, if there are any.

    The first remedy of each failing rule is taken, in order, skipping rules that
    earlier changes have satisfied already; then the whole is judged again.
    """
    if outcome_of(rows) in {"satisfied", "not-stated"}:
        return None
    steps: list[Step] = []
    current = facts
    for row in rows:
        now = judge_facts(current, profile)
        here = next((r for r in now if r.key == row.key), None)
        if here is None or not here.binding:
            continue
        options = remedies(here, current, profile)
        if not options:
            continue
        steps += [s for s in options[0].steps if s not in steps]
        current = changed(facts, steps)
    after = outcome_of(judge_facts(current, profile))
    if after != "satisfied":
        return None
    return Remedy(tuple(steps), "satisfied", after)


def changed(facts: Facts, steps: Sequence[Step]) -> Facts:
    """The facts as they would be after some steps, in the order that makes sense."""
    order: tuple[Action, ...] = (
        "replace",
        "test",
        "disclose",
        "correct-declaration",
        "obtain-licence",
        "hand-in-evidence",
        "publish",
    )
    for step in sorted(steps, key=lambda s: order.index(s.action)):
        facts = _after(facts, step)
    return facts


def _steps(row: Row) -> Iterator[Step]:
    """Everything that could be done about a row, from the least to the most."""
    rule, fact = row.rule, row.fact
    if rule is None:
        return
    place = (fact.component, fact.module)
    if rule.kind == "release":
        yield Step("publish", fact.component, None, row.item)
        return
    if rule.kind == "disclosure":
        yield Step("disclose", *place)
    elif rule.kind in {"licence", "control"}:
        yield Step("obtain-licence", *place)
    elif fact.state != "known":
        yield Step("correct-declaration", *place)
        yield Step("hand-in-evidence", *place, "training-logs")
    if fact.state == "not-testable":
        yield Step("test", *place)
    if fact.state in {"known", "correspondence"}:
        yield Step("replace", *place)
        if rule.kind == "provenance" and fact.state == "known":
            yield Step("correct-declaration", *place)
            yield Step("hand-in-evidence", *place, "training-logs")


def _after(facts: Facts, step: Step) -> Facts:
    if step.action == "publish" and step.item is not None:
        return replace(
            facts,
            declarations=True,
            published=(*facts.published, (step.item, True)),
            withheld=tuple(i for i in facts.withheld if i != step.item),
        )
    for fact in facts.components:
        if (fact.component, fact.module) == (step.component, step.module):
            facts = facts.changed(fact, _fact_after(fact, step))
    if step.action in {"disclose", "correct-declaration"}:
        facts = replace(facts, declarations=True)
    return facts


def _fact_after(fact: ComponentFact, step: Step) -> ComponentFact:
    if step.action == "replace":
        # Own weights of the same shape: a repeated audit would find nothing.
        return replace(
            fact,
            state="nothing-found" if _tested(fact) else "silent",
            found="unknown",
            grade="none",
            references=(),
            log10_p=None,
            own_family=False,
            licence=LicenceFact(),
            detail="",
        )
    return replace(fact, **_CHANGES.get(step.action, {}))


_CHANGES: Final[dict[Action, dict[str, Any]]] = {
    "test": {"state": "nothing-found", "detail": ""},
    "disclose": {"disclosed": True},
    "correct-declaration": {"declared_own": True},
    "obtain-licence": {
        "licence": LicenceFact(
            "granted", openness="open", complied=True, controlled=False
        )
    },
    "hand-in-evidence": {"recorded": True},
}
"""What each action changes of a fact; replacing a module changes more."""


def _tested(fact: ComponentFact) -> bool:
    """Whether tests of this component exist: of tensors, tokenizers and designs."""
    return fact.component in WEIGHTS | {"tokenizer", "architecture"}
