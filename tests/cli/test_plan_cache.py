# SPDX-License-Identifier: Apache-2.0
"""``plan``, ``audit --plan``, ``audit --sequential`` and ``cache`` in this process."""

import json

import jsonschema

from parentage.artifact.store import Store, default_root
from parentage.report.lineage_schema import shipped_schema

BUDGET = ("--budget", "200kB")


def audit(models, *more):
    pair = (models / "decoder-b", "--against", models / "decoder-a")
    return ("audit", *pair, "--undo-budget", "0", *more)


def plan(models, *more):
    pair = (models / "decoder-b", "--against", models / "decoder-a")
    return ("plan", *pair, "--undo-budget", "0", "--compare", "1MB", *BUDGET, *more)


def test_a_plan_is_shown_written_and_kept_to(run, models, tmp_path):
    file = tmp_path / "plan.json"
    shown = run(*plan(models, "--seed", "5", "--output", file))
    assert (shown.code, shown.err) == (0, "")
    assert "no weight was looked at" in shown.out
    assert "1 MB" in shown.out
    document = json.loads(file.read_text())
    jsonschema.validate(document, json.loads(shipped_schema("plan-1.schema.json")))
    assert (
        json.loads(run(*plan(models, "--seed", "5", "--json")).out)["digest"]
        == (document["digest"])
    )
    kept = run(*audit(models, "--plan", file, "--json"))
    assert kept.code == 0
    report = json.loads(kept.out)
    assert report["settings"]["seed"] == 5
    assert report["settings"]["budget"] == 200_000
    assert report["settings"]["plan"] == document["digest"]
    again = json.loads(run(*report["command"][1:], "--json").out)
    assert again["modules"] == report["modules"]
    for more, message in (
        (("--seed", "6"), "--seed 6 contradicts the plan"),
        (("--sequential",), "--sequential True contradicts the plan"),
        (("--against", models / "vlm-donor"), "2 references were given"),
    ):
        refused = run(*audit(models, "--plan", file, *more))
        assert refused.code == 2
        assert message in refused.err


def test_a_plan_in_korean(run, models):
    shown = run(*plan(models, "--lang", "ko"))
    assert "감사 계획" in shown.out
    assert "Coins" not in shown.out


def test_a_file_that_is_no_plan(run, models, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text('{"schema": "parentage.report/1"}')
    refused = run(*audit(models, "--plan", file))
    assert refused.code == 4
    assert "expected 'parentage.plan/1'" in refused.err


def test_a_sequential_audit_says_what_it_saved(run, models, tmp_path):
    html = tmp_path / "report.html"
    line = ("audit", models / "decoder-a-finetuned", "--against", models / "decoder-a")
    found = run(*line, "--sequential", "--html", html)
    assert found.code == 1
    text = " ".join(found.out.split())
    assert "decided after 1 of 6 layers" in text
    assert "not read" in text
    assert "decided after 1 of 6 layers" in html.read_text(encoding="utf-8")
    korean = " ".join(run(*line, "--sequential", "--lang", "ko").out.split())
    assert "레이어 6개 중 1개 만에 판정됨" in korean


def test_the_cache_is_listed_checked_and_removed(run, models):
    schema = json.loads(shipped_schema("cache-1.schema.json"))
    assert json.loads(run("cache", "ls", "--json").out)["entries"] == []
    first = run(*audit(models, *BUDGET))
    assert run(*audit(models, *BUDGET)).out == first.out
    listed = json.loads(run("cache", "ls", "--json").out)
    jsonschema.validate(listed, schema)
    assert {e["kind"] for e in listed["entries"]} == {"evidence"}
    assert "evidence: modules" in run("cache", "ls").out
    assert run("cache", "verify").code == 0
    entry = next(iter(Store(default_root()).entries()))
    entry.path.write_bytes(entry.path.read_bytes() + b"x")
    checked = run("cache", "verify", "--json")
    assert checked.code == 1
    jsonschema.validate(json.loads(checked.out), schema)
    assert [e["key"] for e in json.loads(checked.out)["removed"]] == [entry.key]
    key = next(iter(Store(default_root()).entries())).key
    assert run("cache", "rm", key[:12]).out.startswith("1 entries removed")
    assert run("cache", "rm", "--older", "1").out.startswith("0 entries removed")
    assert run("cache", "rm").code == 2
    assert run("cache", "rm", "abc").code == 2
    removed = json.loads(run("cache", "rm", "--all", "--json").out)
    assert len(removed["removed"]) == len(listed["entries"]) - 2
    assert run(*audit(models, *BUDGET, "--no-cache")).out == first.out
    assert list(Store(default_root()).entries()) == []
