# SPDX-License-Identifier: Apache-2.0
"""Every public figure of the shipped stages comes out again, with its source named.

Sources: [G115] ministry, 15 January 2026; [G220] 20 February 2026; [G818] 18 August
2026; [G820] 20 August 2026; [N827] newspim 20260827001289, the only source of totals of
phase 2; [AA] index values of the four models, third party.
"""

import pytest

from parentage.program.check_figures import average as mean_of
from parentage.program.leave_out import without_source, without_team
from parentage.program.load_stage import load_stage, shipped_stages
from parentage.program.score import Scoring, score_stage
from parentage.program.scores import Scores
from parentage.program.stage import window_of


@pytest.fixture(name="first", scope="module")
def first_fixture():
    return score_stage(load_stage("kr-2026-phase-1").stage, explain=False)


@pytest.fixture(name="second", scope="module")
def second_fixture():
    return score_stage(load_stage("kr-2026-phase-2").stage, explain=False)


def points(result, team, path):
    one = result.team(team)
    if path == "total":
        return one.total.low, one.total.high
    rows = {p.part: p.points for p in one.parts} | {i.path: i.points for i in one.items}
    return rows[path].low, rows[path].high


def average(result, path):
    found = next(a.value for a in result.averages if a.of == path)
    return found.low, found.high


def around(value, decimals):
    return pytest.approx(value, abs=0.5 * 10**-decimals + 1e-9)


def bare(name):
    stage = load_stage(name).stage
    return stage.model_copy(update={"scores": Scores()}), stage.scores


# Phase 1


@pytest.mark.parametrize(
    ("team", "path", "value"),
    [
        ("skt", "benchmark.nia", 9.2),  # [G115]
        ("lg", "benchmark.nia", 9.2),  # [G115]
        ("lg", "benchmark.common", 14.4),  # [G115]
        ("upstage", "benchmark.individual", 10.0),  # [G115]
        ("lg", "benchmark.individual", 10.0),  # [G115]
        ("lg", "benchmark", 33.6),  # [G115]
        ("lg", "expert", 31.6),  # [G115]
        ("lg", "user", 25.0),  # [G115]
    ],
)
def test_phase_1_scores(first, team, path, value):
    low, high = points(first, team, path)
    assert low == around(value, 1)
    assert high == around(value, 1)


def test_phase_1_total_of_the_first_team(first):
    # 33.6 + 31.6 + 25.0 = 90.2, from [G115]; the release prints no total.
    low, high = points(first, "lg", "total")
    assert low <= 90.2 <= high
    assert high - low <= 0.2 + 1e-9


@pytest.mark.parametrize(
    ("path", "value", "decimals"),
    [
        ("benchmark", 30.4, 1),  # [G115]
        ("expert", 28.56, 2),  # [G115]
        ("user", 20.76, 2),  # [G115]
    ],
)
def test_phase_1_averages(first, path, value, decimals):
    for end in average(first, path):
        assert end == around(value, decimals)


def test_phase_1_mean_of_totals(first):
    # 30.4 + 28.56 + 20.76 = 79.72, computed from [G115].
    ways = {route.way: route for route in first.routes}
    assert ways["parts"].value.low == ways["parts"].value.high == 79.72
    assert ways["parts"].agrees
    low, high = average(first, "total")
    assert low <= 79.72 <= high


def test_phase_1_points_of_the_plan():
    # [G115]: 40 (10 + 20 + 10), 35 (10 / 15 / 10), 25; 10 experts, 49 users.
    stage = load_stage("kr-2026-phase-1").stage
    assert [int(p.points) for p in stage.parts] == [40, 35, 25]
    assert [int(i.points) for i in stage.parts[0].items] == [10, 20, 10]
    assert [int(c.points) for c in stage.parts[1].items[0].criteria] == [10, 15, 10]
    assert (stage.panel("experts").members, stage.panel("experts").drop) == (10, 1)
    assert stage.panel("users").members == 49


def test_phase_1_ranks_that_are_certain(first):
    # Of 25 cells, 5 were printed for the best team and 2 for others [G115].
    ranks = {t.team: (t.rank.best, t.rank.worst) for t in first.teams}
    assert ranks == {
        "lg": (1, 1),
        "naver": (2, 4),
        "skt": (2, 4),
        "upstage": (2, 4),
        "nc": (5, 5),
    }


def test_phase_1_who_advanced_and_why(first):
    # [G115]: three teams; Naver Cloud among the four by score, and not independent.
    outcomes = {t.team: (t.advance.outcome, t.advance.reason) for t in first.teams}
    assert outcomes == {
        "lg": ("advances", "top-in"),
        "skt": ("advances", "top-in"),
        "upstage": ("advances", "top-in"),
        "naver": ("out", "top-in-gate-failed"),
        "nc": ("out", "top-out"),
    }
    assert all(t.advance.agrees for t in first.teams)
    assert first.team("naver").gate.by == "committee"
    assert first.extra_seats == 1


def test_phase_1_no_figure_contradicts_another(first):
    assert {f.outcome for f in first.figures} <= {"follows", "adds"}


def test_phase_1_objections():
    # 10 days (zdnet 20260115160102); that they begin on the next day is a reading.
    opens, closes = window_of(load_stage("kr-2026-phase-1").stage.objections)
    assert opens.isoformat() == "2026-01-15T00:00:00+09:00"
    assert closes.isoformat() == "2026-01-25T23:59:59+09:00"


# The additional team


def test_additional_team_is_open_and_says_what_was_announced():
    # [G220]: chosen by a small difference; neither votes nor scores were published.
    result = score_stage(load_stage("kr-2026-extra-team").stage)
    ranks = {t.team: (t.rank.best, t.rank.worst) for t in result.teams}
    assert ranks == {"motif": (1, 1), "trillion": (2, 2)}
    assert {t.advance.outcome for t in result.teams} == {"open"}
    assert result.team("motif").advance.announced is True
    assert result.team("trillion").advance.announced is False
    assert not result.points_stated


# Phase 2


@pytest.mark.parametrize(
    ("team", "path", "value"),
    [
        ("motif", "benchmark.aaii", 11.9),  # [G820], [N827]
        ("skt", "benchmark.nia", 13.4),  # [G820]
        ("lg", "expert.panel", 29.5),  # [G820]
        ("skt", "user.experts", 11.6),  # [G820]
        ("lg", "user.citizens", 7.6),  # [G820]
        ("motif", "benchmark.nia", 12.7),  # [N827]
        ("motif", "expert", 27.1),  # [N827]
        ("motif", "user", 14.1),  # [N827]
        ("skt", "total", 70.6),  # [N827]
        ("upstage", "total", 69.9),  # [N827]
        ("lg", "total", 69.0),  # [N827]
        ("motif", "total", 65.8),  # [N827]
    ],
)
def test_phase_2_scores(second, team, path, value):
    assert points(second, team, path) == (value, value)


@pytest.mark.parametrize(
    ("path", "value", "decimals"),
    [
        ("benchmark", 22.5, 1),  # [G818]
        ("expert", 28.8, 1),  # [G818]
        ("user", 17.6, 1),  # [G818]
        ("benchmark.aaii", 9.48, 2),  # [G820]
        ("benchmark.nia", 13.05, 2),  # [G820]
        ("expert.panel", 28.75, 2),  # [G820]
        ("user.experts", 10.53, 2),  # [G820]
        ("user.citizens", 7.03, 2),  # [G820]
    ],
)
def test_phase_2_averages(second, path, value, decimals):
    low, high = average(second, path)
    assert low == high == around(value, decimals)


@pytest.mark.parametrize(
    ("part", "gap"),
    [("benchmark", 4.0), ("expert", 2.4), ("user", 5.0)],  # [G818]
)
def test_phase_2_gaps(second, part, gap):
    scores = [points(second, t.team, part)[0] for t in second.teams]
    assert max(scores) - min(scores) == pytest.approx(gap)


def test_phase_2_ranks_and_outcomes(second):
    # [G818]: Upstage, SK Telecom and LG go on; totals are of the press alone [N827].
    assert second.order == ("skt", "upstage", "lg", "motif")
    assert all(t.rank.certain for t in second.teams)
    outcomes = {t.team: t.advance.outcome for t in second.teams}
    assert outcomes == {
        "upstage": "advances",
        "skt": "advances",
        "lg": "advances",
        "motif": "out",
    }
    assert second.team("motif").advance.reason == "eliminate-out"
    assert all(t.advance.agrees for t in second.teams)
    assert all(t.gate.outcome == "pass" for t in second.teams)
    assert all(t.gate.by == "rule" for t in second.teams)


def test_phase_2_totals_are_marked_as_of_the_press():
    stage = load_stage("kr-2026-phase-2").stage
    totals = [f for f in stage.scores.figures if f.of == "total"]
    assert {stage.source(f.source).kind for f in totals} == {"press"}


def test_phase_2_mean_of_totals_by_two_ways_differs_by_rounding_alone(second):
    # 70.6 + 69.9 + 69.0 + 65.8 [N827] gives 68.825, printed 68.83; the averages of
    # [G820] add up to 68.84.
    ways = {route.way: route for route in second.routes}
    assert ways["totals"].value.low == ways["printed-totals"].value.low == 68.825
    assert ways["items"].value.low == 68.84
    assert ways["items"].reach == pytest.approx(0.025)
    assert ways["items"].agrees
    assert all(f.outcome != "disagrees" for f in second.figures)


def test_phase_2_points_of_the_plan():
    # [G818][G820]: 40 (25 + 15), 35 (10 / 10 / 15), 25 (15 + 10); index weights.
    stage = load_stage("kr-2026-phase-2").stage
    assert [int(p.points) for p in stage.parts] == [40, 35, 25]
    assert [[int(i.points) for i in p.items] for p in stage.parts] == [
        [25, 15],
        [35],
        [15, 10],
    ]
    weights = [int(c.weight) for c in stage.parts[0].items[0].components]
    assert weights == [20, 14, 16, 8, 6, 12, 12, 6, 6]
    members = {p.id: p.members for p in stage.panels}
    assert members == {"experts": 10, "expert-users": 49, "citizens": 185}


def test_phase_2_scores_that_follow_were_checked_by_hand(second):
    # NIA of the two others is 52.2 - 13.4 - 12.7 = 26.1; a gap of 4.0 below 24.6 makes
    # the lowest 20.6, which is LG's 7.8 + 12.8, or Upstage's 9.4 + 11.2 and then LG's
    # NIA 14.9, more than the highest. Users: highest 14.1 + 5.0 = 19.1, LG's 18.9.
    assert points(second, "lg", "benchmark.nia") == (12.8, 12.8)
    assert points(second, "upstage", "benchmark.nia") == (13.3, 13.3)
    assert points(second, "lg", "user") == (18.9, 18.9)
    assert points(second, "skt", "user") == (19.1, 19.1)
    assert points(second, "skt", "expert") == (29.3, 29.3)
    assert points(second, "upstage", "expert") == (29.1, 29.1)


@pytest.mark.parametrize("team", ["upstage", "skt", "lg", "motif"])
def test_phase_2_without_one_teams_scores_every_rank_is_still_certain(team):
    stage, scores = bare("kr-2026-phase-2")
    result = score_stage(stage, without_team(scores, team), explain=False)
    ranks = [(t.team, t.rank.best, t.rank.worst) for t in result.teams]
    assert ranks == [("upstage", 2, 2), ("skt", 1, 1), ("lg", 3, 3), ("motif", 4, 4)]


def test_phase_2_official_figures_alone_do_not_say_who_leaves():
    stage, scores = bare("kr-2026-phase-2")
    scoring = Scoring(stage, without_source(scores, "newspim-2026-08-27"))
    teams = [t.id for t in stage.teams]
    ranks = {}
    for team in teams:
        others = [t for t in teams if t != team]
        low, high = scoring.answers.above(team, "total", others)
        ranks[team] = (low + 1, high + 1)
    # LG, best of the experts, is not last; anybody else may be.
    assert ranks == {"upstage": (1, 4), "skt": (1, 4), "lg": (1, 3), "motif": (1, 4)}


def test_phase_2_without_rounding_the_average_of_the_index_disagrees():
    # 47.4, 37.4, 35.0, 31.0 [AA] give a mean of 9.425; [G820] prints 9.48.
    stage, scores = bare("kr-2026-phase-2")
    scoring = Scoring(stage.model_copy(update={"rounding": None}), scores)
    assert [
        (scores.figures[n].of, str(scores.figures[n].value)) for n in scoring.aside
    ] == [("benchmark.aaii", "9.48")]
    low, high = mean_of(stage, "benchmark.aaii", scoring.answers)
    assert 9.41 < low <= high < 9.475


def test_every_shipped_figure_names_a_source():
    for loaded in shipped_stages().values():
        stage = loaded.stage
        known = {source.id for source in stage.sources}
        for row in (*stage.scores.figures, *stage.scores.values, *stage.announced):
            assert row.source in known
        assert not stage.scores.ballots
