# SPDX-License-Identifier: Apache-2.0
"""Who goes on under every rule, from complete scores and from open ones."""

import pytest

from parentage.program.score import score_stage
from parentage.program.scores import Decision, Scores

GATE = {
    "title": {"en": "Gate", "ko": "Gate"},
    "source": "plan",
    "criteria": [
        {
            "id": name,
            "title": {"en": name, "ko": name},
            "text": {"en": name, "ko": name},
            "source": "plan",
        }
        for name in ("technical", "policy")
    ],
}


def values(**scores):
    return Scores.model_validate(
        {
            "values": [
                {"team": team, "item": f"p.{item}", "value": value}
                for team, row in scores.items()
                for item, value in row.items()
            ]
        }
    )


def decide(team, outcome, by="committee", criterion=None):
    return Decision(
        team=team,
        outcome=outcome,
        by=by,
        criterion=criterion,
        reason={"en": "Because.", "ko": "Because."},
    )


def outcomes(result):
    return {t.team: (t.advance.outcome, t.advance.reason) for t in result.teams}


SCORES = {"a": {"i": 9}, "b": {"i": 7}, "c": {"i": 5}, "d": {"i": 3}}


@pytest.fixture(name="run")
def run_fixture(make):
    def run(rule, scores, decisions=(), items=("i",), **more):
        stage = make({"p": dict.fromkeys(items, 10)}, list("abcd"), rule, **more)
        return score_stage(stage, values(**scores), decisions)

    return run


def test_top(run):
    assert outcomes(run({"kind": "top", "count": 2}, SCORES)) == {
        "a": ("advances", "top-in"),
        "b": ("advances", "top-in"),
        "c": ("out", "top-out"),
        "d": ("out", "top-out"),
    }


def test_eliminate(run):
    found = outcomes(run({"kind": "eliminate", "count": 1}, SCORES))
    assert [found[t][0] for t in "abcd"] == ["advances"] * 3 + ["out"]


def test_a_team_that_fails_before_makes_room_and_after_does_not(run):
    passed = [decide(t, "pass") for t in "bcd"]
    for gate, third in (("before", "advances"), ("after", "out")):
        result = run(
            {"kind": "top", "count": 2, "gate": gate},
            SCORES,
            [decide("a", "fail"), *passed],
            gate=GATE,
        )
        assert result.team("a").advance.outcome == "out"
        assert result.team("b").advance.outcome == "advances"
        assert result.team("c").advance.outcome == third
        # The score is the same whatever the gate says.
        assert result.team("a").total.low == 9
        assert result.team("a").rank.best == 1


def test_an_open_gate_leaves_open_only_whom_it_can_reach(run):
    decisions = [decide("a", "pass"), decide("c", "pass"), decide("d", "pass")]
    result = run({"kind": "top", "count": 2}, SCORES, decisions, gate=GATE)
    assert outcomes(result) == {
        "a": ("advances", "top-in"),
        "b": ("open", "top-in-gate-open"),
        "c": ("open", "top-open"),
        "d": ("out", "top-out"),
    }


def test_an_open_gate_with_elimination(run):
    decisions = [decide(t, "pass") for t in "abc"]
    result = run({"kind": "eliminate", "count": 1}, SCORES, decisions, gate=GATE)
    # If d fails, c is the last of those that are counted.
    assert outcomes(result)["c"] == ("open", "eliminate-open")
    assert outcomes(result)["b"] == ("advances", "eliminate-in")
    assert outcomes(result)["d"] == ("out", "eliminate-out")


def test_criteria_decide_where_the_whole_was_not(run):
    decisions = [
        decide("a", "pass", criterion="technical"),
        decide("a", "pass", criterion="policy"),
        decide("b", "fail", criterion="policy"),
        decide("c", "pass", criterion="policy"),
    ]
    result = run({"kind": "top", "count": 2}, SCORES, decisions, gate=GATE)
    gates = {t.team: t.gate.outcome for t in result.teams}
    assert gates == {"a": "pass", "b": "fail", "c": "open", "d": "open"}


def test_committee_and_verdict_are_kept_apart(run):
    decisions = [decide("a", "pass"), decide("a", "fail", by="verdict")]
    for side, outcome in (("committee", "pass"), ("verdict", "fail")):
        gate = {**GATE, "decided_by": side}
        result = run({"kind": "top", "count": 1}, SCORES, decisions, gate=gate)
        found = result.team("a").gate
        assert (found.outcome, found.by, found.disagree) == (outcome, side, True)
        assert len(found.decisions) == 2


def test_unless_found_otherwise_a_team_passes(run):
    gate = {**GATE, "unless": "pass"}
    result = run({"kind": "top", "count": 1}, SCORES, [], gate=gate)
    assert {(t.gate.outcome, t.gate.by) for t in result.teams} == {("pass", "rule")}


TIE = {
    "a": {"i": 6, "j": 2},
    "b": {"i": 4, "j": 4},
    "c": {"i": 1, "j": 1},
    "d": {"i": 0, "j": 0},
}


@pytest.mark.parametrize(
    ("at_cut", "a", "b"),
    [
        ("open", ("open", "tie-open"), ("open", "tie-open")),
        ("all", ("advances", "tie-all"), ("advances", "tie-all")),
        ("none", ("out", "tie-none"), ("out", "tie-none")),
    ],
)
def test_ties_at_the_cut_follow_the_stated_rule(run, at_cut, a, b):
    result = run({"count": 1, "at_cut": at_cut}, TIE, items=("i", "j"))
    assert (outcomes(result)["a"], outcomes(result)["b"]) == (a, b)
    assert result.team("a").rank.worst == result.team("b").rank.worst == 1


def test_a_tie_away_from_the_cut_needs_no_rule(run):
    found = outcomes(run({"count": 2}, TIE, items=("i", "j")))
    assert [found[t][0] for t in "abc"] == ["advances", "advances", "out"]


@pytest.mark.parametrize("kind", ["top", "eliminate"])
def test_a_part_can_break_ties(make, kind):
    parts = {"p": {"i": 10}, "q": {"j": 10}}
    rule = {"kind": kind, "count": 1, "tie_break": ["q"]}
    stage = make(parts, ["a", "b"], rule)
    rows = [("a", "p.i", 6), ("a", "q.j", 2), ("b", "p.i", 4), ("b", "q.j", 4)]
    scores = Scores.model_validate(
        {"values": [{"team": t, "item": i, "value": v} for t, i, v in rows]}
    )
    result = score_stage(stage, scores)
    assert result.team("b").advance.outcome == "advances"
    assert result.team("b").advance.tie_break == "q"
    assert result.team("a").advance.outcome == "out"


def votes(**given):
    return {
        "votes": [
            {"member": f"m{n}", "team": team, "able": able == "y"}
            for team, row in given.items()
            for n, able in enumerate(row)
            if able != "-"
        ]
    }


@pytest.fixture(name="wildcard")
def wildcard_fixture(make, both):
    def run(given, scores, **more):
        panel = {
            "id": "jury",
            "title": both("Jury"),
            "members": 4,
            "source": "plan",
        }
        stage = make(
            {"p": {"i": 10}},
            ["a", "b"],
            {"kind": "wildcard", "count": 1, "panel": "jury"},
            panels=[panel],
        )
        every = values(**scores).plus(Scores.model_validate({**given, **more}))
        return outcomes(score_stage(stage, every))

    return run


def test_wildcard_takes_the_best_of_the_able(wildcard):
    found = wildcard(votes(a="yyyn", b="yyyy"), {"a": {"i": 8}, "b": {"i": 6}})
    assert found == {"a": ("advances", "wildcard-in"), "b": ("out", "wildcard-out")}


def test_wildcard_half_is_no_majority_and_nobody_may_be_chosen(wildcard):
    found = wildcard(votes(a="yynn", b="nnny"), {"a": {"i": 8}, "b": {"i": 6}})
    assert set(found.values()) == {("out", "wildcard-not-able")}


def test_wildcard_an_excluded_member_does_not_count(wildcard):
    out = [{"member": "m3", "team": "a", "reason": "adviser"}]
    found = wildcard(
        votes(a="yynn", b="nnnn"), {"a": {"i": 8}, "b": {"i": 6}}, exclusions=out
    )
    assert found["a"] == ("advances", "wildcard-in")


def test_wildcard_missing_votes_decide_or_not(wildcard):
    found = wildcard(votes(a="yy--", b="nn--"), {"a": {"i": 8}, "b": {"i": 6}})
    assert found == {
        "a": ("open", "wildcard-votes-open"),
        "b": ("out", "wildcard-not-able"),
    }
    found = wildcard(votes(a="yyy-", b="n---"), {"a": {"i": 8}, "b": {"i": 6}})
    assert found["a"] == ("advances", "wildcard-in")
    assert found["b"] == ("out", "wildcard-out")


def test_announced_is_held_against_the_rule(run):
    announced = [
        {
            "team": team,
            "advanced": on,
            "reason": {"en": "Said.", "ko": "Said."},
            "source": "paper",
        }
        for team, on in (("a", True), ("b", True))
    ]
    result = run({"count": 1}, SCORES, announced=announced)
    assert result.team("a").advance.agrees is True
    assert result.team("b").advance.agrees is False
    assert result.team("c").advance.agrees is None
