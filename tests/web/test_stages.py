# SPDX-License-Identifier: Apache-2.0
"""Panels are blind to each other; gates stand beside scores; closing computes."""

import pytest

from parentage.errors import ConflictError, ForbiddenError, RefusedError
from parentage.web.permissions import Actor
from parentage.web.services import accounts, stage_scores, stages

PASSWORD = "correct horse battery"


@pytest.fixture
def two(seeded):
    """A second panel member, of Team One's own organisation."""
    root = seeded.actors["administrator"]
    with seeded.db() as db:
        made = accounts.create_account(
            db,
            root,
            name="panel-2",
            role="panel",
            password=PASSWORD,
            organisation_id=seeded.ids["organisation"],
        )
        stages.seat_member(
            db,
            root,
            seeded.ids["stage"],
            account_id=made.id,
            panel="experts",
            member="expert-2",
        )
    seeded.ids["panel-2"] = made.id
    seeded.actors["panel-2"] = Actor(
        account=made.id,
        name="panel-2",
        role="panel",
        organisation=seeded.ids["organisation"],
    )
    return seeded


SECRET = "41.37"


def enter(seeded, who, values):
    with seeded.db() as db:
        return stage_scores.enter_scores(
            db, seeded.actors[who], seeded.ids["stage"], values
        )


def test_nobody_sees_scores_of_others_before_the_stage_is_closed(two):
    enter(two, "panel", {("expert.plan", "one"): SECRET, ("expert.plan", "two"): "13"})
    number = two.ids["stage"]
    paths = [
        route
        for route, methods in two.app.openapi()["paths"].items()
        if "get" in methods and not route.endswith("/events")
    ]
    for who in ("public", "submitter", "verifier", "panel-2", "administrator"):
        client = two.client(who)
        for path in paths:
            url = path.replace("{number}", str(number)).replace("{name}", "t.csv")
            answer = client.get(url.replace("{digest}", "0" * 64) + "?query=x&report=1")
            assert SECRET not in answer.text, (who, path)
        for page in ("", "/score", "/sheet", "/panel"):
            assert SECRET not in client.get(f"/stages/{number}{page}").text, (who, page)
    own = two.client("panel").get(f"/api/v1/stages/{number}/sheet")
    assert SECRET in own.text


def test_own_organisation_is_kept_from_a_member(two):
    sheet = enter(two, "panel-2", {("expert.plan", "two"): "20"})
    assert [team.id for team in sheet.teams] == ["two"]
    with pytest.raises(ForbiddenError, match="own organisation"):
        enter(two, "panel-2", {("expert.plan", "one"): "60"})


@pytest.mark.parametrize("value", ["61", "-1", "nan", "inf", "x", "", "1" * 40])
def test_values_off_the_scale_are_refused_and_nothing_is_entered(seeded, value):
    with pytest.raises(RefusedError):
        enter(
            seeded,
            "panel",
            {("expert.plan", "two"): "1", ("expert.plan", "one"): value},
        )
    with seeded.db() as db:
        sheet = stage_scores.sheet(db, seeded.actors["panel"], seeded.ids["stage"])
    assert sheet.scores == ()


def test_closing_computes_gates_decide_and_everything_is_in_the_ledger(two):
    number, root = two.ids["stage"], two.actors["administrator"]
    enter(two, "panel", {("expert.plan", "one"): "50", ("expert.plan", "two"): "30"})
    enter(two, "panel-2", {("expert.plan", "two"): "40"})
    with two.db() as db:
        for team, value in (("one", "39"), ("two", "20")):
            stage_scores.enter_measurement(
                db, root, number, item="bench.score", team=team, value=value
            )
        gate = stage_scores.gate_by_report(
            db,
            two.actors["verifier"],
            number,
            team="one",
            report_id=two.ids["report"],
        )
        assert (gate.outcome, gate.source) == ("fail", "verdict")
        stage_scores.gate_by_committee(
            db,
            two.actors["verifier"],
            number,
            team="two",
            outcome="pass",
            reasons="Nothing was found.",
        )
        stage_scores.close_stage(db, root, number)
        view = stages.stage(db, Actor(), number)
        teams = {team["team"]: team for team in view.result["teams"]}
        assert teams["one"]["total"] == {"low": 89.0, "high": 89.0}
        assert teams["two"]["total"] == {"low": 55.0, "high": 55.0}
        assert teams["one"]["gate"]["outcome"] == "fail"
        assert teams["one"]["advance"]["outcome"] == "out"
        members = teams["two"]["items"][0]["panel"]["members"]
        assert {m["name"] for m in members} == {None}
        assert view.scores == ()
        assert len(stages.stage(db, root, number).scores) == 3
        kinds = [entry.kind for entry in view.entries]
        assert kinds == ["stage-opened", "gate-decided", "gate-decided", "stage-closed"]
    with pytest.raises(ConflictError):
        enter(two, "panel", {("expert.plan", "one"): "60"})


def test_nobody_decides_about_their_own_organisation(seeded):
    mine = Actor(
        account=seeded.ids["verifier"],
        name="verifier",
        role="verifier",
        organisation=seeded.ids["organisation"],
    )
    with seeded.db() as db, pytest.raises(ForbiddenError, match="own"):
        stage_scores.gate_by_committee(
            db, mine, seeded.ids["stage"], team="one", outcome="pass", reasons="fine"
        )
