# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import stats

from parentage.errors import UsageError
from parentage.program.chance import chance_of
from parentage.program.scores import Decision, Scores
from parentage.program.simulate import simulate_stage


def values(**scores):
    return Scores.model_validate(
        {
            "values": [
                {"team": team, "item": item, "value": value}
                for team, row in scores.items()
                for item, value in row.items()
            ]
        }
    )


TWO = {"a": {"p.i": 30, "q.j": 10}, "b": {"p.i": 20, "q.j": 18}}


@pytest.fixture(name="stage")
def stage_fixture(make):
    return make({"p": {"i": 60}, "q": {"j": 40}}, ["a", "b"])


def scenario(result, kind, level=None):
    return next(
        s for s in result.scenarios if s.kind == kind and level in (None, s.level)
    )


def advances(one, team):
    return next(t for t in one.teams if t.team == team).advances


@pytest.mark.parametrize(("hits", "draws"), [(0, 40), (7, 40), (40, 40), (1, 3)])
def test_intervals_are_those_of_clopper_and_pearson(hits, draws):
    chance = chance_of(hits, draws)
    exact = stats.binomtest(hits, draws).proportion_ci(0.95, method="exact")
    assert chance.share == hits / draws
    assert (chance.low, chance.high) == pytest.approx((exact.low, exact.high), abs=1e-6)


def test_noise_agrees_with_the_normal_distribution(stage):
    # Far from the ends of the scales, the difference of totals is normal.
    result = simulate_stage(
        stage, values(**TWO), draws=20_000, noise=[0.02, 0.05], seed=3
    )
    for level in (0.02, 0.05):
        sd = level * np.sqrt(2 * (60**2 + 40**2))
        expected = stats.norm.cdf(2 / sd)
        chance = advances(scenario(result, "noise", level), "a")
        error = np.sqrt(expected * (1 - expected) / result.draws)
        assert abs(chance.share - expected) < 4 * error
        assert chance.low <= chance.share <= chance.high


def test_the_noise_of_a_margin_swaps_in_one_of_twenty(stage):
    noise = simulate_stage(stage, values(**TWO), draws=10).margins[0].noise
    result = simulate_stage(stage, values(**TWO), draws=40_000, noise=[noise])
    swapped = 1 - advances(scenario(result, "noise"), "a").share
    assert swapped == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 40_000))


def test_points_of_a_part_that_make_two_teams_equal(stage):
    margin = simulate_stage(stage, values(**TWO), draws=10).margins[0]
    # a leads by 10 in p and trails by 8 in q: 10 f = 8, and 8 f = 10.
    assert margin.swap == {"p": 48.0, "q": 50.0}
    for points, first in ((47.0, "b"), (49.0, "a")):
        result = simulate_stage(
            stage, values(**TWO), draws=10, noise=[], points={"p": points}
        )
        assert advances(scenario(result, "points"), first).share == 1.0


def test_any_points_have_the_chance_of_the_simplex(stage):
    # a is first if 10/60 w > 8/40 (1 - w), so w > 6/11; w is uniform.
    result = simulate_stage(stage, values(**TWO), draws=20_000, noise=[])
    chance = advances(scenario(result, "any"), "a")
    assert chance.share == pytest.approx(5 / 11, abs=4 * 0.5 / np.sqrt(20_000))


def test_scaled_to_the_best_again_after_noise(make):
    item = {"points": 25, "scaling": "best", "full": 5, "least": 1}
    stage = make({"u": {"i": item}}, ["a", "b"])
    scores = values(a={"u.i": 4}, b={"u.i": 2})
    result = simulate_stage(stage, scores, draws=200, noise=[0.5])
    assert scenario(result, "possible").teams[0].ranks == (1.0, 0.0)
    ranks = np.array([t.ranks for t in scenario(result, "noise").teams])
    assert ranks.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_panels_drawn_anew_from_their_members(make, both):
    panel = {"id": "jury", "title": both("Jury"), "drop": 1, "source": "plan"}
    stage = make(
        {"p": {"i": {"points": 10, "panel": "jury"}}}, ["a", "b"], panels=[panel]
    )
    rows = [
        {"member": f"m{n}", "team": team, "item": "p.i", "value": value}
        for team, given in (("a", (9, 9, 8, 9, 2)), ("b", (5, 6, 5, 9, 6)))
        for n, value in enumerate(given)
    ]
    scores = Scores.model_validate({"ballots": rows})
    result = simulate_stage(stage, scores, draws=2000, noise=[], seed=5)
    share = advances(scenario(result, "members"), "a").share
    rng = np.random.default_rng(1)
    given = np.array([[9, 9, 8, 9, 2], [5, 6, 5, 9, 6]])
    drawn = np.sort(given[:, rng.integers(5, size=(2000, 5))], axis=2)[:, :, 1:-1]
    a, b = drawn.mean(axis=2)
    assert share == pytest.approx((a >= b).mean(), abs=0.06)
    assert 0.5 < share < 1.0


def test_no_panel_no_members_scenario(stage):
    result = simulate_stage(stage, values(**TWO), draws=10)
    assert "members" not in {s.kind for s in result.scenarios}


def test_the_same_seed_gives_the_same_numbers(stage):
    one = simulate_stage(stage, values(**TWO), draws=100, seed=4)
    assert one == simulate_stage(stage, values(**TWO), draws=100, seed=4)
    assert one != simulate_stage(stage, values(**TWO), draws=100, seed=5)


def test_gates_the_other_way_round(make, both):
    gate = {
        "title": both("Gate"),
        "source": "plan",
        "criteria": [
            {"id": "g", "title": both("G"), "text": both("G"), "source": "plan"}
        ],
    }
    stage = make({"p": {"i": 10}}, ["a", "b", "c"], {"count": 1}, gate=gate)
    decisions = [
        Decision(team=t, outcome=o, by="committee", reason=both("Because."))
        for t, o in (("a", "fail"), ("b", "pass"))
    ]
    scores = values(a={"p.i": 9}, b={"p.i": 5}, c={"p.i": 4})
    result = simulate_stage(stage, scores, decisions, draws=10)
    assert result.taken_as_passed == ("c",)
    found = {(g.team, g.outcome): (g.advances, g.open) for g in result.gates}
    assert found == {
        ("a", "pass"): (("a",), ()),
        ("b", "fail"): ((), ("c",)),
    }


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"draws": 0}, "0 draws"),
        ({"noise": [2.0]}, "noise of 2.0"),
        ({"spread": 1.0}, "spread of 1.0"),
        ({"points": {"x": 1.0}}, "no part 'x'"),
        ({"points": {"p": 0.0, "q": 0.0}}, "no part has points left"),
    ],
)
def test_numbers_out_of_range(stage, more, said):
    with pytest.raises(UsageError, match=said):
        simulate_stage(stage, values(**TWO), **more)


def test_what_is_certain_stays_certain_when_drawn(make):
    figures = [
        {"kind": "average", "of": "p", "value": 5.0},
        {"kind": "top", "of": "p", "teams": ["a"], "value": 9.0},
        {"kind": "average", "of": "q", "value": 4.0},
        {"kind": "first", "of": "total", "teams": ["a", "b"]},
    ]
    scores = Scores.model_validate(
        {"figures": [{**f, "decimals": 1, "source": "paper"} for f in figures]}
    ).plus(values(a={"q.j": 9}))
    stage = make({"p": {"i": 10}, "q": {"j": 10}}, ["a", "b", "c"], {"count": 1})
    result = simulate_stage(stage, scores, draws=400, noise=[])
    drawn = {t.team: t.ranks for t in scenario(result, "possible").teams}
    assert drawn["a"] == (1.0, 0.0, 0.0)
    assert drawn["b"] == (0.0, 1.0, 0.0)
    assert scenario(result, "possible").unchanged.share == 1.0
    assert result.margins[0].noise is None
