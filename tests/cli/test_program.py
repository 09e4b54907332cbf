# SPDX-License-Identifier: Apache-2.0
"""`parentage program`: documents, gates from real reports, exit codes."""

import json
from importlib import resources

import jsonschema
import pytest

from parentage.report.stage_document import DOCUMENTS, schema_text, shipped_schema
from parentage.run.audit import audit

SCHEMAS = resources.files("parentage.report")

OWN = """
schema = "parentage.stage-definition/1"
id = "own"
version = "1"
date = 2026-11-25
title = { en = "Own stage", ko = "자체 단계" }
about = { en = "Two teams.", ko = "두 팀." }

[[sources]]
id = "plan"
kind = "own"
title = { en = "Plan", ko = "방안" }

[[teams]]
id = "frozen"
name = { en = "Frozen", ko = "고정" }

[[teams]]
id = "cured"
name = { en = "Cured", ko = "교체" }

[[panels]]
id = "jury"
title = { en = "Jury", ko = "심사위원" }
members = 4
drop = 1
source = "plan"

[[parts]]
id = "expert"
title = { en = "Experts", ko = "전문가" }
points = 10
source = "plan"

[[parts.items]]
id = "panel"
title = { en = "Jury", ko = "심사" }
points = 10
panel = "jury"
source = "plan"

[gate]
title = { en = "Independence", ko = "독자성" }
source = "plan"
profile = "gov-minimum"
decided_by = "verdict"

[[gate.criteria]]
id = "technical"
title = { en = "Technical", ko = "기술" }
text = { en = "Own weights.", ko = "자체 가중치." }
source = "plan"

[advance]
kind = "top"
count = 1
source = "plan"
text = { en = "The best goes on.", ko = "1위가 진출한다." }
"""


def ballots(**given):
    rows = [
        {"member": f"m{n}", "team": team, "item": "expert.panel", "value": value}
        for team, values in given.items()
        for n, value in enumerate(values)
    ]
    return {"ballots": rows}


@pytest.fixture(name="own")
def own_fixture(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    scores = tmp_path / "scores.json"
    scores.write_text(json.dumps(ballots(frozen=(9, 9, 8, 9), cured=(6, 7, 7, 5))))
    return file, scores


@pytest.fixture(name="reports", scope="module")
def reports_fixture(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    found = {}
    for name in ("frozen", "cured"):
        report = audit(models / f"vlm-{name}", [models / "vlm-donor"])
        found[name] = folder / f"{name}.json"
        found[name].write_text(report.to_json(), encoding="utf-8")
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_are_up_to_date(name):
    assert shipped_schema(name) == schema_text(name), f"write schema_text({name!r})"


def test_list(run):
    text = run("program", "list")
    assert text.code == 0
    assert "kr-2026-phase-2" in text.out
    rows = json.loads(run("program", "list", "--json").out)["stages"]
    assert [row["id"] for row in rows] == [
        "kr-2026-extra-team",
        "kr-2026-phase-1",
        "kr-2026-phase-2",
    ]


def test_the_document_fits_its_schema_and_says_what_text_says(run):
    made = run("program", "score", "kr-2026-phase-2", "--quick", "--json")
    assert made.code == 0
    assert not made.err
    document = json.loads(made.out)
    schema = json.loads(shipped_schema("stage-1.schema.json"))
    jsonschema.validate(document, schema)
    assert document["schema"] == "parentage.stage/1"
    assert document["result"]["order"] == ["skt", "upstage", "lg", "motif"]
    assert document["plan"]["scores"]["figures"] == []
    text = run("program", "score", "kr-2026-phase-2", "--quick")
    for total in ("70.6", "69.9", "69.0", "65.8"):
        assert total in text.out
    assert "Totals come from the press alone." in text.out


def test_what_is_left_out_is_said_and_decides_the_exit_code(run):
    made = run("program", "score", "kr-2026-extra-team", "--json")
    assert made.code == 3
    made = run(
        "program", "score", "kr-2026-phase-2", "--quick", "--without-team", "upstage"
    )
    assert made.code == 0
    assert "Left out for this run: upstage." in made.out


def test_reports_decide_the_gate_apart_from_the_score(run, own, reports):
    file, scores = own
    words = ["program", "score", file, "--scores", scores, "--json"]
    gates = [x for n in reports for x in ("--gate", f"{n}={reports[n]}")]
    made = run(*words, *gates)
    document = json.loads(made.out)
    frozen, cured = document["result"]["teams"]
    # The encoder of another model fails the gate, whatever the jury gave.
    assert frozen["total"]["low"] == 9
    assert frozen["rank"] == {"best": 1, "worst": 1}
    assert frozen["gate"]["outcome"] == "fail"
    assert frozen["gate"]["by"] == "verdict"
    decision = frozen["gate"]["decisions"][0]
    assert decision["profile"] == "gov-minimum"
    assert decision["report"] == document["inputs"][str(reports["frozen"])]
    assert decision["reason"]["en"] != decision["reason"]["ko"]
    assert frozen["advance"]["outcome"] == "out"
    # Nothing found is not yet independence: that definition asks for a record.
    assert cured["gate"]["outcome"] == "open"
    assert cured["advance"]["outcome"] == "open"
    assert made.code == 3


def test_another_definition_and_another_judge(run, own, reports):
    file, scores = own
    words = ["program", "score", file, "--scores", scores, "--json"]
    words += ["--gate", f"cured={reports['cured']}", "--gate", "frozen=fail"]
    made = run(*words, "--gate-by", "committee")
    gates = {t["team"]: t["gate"] for t in json.loads(made.out)["result"]["teams"]}
    assert gates["frozen"]["outcome"] == "fail"
    assert gates["frozen"]["by"] == "committee"
    assert gates["cured"]["outcome"] == "open"
    made = run(*words, "--profile", "ci-hygiene")
    gates = {t["team"]: t["gate"] for t in json.loads(made.out)["result"]["teams"]}
    assert gates["cured"]["decisions"][0]["profile"] == "ci-hygiene"


def test_something_else_announced_is_exit_code_1(run, own):
    file, scores = own
    text = OWN + (
        '\n[[announced]]\nteam = "cured"\nadvanced = true\nsource = "plan"\n'
        'reason = { en = "Chosen.", ko = "선정." }\n'
    )
    file.write_text(text, encoding="utf-8")
    gates = ["--gate", "frozen=pass", "--gate", "cured=pass", "--gate-by", "committee"]
    made = run("program", "score", file, "--scores", scores, *gates)
    assert made.code == 1
    assert "Something else was announced." in made.out


def test_simulate(run, own):
    file, scores = own
    words = ["program", "simulate", file, "--scores", scores, "--draws", "200"]
    gates = ["--gate", "frozen=pass", "--gate", "cured=pass", "--gate-by", "committee"]
    made = run(*words, *gates, "--noise", "0.3", "--json")
    document = json.loads(made.out)
    jsonschema.validate(document, json.loads(shipped_schema("stage-1.schema.json")))
    kinds = [s["kind"] for s in document["simulation"]["scenarios"]]
    assert kinds == ["possible", "noise", "members"]
    assert "--noise 0.3" in " ".join(document["command"])
    assert made.code == 0
    text = run(*words, *gates)
    assert "200 draws, seed 0" in text.out


def test_report_forms(run, own, tmp_path):
    file, scores = own
    words = ["program", "report", file, "--scores", scores]
    html = tmp_path / "stage.html"
    assert run(*words, "-o", html, "--simulate", "--draws", "50").code == 3
    assert html.read_text(encoding="utf-8").lstrip().startswith("<!doctype html>")
    assert run(*words, "--format", "markdown", "--lang", "ko").out.startswith("# 자체")
    stored = tmp_path / "stage.json"
    stored.write_text(run(*words, "--format", "json").out, encoding="utf-8")
    again = run("program", "report", stored, "--json").out
    assert json.loads(again) == json.loads(stored.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["score", "nowhere"], 4, "there is no stage 'nowhere'"),
        (["score", "kr-2026-phase-1", "--gate", "lg"], 2, "no '='"),
        (["score", "kr-2026-phase-1", "--gate", "xx=pass"], 2, "no team 'xx'"),
        (["score", "kr-2026-phase-1", "--gate", "lg=none.json"], 4, "none.json"),
        (["score", "kr-2026-phase-1", "--without-source", "x"], 2, "no source 'x'"),
        (["simulate", "kr-2026-phase-1", "--points", "user=x"], 2, "not a number"),
        (["report", "none.json"], 4, "cannot be read"),
        (["report", SCHEMAS / "stage-1.schema.json"], 4, "has schema 'None'"),
    ],
)
def test_bad_input_is_one_clear_error(run, words, code, said):
    made = run("program", *words)
    assert made.code == code
    assert said in made.err
    assert made.err.count("\n") == 1
