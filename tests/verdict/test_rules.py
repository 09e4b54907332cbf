# SPDX-License-Identifier: Apache-2.0
"""No profile can accuse on resemblance, or call "own" what was not found."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.verdict.cure import changed, remedies, remedy_of_all
from parentage.verdict.facts import ComponentFact, Facts, LicenceFact
from parentage.verdict.load_profile import shipped_profiles
from parentage.verdict.profile import Accusation, Both, Rule
from parentage.verdict.rules import apply_rule
from parentage.verdict.under_profile import judge_facts, outcome_of
from parentage.verdict.vocabulary import (
    COMPONENTS,
    EXTERNAL,
    ITEMS,
    WEIGHTS,
    Evidence,
)

PROFILES = {name: p.profile for name, p in shipped_profiles().items()}
TEXT = Both(en="x", ko="가")
LEVEL = Accusation()

licences = st.builds(
    LicenceFact,
    stated=st.sampled_from([None, "MIT", "LicenseRef-llama3.1"]),
    openness=st.sampled_from(["open", "restricted", "unknown"]),
    complied=st.sampled_from([True, False, None]),
    controlled=st.sampled_from([True, False, None]),
)


def facts_of(component, *, state):
    known = state == "known"
    return st.builds(
        ComponentFact,
        component=st.just(component),
        module=st.just(component if component in WEIGHTS else None),
        state=st.just(state),
        found=st.sampled_from(sorted(EXTERNAL)) if known else st.just("unknown"),
        grade=st.sampled_from(["exact", "calibrated", "declared"])
        if known
        else st.just("none"),
        references=st.just(("r",)) if known else st.just(()),
        log10_p=st.sampled_from([None, -3.0, -50.0]),
        declared_own=st.booleans(),
        recorded=st.booleans(),
        disclosed=st.sampled_from([True, False, None]),
        own_family=st.booleans(),
        licence=licences,
        difference=st.sampled_from(["", "none", "module"]),
    )


@st.composite
def all_facts(
    draw, states=("known", "nothing-found", "correspondence", "not-testable")
):
    parts = [
        draw(
            facts_of(
                c,
                state=draw(st.sampled_from(states))
                if c in WEIGHTS | {"tokenizer", "architecture"}
                else "silent",
            )
        )
        for c in COMPONENTS
    ]
    published = draw(
        st.lists(
            st.tuples(st.sampled_from(ITEMS), st.sampled_from([True, False, None])),
            max_size=4,
        )
    )
    return Facts(
        tuple(parts),
        coverage=draw(st.sampled_from([0.3, 0.8, 1.0])),
        declarations=draw(st.booleans()),
        published=tuple(published),
        withheld=tuple(draw(st.sets(st.sampled_from(ITEMS), max_size=2))),
    )


@settings(max_examples=40, deadline=None)
@given(all_facts())
def test_only_what_is_sure_violates(facts):
    for profile in PROFILES.values():
        for row in judge_facts(facts, profile):
            if row.ruling.outcome != "violated" or row.rule.kind == "release":
                continue
            fact = row.fact
            assert fact.state == "known"
            assert fact.grade in {"exact", "declared", "equal"}
            assert fact.grade in row.rule.accuse_on
            if fact.grade == "exact":
                assert fact.log10_p <= profile.accusation.log10_alpha <= -6


@settings(max_examples=40, deadline=None)
@given(all_facts(states=("correspondence", "nothing-found", "not-testable")))
def test_resemblance_and_silence_never_violate_and_never_make_own(facts):
    for profile in PROFILES.values():
        for row in judge_facts(facts, profile):
            if row.item is None:
                assert row.ruling.outcome != "violated"
            if row.ruling.found == "own":
                assert row.fact.recorded
                assert row.fact.state == "nothing-found"


@settings(max_examples=40, deadline=None)
@given(all_facts())
def test_what_a_source_does_not_say_decides_nothing(facts):
    for profile in PROFILES.values():
        rows = judge_facts(facts, profile)
        stated = [r for r in rows if r.ruling.outcome != "not-stated"]
        assert outcome_of(rows) == outcome_of(stated)
        for row in rows:
            if row.rule is None:
                assert row.ruling.outcome == "not-stated"
                assert not row.binding


@settings(max_examples=12, deadline=None)
@given(all_facts())
def test_every_remedy_holds_when_the_changed_facts_are_judged(facts):
    for profile in PROFILES.values():
        rows = judge_facts(facts, profile)
        for row in rows:
            for remedy in remedies(row, facts, profile):
                after = judge_facts(changed(facts, remedy.steps), profile)
                same = next(r for r in after if r.key == row.key)
                assert same.ruling.outcome == "satisfied"
                assert outcome_of(after) == remedy.overall
        whole = remedy_of_all(rows, facts, profile)
        if whole is not None:
            after = judge_facts(changed(facts, whole.steps), profile)
            assert outcome_of(after) == "satisfied"


def rule(**changes):
    return Rule(
        id="r",
        kind="provenance",
        components=("decoder-weights",),
        text=TEXT,
        quote=TEXT,
        source="s",
        allowed=("own",),
        forbidden=tuple(sorted(EXTERNAL)),
    ).model_copy(update=changes)


def judged(rule_, **fact):
    fact = ComponentFact("decoder-weights", "text_decoder", **fact)
    facts = Facts((fact,), 1.0)
    return apply_rule(rule_, fact, facts, LEVEL)


@pytest.mark.parametrize(
    ("evidence", "declared", "recorded"),
    list(product(get_args(Evidence), [False, True], [False, True])),
)
def test_nothing_found_is_own_only_as_far_as_evidence_goes(
    evidence, declared, recorded
):
    ruling = judged(
        rule(evidence=evidence),
        state="nothing-found",
        declared_own=declared,
        recorded=recorded,
    )
    enough = {
        "nothing-found": True,
        "declared": declared or recorded,
        "training-record": recorded,
        "not-stated": recorded,
    }[evidence]
    assert ruling.outcome == ("satisfied" if enough else "inconclusive")
    assert ruling.found == ("own" if recorded else "unknown")


KNOWN = {
    "state": "known",
    "found": "frozen-external",
    "grade": "exact",
    "log10_p": -50.0,
    "references": ("r",),
}


def test_a_known_class_is_allowed_forbidden_or_not_stated():
    assert judged(rule(), **KNOWN).outcome == "violated"
    assert judged(rule(allowed=("frozen-external",)), **KNOWN).outcome == "satisfied"
    assert judged(rule(forbidden=("merged",)), **KNOWN).outcome == "not-stated"


@pytest.mark.parametrize("p", [None, -5.9])
def test_less_certain_than_the_profile_asks(p):
    assert judged(rule(), **KNOWN | {"log10_p": p}).outcome == "inconclusive"


def test_the_makers_own_model_is_not_held_against_it():
    ruling = judged(rule(), **KNOWN, own_family=True)
    assert (ruling.outcome, ruling.reason) == ("inconclusive", "own-family-not-stated")
    ruling = judged(rule(own_family="allowed"), **KNOWN, own_family=True)
    assert (ruling.outcome, ruling.reason) == ("inconclusive", "own-family-to-show")


def test_every_class_allowed_needs_no_evidence():
    free = rule(allowed=(*sorted(EXTERNAL), "own"), forbidden=())
    for state in ("nothing-found", "correspondence", "not-testable"):
        assert judged(free, state=state).outcome == "satisfied"


@pytest.mark.parametrize(
    ("disclosed", "declarations", "outcome"),
    [
        (True, True, "satisfied"),
        (False, True, "violated"),
        (None, True, "inconclusive"),
        (False, False, "inconclusive"),
    ],
)
def test_disclosure(disclosed, declarations, outcome):
    fact = ComponentFact(
        "decoder-weights", "text_decoder", **KNOWN, disclosed=disclosed
    )
    facts = Facts((fact,), 1.0, declarations=declarations)
    assert apply_rule(rule(kind="disclosure"), fact, facts, LEVEL).outcome == outcome


@pytest.mark.parametrize(
    ("needs", "licence", "outcome"),
    [
        ("stated", LicenceFact(), "inconclusive"),
        ("stated", LicenceFact("MIT"), "satisfied"),
        ("unrestricted", LicenceFact("MIT", "open"), "satisfied"),
        ("unrestricted", LicenceFact("X", "restricted"), "violated"),
        ("unrestricted", LicenceFact("X"), "inconclusive"),
        ("complied", LicenceFact("X", complied=True), "satisfied"),
        ("complied", LicenceFact("X", complied=False), "violated"),
        ("complied", LicenceFact("X"), "inconclusive"),
    ],
)
def test_licences(needs, licence, outcome):
    fact = ComponentFact("decoder-weights", "text_decoder", **KNOWN, licence=licence)
    asked = rule(kind="licence", needs=needs)
    assert apply_rule(asked, fact, Facts((fact,), 1.0), LEVEL).outcome == outcome


@pytest.mark.parametrize(
    ("controlled", "outcome"),
    [(False, "satisfied"), (True, "violated"), (None, "inconclusive")],
)
def test_control(controlled, outcome):
    licence = LicenceFact("X", controlled=controlled)
    fact = ComponentFact("decoder-weights", "text_decoder", **KNOWN, licence=licence)
    asked = rule(kind="control", needs="unrestricted")
    assert apply_rule(asked, fact, Facts((fact,), 1.0), LEVEL).outcome == outcome


@pytest.mark.parametrize(
    ("published", "withheld", "outcome"),
    [
        ((), (), "inconclusive"),
        ((), ("training-code",), "violated"),
        ((("training-code", True),), (), "satisfied"),
        ((("training-code", None),), (), "inconclusive"),
        ((("training-code", False),), (), "violated"),
    ],
)
def test_release(published, withheld, outcome):
    asked = rule(kind="release", items=("training-code",), open_licence=True)
    fact = ComponentFact("training-code")
    facts = Facts((fact,), 1.0, published=published, withheld=withheld)
    ruling = apply_rule(asked, fact, facts, LEVEL, "training-code")
    assert ruling.outcome == outcome


def test_untested_modules_are_set_aside_only_where_the_profile_says_so():
    fact = ComponentFact("projector", "projector", state="not-testable")
    rest = [ComponentFact(c) for c in COMPONENTS if c != "projector"]
    facts = Facts((fact, *rest), coverage=0.6)
    for name, kept in (("ci-hygiene", False), ("gov-minimum", True)):
        rows = [
            r
            for r in judge_facts(facts, PROFILES[name])
            if r.fact.module == "projector" and r.ruling.outcome == "inconclusive"
        ]
        assert rows
        assert all(r.set_aside != kept for r in rows)
    low = replace(facts, coverage=0.4)
    rows = judge_facts(low, PROFILES["ci-hygiene"])
    assert not any(r.set_aside for r in rows)
