# SPDX-License-Identifier: Apache-2.0
"""Bounds against every possible score, listed one by one on stages small enough."""

import itertools
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parentage.errors import ParentageError
from parentage.program.score import score_stage
from parentage.program.scores import Figure, Scores, Value

WHOLE = {"decimals": 0, "text": {"en": "Whole.", "ko": "Whole."}, "source": "plan"}
TEAMS = ["a", "b", "c"]
SMALL = {"p": {"i": 4, "j": 3}}
CELLS = [(team, item) for team in TEAMS for item in ("p.i", "p.j")]
FULL = {"p.i": 4, "p.j": 3}

KINDS = ["score", "average", "top", "named", "gap", "order"]


def holds(figure, table):
    """Whether a full table of scores agrees with a figure, from its definition."""
    of = ["p.i", "p.j"] if figure.of in {"total", "p"} else [figure.of]
    score = {team: sum(table[team, item] for item in of) for team in TEAMS}
    if figure.kind == "order":
        return all(score[x] > score[y] for x, y in itertools.pairwise(figure.teams))
    if figure.kind == "first":
        rest = [t for t in TEAMS if t not in figure.teams]
        return all(score[x] > score[y] for x in figure.teams for y in rest)
    value = Fraction(figure.value)
    reach = Fraction(figure.reach)

    def near(number):
        return abs(Fraction(number) - value) <= reach

    if figure.kind == "score":
        return near(score[figure.team])
    if figure.kind == "average":
        return near(Fraction(sum(score.values()), len(TEAMS)))
    if figure.kind == "gap":
        return near(max(score.values()) - min(score.values()))
    if figure.teams:
        named = all(near(score[t]) for t in figure.teams)
        rest = [t for t in TEAMS if t not in figure.teams]
        return named and all(score[x] > score[y] for x in figure.teams for y in rest)
    return near(max(score.values()))


def listed(known, figures):
    """Every table of whole scores that agrees with what is known."""
    ranges = [
        [known[cell]] if cell in known else range(FULL[cell[1]] + 1) for cell in CELLS
    ]
    for row in itertools.product(*ranges):
        table = dict(zip(CELLS, row, strict=True))
        if all(holds(figure, table) for figure in figures):
            yield table


@st.composite
def situations(draw):
    truth = {cell: draw(st.integers(0, FULL[cell[1]])) for cell in CELLS}
    known = {c: v for c, v in truth.items() if draw(st.booleans())}
    figures = []
    for of in draw(st.lists(st.sampled_from(["total", "p.i", "p.j"]), max_size=3)):
        items = ["p.i", "p.j"] if of == "total" else [of]
        score = {t: sum(truth[t, i] for i in items) for t in TEAMS}
        kind = draw(
            st.sampled_from(["score", "average", "top", "named", "gap", "order"])
        )
        best = max(score.values())
        tops = tuple(t for t in TEAMS if score[t] == best)
        mean = Decimal(sum(score.values())) / 3
        order = tuple(sorted(TEAMS, key=lambda t: -score[t]))
        made = {
            "score": {"kind": "score", "team": "a", "value": score["a"]},
            "average": {"kind": "average", "value": round(mean, 1), "decimals": 1},
            "top": {"kind": "top", "value": best},
            "named": {"kind": "top", "value": best, "teams": tops},
            "gap": {"kind": "gap", "value": best - min(score.values())},
            "order": {"kind": "order", "teams": order},
        }[kind]
        if kind == "order" and len(set(score.values())) < len(TEAMS):
            continue
        figures.append(Figure(of=of, source="paper", **made))
    return known, tuple(figures)


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(situation=situations())
def test_bounds_and_ranks_are_those_of_every_possible_score(make, situation):
    known, figures = situation
    stage = make(SMALL, TEAMS, {"count": 2}, rounding=WHOLE)
    values = tuple(Value(team=t, item=i, value=v) for (t, i), v in known.items())
    result = score_stage(stage, Scores(values=values, figures=figures), explain=False)
    tables = list(listed(known, figures))
    assert tables
    totals = [{t: table[t, "p.i"] + table[t, "p.j"] for t in TEAMS} for table in tables]
    for team in TEAMS:
        one = result.team(team)
        for item in one.items:
            found = [table[team, item.path] for table in tables]
            assert (item.points.low, item.points.high) == (min(found), max(found))
        found = [total[team] for total in totals]
        assert (one.total.low, one.total.high) == (min(found), max(found))
        ranks = [1 + sum(total[u] > total[team] for u in TEAMS) for total in totals]
        assert (one.rank.best, one.rank.worst) == (min(ranks), max(ranks))
        # Going on: certain where at most one other has as much in every table.
        level = [sum(total[u] >= total[team] for u in TEAMS) for total in totals]
        if max(level) <= 2:
            assert one.advance.outcome == "advances"
        elif min(ranks) > 2:
            assert one.advance.outcome == "out"
        else:
            assert one.advance.outcome == "open"
    assert not any(f.outcome == "disagrees" for f in result.figures)


def test_a_tie_with_one_of_two_teams_is_open_whichever_it_is(make):
    # a has 3; b and c have 3 and 4, in one order or the other.
    stage = make({"p": {"i": 4}}, TEAMS, {"count": 2}, rounding=WHOLE)
    figures = (
        Figure(kind="average", of="total", value=Decimal("3.33"), source="paper"),
        Figure(kind="gap", of="total", value=1, source="paper"),
    )
    scores = Scores(values=(Value(team="a", item="p.i", value=3),), figures=figures)
    result = score_stage(stage, scores)
    assert (result.team("a").rank.best, result.team("a").rank.worst) == (2, 2)
    assert [t.advance.outcome for t in result.teams] == ["open"] * 3


def test_the_best_has_all_points_and_ratios_are_kept(make):
    item = {"points": 20, "scaling": "best", "full": 5, "least": 1}
    stage = make({"u": {"i": item}}, TEAMS)
    values = (
        Value(team="a", item="u.i", value=Decimal(3)),
        Value(team="b", item="u.i", value=Decimal("1.5")),
    )
    result = score_stage(stage, Scores(values=values))
    ends = {t.team: (t.total.low, t.total.high) for t in result.teams}
    # c has 1 to 5 raw: the best is 3 to 5, so a has 12 to 20 and b half of a's.
    assert ends == {"a": (12, 20), "b": (6, 10), "c": (pytest.approx(20 / 3), 20)}
    # b is behind a whatever c has, although their points overlap.
    assert [t.rank.best for t in result.teams] == [1, 2, 1]
    assert result.team("b").rank.worst == 3
    # With c's points published, everything is known.
    figure = Figure(
        kind="score", of="u.i", team="c", value=Decimal(20), decimals=9, source="paper"
    )
    top = Figure(
        kind="score", of="u.i", team="a", value=Decimal(15), decimals=9, source="paper"
    )
    result = score_stage(stage, Scores(values=values, figures=(figure, top)))
    assert result.team("b").total.low == pytest.approx(7.5, abs=1e-5)
    assert result.team("b").total.high == pytest.approx(7.5, abs=1e-5)


def test_the_best_with_all_raw_scores_known_is_exact(make):
    item = {"points": 25, "scaling": "best", "full": 5, "least": 1}
    stage = make({"u": {"i": item}}, TEAMS)
    values = tuple(
        Value(team=t, item="u.i", value=Decimal(v))
        for t, v in (("a", "4.2"), ("b", "2.1"), ("c", "3"))
    )
    result = score_stage(stage, Scores(values=values))
    assert result.complete
    assert [t.total.low for t in result.teams] == [25, 12.5, pytest.approx(25 / 1.4)]


def test_equal_fractions_are_a_tie(make):
    # 1/3 + 2/3 and 2/3 + 1/3 of equal parts: floats would part them.
    item = {"points": 1, "scaling": "weight", "full": 3}
    stage = make({"p": {"i": item, "j": item, "k": item}}, ["a", "b"])
    rows = {"a": (1, 1, 2), "b": (2, 1, 1)}
    values = tuple(
        Value(team=t, item=f"p.{i}", value=v)
        for t, row in rows.items()
        for i, v in zip("ijk", row, strict=True)
    )
    result = score_stage(stage, Scores(values=values))
    assert [t.rank.worst for t in result.teams] == [1, 1]
    assert {t.advance.reason for t in result.teams} == {"tie-open"}


def test_of_figures_that_contradict_the_least_official_is_set_aside(make):
    stage = make(
        SMALL,
        TEAMS,
        sources=[
            {"id": n, "title": {"en": n, "ko": n}, "kind": kind}
            for n, kind in (("plan", "own"), ("gov", "official"), ("paper", "press"))
        ],
    )
    figures = (
        Figure(kind="score", of="p.i", team="a", value=3, source="paper"),
        Figure(kind="score", of="p.i", team="a", value=1, source="gov"),
        Figure(kind="average", of="p.i", value=2, source="gov"),
    )
    result = score_stage(stage, Scores(figures=figures))
    assert [f.set_aside for f in result.figures] == [True, False, False]
    assert result.figures[0].outcome == "disagrees"
    assert result.figures[0].computed.high <= 1.5
    item = result.team("a").items[0]
    assert (item.points.low, item.points.high) == (0.5, 1.5)


def test_figures_are_checked_against_scores_that_are_all_known(make):
    stage = make({"p": {"i": 4}}, ["a", "b"])
    values = tuple(Value(team=t, item="p.i", value=v) for t, v in (("a", 4), ("b", 1)))
    figures = (
        Figure(kind="average", of="total", value=Decimal("2.5"), source="paper"),
        Figure(kind="gap", of="total", value=Decimal("3.2"), source="paper"),
        Figure(kind="order", of="total", teams=("b", "a"), source="paper"),
        Figure(kind="top", of="p.i", teams=("b",), value=4, source="paper"),
    )
    result = score_stage(stage, Scores(values=values, figures=figures))
    outcomes = [f.outcome for f in result.figures]
    assert outcomes == ["follows", "disagrees", "disagrees", "disagrees"]
    assert result.figures[1].computed.low == 3


def test_the_figures_named_are_enough_and_none_can_be_spared(make):
    stage = make(SMALL, TEAMS, rounding=WHOLE)
    figures = tuple(
        Figure(kind=kind, of=of, team=team, value=value, decimals=0, source="paper")
        for kind, of, team, value in (
            ("score", "p.i", "b", 2),
            ("score", "p.j", "c", 1),
            ("score", "total", "a", 5),
            ("score", "p.j", "a", 3),
        )
    )
    result = score_stage(stage, Scores(figures=figures))
    item = result.team("a").items[0]
    assert (item.points.low, item.points.high) == (2, 2)
    assert item.route == "follows"
    assert item.figures == (2, 3)
    kept = Scores(figures=tuple(figures[n] for n in item.figures))
    again = score_stage(stage, kept).team("a").items[0].points
    assert again == item.points


def test_entered_scores_that_leave_no_way_are_an_error(make):
    # Nothing set aside can help: criteria and figures apart, cells always fit.
    stage = make(SMALL, TEAMS)
    scores = Scores(values=(Value(team="a", item="p.i", value=9),))
    with pytest.raises(ParentageError, match="9 is off the scale"):
        score_stage(stage, scores)
