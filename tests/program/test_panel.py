# SPDX-License-Identifier: Apache-2.0
from fractions import Fraction
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.program.panel import trimmed_mean
from parentage.program.score import score_stage
from parentage.program.scores import Scores

values = st.lists(st.integers(0, 100).map(Fraction), min_size=3, max_size=12)


@given(values)
def test_drops_one_highest_and_one_lowest(rows):
    expected = Fraction(sum(rows) - max(rows) - min(rows), len(rows) - 2)
    assert trimmed_mean(rows, 1) == expected
    assert trimmed_mean(rows, 0) == mean(rows)


@given(values, st.data())
def test_never_falls_when_a_value_rises(rows, data):
    number = data.draw(st.integers(0, len(rows) - 1))
    raised = list(rows)
    raised[number] += data.draw(st.integers(0, 50))
    assert trimmed_mean(raised, 1) >= trimmed_mean(rows, 1)


def test_nothing_left_is_an_error():
    with pytest.raises(ValueError, match="2 values"):
        trimmed_mean([Fraction(1), Fraction(2)], 1)


@pytest.fixture(name="stage")
def stage_fixture(make, both):
    item = {
        "points": 35,
        "panel": "experts",
        "criteria": [
            {"id": "a", "title": both("A"), "points": 20},
            {"id": "b", "title": both("B"), "points": 15},
        ],
    }
    panel = {
        "id": "experts",
        "title": both("Experts"),
        "members": 5,
        "drop": 1,
        "source": "plan",
    }
    return make({"expert": {"panel": item}}, ["x", "y"], panels=[panel])


GIVEN = {"m1": (20, 15), "m2": (10, 5), "m3": (12, 9), "m4": (0, 1), "m5": (15, 9)}


def ballots(team, given):
    return [
        {
            "member": member,
            "team": team,
            "item": "expert.panel",
            "criterion": criterion,
            "value": value,
        }
        for member, pair in given.items()
        for criterion, value in zip("ab", pair, strict=True)
    ]


def scored(stage, rows, **more):
    return score_stage(stage, Scores.model_validate({"ballots": rows, **more}))


def test_trims_sums_of_members_and_keeps_criteria_that_add_up(stage):
    result = scored(stage, ballots("x", GIVEN) + ballots("y", GIVEN))
    item = result.team("x").items[0]
    # Sums 35, 15, 21, 1, 24; without 35 and 1: 60 / 3.
    assert (item.points.low, item.points.high) == (20, 20)
    uses = {m.name: m.use for m in item.panel.members}
    assert uses == {
        "m1": "highest",
        "m2": "kept",
        "m3": "kept",
        "m4": "lowest",
        "m5": "kept",
    }
    assert item.panel.remaining == 3
    assert item.criteria["a"].low == pytest.approx(37 / 3, abs=1e-6)
    assert item.criteria["a"].low + item.criteria["b"].low == pytest.approx(20)


def test_an_excluded_member_is_left_out_for_that_team_alone(stage):
    result = scored(
        stage,
        ballots("x", GIVEN) + ballots("y", GIVEN),
        exclusions=[{"member": "m1", "team": "x", "reason": "adviser"}],
    )
    x, y = (result.team(t).items[0] for t in "xy")
    # Sums 15, 21, 1, 24; without 24 and 1: 36 / 2.
    assert x.points.low == x.points.high == 18
    assert x.panel.remaining == 2
    assert [(e.name, e.reason) for e in x.panel.excluded] == [("m1", "adviser")]
    assert y.points.low == 20
    assert not y.panel.excluded


def test_a_missing_ballot_is_unknown_and_never_zero(stage):
    rest = {name: pair for name, pair in GIVEN.items() if name != "m1"}
    result = scored(stage, ballots("x", rest) + ballots("y", GIVEN))
    item = result.team("x").items[0]
    # With 0 in its place: (15 + 21 + 1) / 3; with 35: 20.
    assert item.points.low == pytest.approx(37 / 3, abs=1e-6)
    assert item.points.high == 20
    assert item.panel.missing == 1
    assert {m.use for m in item.panel.members} == {"open"}


def test_half_a_ballot_is_bounded_by_its_scale(stage):
    rows = [
        r for r in ballots("x", GIVEN) if (r["member"], r["criterion"]) != ("m3", "b")
    ]
    item = scored(stage, rows + ballots("y", GIVEN)).team("x").items[0]
    # m3 gave 12 and 0 to 15 more: (15 + 12 + 24) / 3 to (15 + 27 + 24) / 3.
    assert (item.points.low, item.points.high) == (17, 22)


def test_too_few_members_leave_the_scale(stage):
    out = [{"member": f"m{n}", "team": "x", "reason": "conflict"} for n in (1, 2, 3)]
    result = scored(stage, ballots("x", GIVEN) + ballots("y", GIVEN), exclusions=out)
    item = result.team("x").items[0]
    assert item.panel.too_few
    assert (item.points.low, item.points.high) == (0, 35)


@given(
    st.lists(st.integers(0, 35), min_size=4, max_size=7),
    st.lists(st.integers(0, 35), min_size=1, max_size=2),
    st.lists(st.integers(0, 35), min_size=2, max_size=2),
)
def test_bounds_hold_whatever_the_missing_members_give(known, missing, later):
    low = trimmed_mean([*map(Fraction, known), *[Fraction(0)] * len(missing)], 1)
    high = trimmed_mean([*map(Fraction, known), *[Fraction(35)] * len(missing)], 1)
    filled = [*map(Fraction, known), *map(Fraction, later[: len(missing)])]
    assert low <= trimmed_mean(filled, 1) <= high


def test_each_team_has_its_own_highest_and_lowest(stage):
    turned = dict(zip(GIVEN, reversed(GIVEN.values()), strict=True))
    even = dict.fromkeys(GIVEN, (10, 5))
    uses = []
    for sums in (turned, even):
        result = scored(stage, ballots("x", sums) + ballots("y", GIVEN))
        uses.append([m.use for m in result.team("x").items[0].panel.members])
    # Sums 24, 1, 21, 15, 35; and five of 15, of which the first ones go.
    assert uses == [
        ["kept", "lowest", "kept", "kept", "highest"],
        ["lowest", "highest", "kept", "kept", "kept"],
    ]


def test_members_of_one_panel_are_not_missed_in_another(make, both):
    def item(panel):
        return {"points": 10, "panel": panel}

    def panel(name, members):
        return {
            "id": name,
            "title": both(name),
            "members": members,
            "drop": 0,
            "source": "plan",
        }

    stage = make(
        {"one": {"a": item("experts")}, "two": {"b": item("citizens")}},
        ["x"],
        panels=[panel("experts", 2), panel("citizens", 3)],
    )
    rows = [
        {"member": member, "team": "x", "item": path, "value": 6}
        for path, members in (("one.a", "pq"), ("two.b", "rst"))
        for member in members
    ]
    one, two = scored(stage, rows).team("x").items
    assert [m.name for m in one.panel.members] == ["p", "q"]
    assert [m.name for m in two.panel.members] == ["r", "s", "t"]
    assert one.panel.missing == two.panel.missing == 0
