# SPDX-License-Identifier: Apache-2.0
"""One rule applied to one fact.

Three things hold whatever a profile says. A resemblance never violates: it leaves the
outcome open. Finding nothing is not "own": it counts as far as the rule's own demand
for evidence is met, and no further. And where a source does not say what holds for a
class, the outcome is ``not-stated``, neither a pass nor a failure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from parentage.verdict.facts import ComponentFact, Facts
from parentage.verdict.profile import Accusation, Rule
from parentage.verdict.vocabulary import EXTERNAL, Class, Item, Outcome


@dataclass(frozen=True)
class Ruling:
    """What a rule says of a fact.

    Attributes:
        outcome: see :data:`~parentage.verdict.vocabulary.Outcome`.
        reason: id of a sentence (``report/verdict_words.py``).
        places: what goes into its places.
        found: the class as the rule counts it.
    """

    outcome: Outcome
    reason: str
    places: dict[str, str] = field(default_factory=dict)
    found: Class = "unknown"


def apply_rule(
    rule: Rule,
    fact: ComponentFact,
    facts: Facts,
    accusation: Accusation,
    item: Item | None = None,
) -> Ruling:
    """What ``rule`` says of ``fact``.

    Args:
        rule: of a profile.
        fact: of one of the components it applies to.
        facts: all of them.
        accusation: how sure a violation must be.
        item: what must be published, for rules on completeness.
    """
    if rule.kind == "release":
        return _release(rule, facts, item)
    if rule.weight == "graded":
        return _graded(fact)
    if rule.kind == "provenance":
        return _provenance(rule, fact, accusation)
    reused = _reused(fact, rule, accusation)
    if reused is not None:
        return reused
    if rule.kind == "disclosure":
        return _disclosure(fact, facts)
    return _licence(rule, fact)


def _places(fact: ComponentFact, **more: str) -> dict[str, str]:
    return {
        "module": fact.module or fact.component,
        "references": ", ".join(fact.references),
        **more,
    }


def _sure(fact: ComponentFact, rule: Rule, accusation: Accusation) -> bool:
    """Whether what is known of a fact may lead to a violation."""
    if fact.grade not in rule.accuse_on or fact.direction == "from-candidate":
        return False
    if fact.grade != "exact":
        return True
    return fact.log10_p is not None and fact.log10_p <= accusation.log10_alpha


def _provenance(rule: Rule, fact: ComponentFact, accusation: Accusation) -> Ruling:
    if fact.state == "known" and fact.found != "own":
        return _known(rule, fact, accusation)
    possible = EXTERNAL | {"own"}
    if possible <= set(rule.allowed):
        return Ruling("satisfied", "any-class-allowed", _places(fact))
    if fact.state == "correspondence":
        return Ruling(
            "inconclusive",
            "correspondence",
            _places(fact),
        )
    if fact.state == "not-testable":
        return Ruling("inconclusive", "not-testable", _places(fact, detail=fact.detail))
    return _not_found(rule, fact)


def _known(rule: Rule, fact: ComponentFact, accusation: Accusation) -> Ruling:
    """A class of another's weights, files or design."""
    places = _places(fact, class_=fact.found)
    if fact.found in rule.allowed:
        return Ruling("satisfied", "class-allowed", places, fact.found)
    if fact.found not in rule.forbidden:
        return Ruling("not-stated", "class-not-stated", places, fact.found)
    held_back = _held_back(rule, fact, accusation)
    if held_back:
        return Ruling("inconclusive", held_back, places, fact.found)
    reasons = {"declared": "declared-forbidden", "equal": "equal-forbidden"}
    exact = {"from-reference": "class-forbidden-directed"}
    said = reasons.get(fact.grade, exact.get(fact.direction, "class-forbidden"))
    return Ruling("violated", said, places, fact.found)


def _held_back(rule: Rule, fact: ComponentFact, accusation: Accusation) -> str:
    """Why a class that is not allowed is no violation; empty if it is one."""
    if fact.own_family:
        allowed = rule.own_family == "allowed"
        return "own-family-to-show" if allowed else "own-family-not-stated"
    if fact.direction == "from-candidate":
        return "other-came-later"
    if not _sure(fact, rule, accusation):
        return "resemblance-only" if fact.grade == "calibrated" else "not-sure-enough"
    return ""


def _not_found(rule: Rule, fact: ComponentFact) -> Ruling:
    """Nothing speaks for another's; what is demanded before it counts as own?"""
    places = _places(fact)
    tested = fact.state != "silent"
    if fact.recorded and tested and "own" in rule.allowed:
        return Ruling("satisfied", "recorded", places, "own")
    if "unknown" in rule.allowed:
        return Ruling("satisfied", "unknown-allowed", places)
    if not tested:
        stated = rule.evidence == "declared" and fact.declared_own
        said = "declared-own" if stated else "nothing-known"
        return Ruling("satisfied" if stated else "inconclusive", said, places)
    return _own_by_evidence(rule, fact, places)


def _own_by_evidence(rule: Rule, fact: ComponentFact, places: dict[str, str]) -> Ruling:
    """Exact tests with power found nothing; does the rule ask for more?"""
    if rule.evidence == "nothing-found":
        if len(fact.power) != 2:
            return Ruling("satisfied", "nothing-found-suffices", places)
        places |= {"correlation": fact.power[0], "probability": fact.power[1]}
        return Ruling("satisfied", "nothing-found-with-power", places)
    if rule.evidence == "declared" and fact.declared_own:
        return Ruling("satisfied", "nothing-found-and-declared", places)
    reasons = {
        "declared": "declaration-missing",
        "training-record": "record-missing",
        "not-stated": "evidence-not-stated",
    }
    return Ruling("inconclusive", reasons[rule.evidence], places)


def _reused(fact: ComponentFact, rule: Rule, accusation: Accusation) -> Ruling | None:
    """A ruling where it is not certain that anything is reused; else nothing."""
    places = _places(fact, detail=fact.detail)
    if fact.state == "known" and fact.found != "own":
        if _sure(fact, rule, accusation):
            return None
        if fact.disclosed and rule.kind == "disclosure":
            return Ruling("satisfied", "disclosed", places, fact.found)
        return Ruling("inconclusive", "reuse-not-certain", places, fact.found)
    if fact.state == "correspondence":
        return Ruling("inconclusive", "correspondence", places)
    if fact.state == "not-testable":
        return Ruling("inconclusive", "not-testable", places)
    return Ruling("satisfied", "nothing-reused", places)


def _disclosure(fact: ComponentFact, facts: Facts) -> Ruling:
    places = _places(fact)
    if fact.disclosed:
        return Ruling("satisfied", "disclosed", places, fact.found)
    if not facts.declarations:
        return Ruling("inconclusive", "no-declarations-read", places, fact.found)
    if fact.disclosed is None:
        return Ruling("inconclusive", "disclosure-unclear", places, fact.found)
    return Ruling("violated", "not-disclosed", places, fact.found)


def _licence(rule: Rule, fact: ComponentFact) -> Ruling:
    """Rights to what is certainly reused."""
    known = fact.licence
    places = _places(fact, licence=known.stated or "", clauses="; ".join(known.clauses))
    if known.stated is None:
        return Ruling("inconclusive", "licence-not-stated", places, fact.found)
    if rule.needs == "stated":
        return Ruling("satisfied", "licence-stated", places, fact.found)
    outcome: Outcome
    if rule.kind == "control":
        outcome, said = _CONTROL[known.controlled]
    elif rule.needs == "unrestricted":
        outcome, said = _OPENNESS[known.openness]
    else:
        outcome, said = _COMPLIED[known.complied]
    return Ruling(outcome, said, places, fact.found)


_CONTROL: Final[dict[bool | None, tuple[Outcome, str]]] = {
    False: ("satisfied", "control-kept"),
    True: ("violated", "control-given"),
    None: ("inconclusive", "licence-unclear"),
}
_OPENNESS: Final[dict[str, tuple[Outcome, str]]] = {
    "open": ("satisfied", "licence-open"),
    "restricted": ("violated", "licence-restricted"),
    "unknown": ("inconclusive", "licence-unclear"),
}
_COMPLIED: Final[dict[bool | None, tuple[Outcome, str]]] = {
    True: ("satisfied", "licence-complied"),
    False: ("violated", "licence-conflict"),
    None: ("inconclusive", "licence-unclear"),
}


def _release(rule: Rule, facts: Facts, item: Item | None) -> Ruling:
    places: dict[str, str] = {"item": item or ""}
    if item in facts.withheld:
        return Ruling("violated", "withheld", places)
    licences = [open_ for name, open_ in facts.published if name == item]
    if not licences:
        return Ruling("inconclusive", "not-listed", places)
    if not rule.open_licence or True in licences:
        return Ruling("satisfied", "published", places)
    if None in licences:
        return Ruling("inconclusive", "published-licence-unknown", places)
    return Ruling("violated", "published-not-open", places)


def _graded(fact: ComponentFact) -> Ruling:
    """A place on a ladder, no pass and no failure."""
    if not fact.difference:
        return Ruling("not-stated", "no-grade", _places(fact, detail=fact.detail))
    said = f"grade-{fact.difference}"
    return Ruling("not-stated", said, _places(fact), fact.found)
