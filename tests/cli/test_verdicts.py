# SPDX-License-Identifier: Apache-2.0
"""Exit codes and output of the commands on verdicts."""

import json

import pytest

from parentage.report.language import Language
from parentage.run.audit import audit
from parentage.verdict.load_profile import shipped_profiles


@pytest.fixture(name="stored", scope="module")
def stored_fixture(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    found = {}
    for candidate in ("vlm-frozen", "vlm-cured"):
        report = audit(models / candidate, [models / "vlm-donor"])
        found[candidate] = folder / f"{candidate}.json"
        found[candidate].write_text(report.to_json(), encoding="utf-8")
    return found


@pytest.fixture(name="silent", scope="module")
def silent_fixture(tmp_path_factory):
    """A profile whose only rule describes: its source decides nothing."""
    text = """
schema = "parentage.profile/1"
id = "ladder"
version = "1"
title = { en = "Ladder", ko = "사다리" }
stance = { en = "Describes.", ko = "기술한다." }
[[sources]]
id = "s"
title = { en = "S", ko = "원문" }
link = "https://example.org"
language = "en"
[[rules]]
id = "architecture"
kind = "provenance"
components = ["architecture"]
weight = "graded"
text = { en = "t", ko = "가" }
quote = { en = "q", ko = "나" }
source = "s"
[[silent]]
components = ["decoder-weights", "encoder-weights", "projector", "embedding",
  "tokenizer", "training-code", "inference-code", "data", "synthetic-data"]
text = { en = "n", ko = "다" }
"""
    file = tmp_path_factory.mktemp("profile") / "ladder.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("candidate", "profiles", "code"),
    [
        ("vlm-frozen", ["eleutherai-yi"], 0),
        ("vlm-frozen", ["screening"], 1),
        ("vlm-frozen", ["practical"], 3),
        ("vlm-frozen", ["LADDER"], 3),
        ("vlm-frozen", ["eleutherai-yi", "practical"], 3),
        ("vlm-frozen", ["eleutherai-yi", "practical", "screening"], 1),
        ("vlm-cured", ["screening", "lenient"], 0),
    ],
)
def test_exit_codes_of_outcomes(run, stored, silent, candidate, profiles, code):
    words = []
    for name in profiles:
        words += ["--profile", silent if name == "LADDER" else name]
    found = run("judge", stored[candidate], *words, "--json")
    assert found.code == code
    document = json.loads(found.out)
    words = {v["outcome"] for v in document["verdicts"]}
    worst = (
        "violated"
        if "violated" in words
        else "inconclusive"
        if words & {"inconclusive", "not-stated"}
        else "satisfied"
    )
    assert {"satisfied": 0, "violated": 1, "inconclusive": 3}[worst] == code


def test_all_is_one_table(run, stored):
    found = run("judge", stored["vlm-frozen"], "--all")
    assert found.code == 0
    for name in shipped_profiles():
        assert name in found.out


def test_judge_wants_profiles_or_all(run, stored):
    assert run("judge", stored["vlm-frozen"]).code == 2
    both = run("judge", stored["vlm-frozen"], "--all", "--profile", "strict")
    assert both.code == 2


def test_a_wrong_profile_is_one_error_with_every_problem(run, stored, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text('schema = "parentage.profile/1"\nid = "x"\nmood = 1\n')
    found = run("judge", stored["vlm-frozen"], "--profile", file, "--json")
    assert found.code == 4
    error = json.loads(found.out)["error"]
    assert error["code"] == "profile"
    assert {"line": 3, "message": "mood: unknown key"} in error["problems"]
    assert found.err.count("\n") == 1


@pytest.mark.parametrize(("profile", "code"), [("lenient", 0), ("screening", 1)])
def test_audit_with_a_profile(run, models, profile, code, tmp_path):
    found = run(
        "audit",
        models / "vlm-frozen",
        "--against",
        models / "vlm-donor",
        "--profile",
        profile,
        "--html",
        tmp_path / "a.html",
        "--json",
    )
    assert found.code == code
    report = json.loads(found.out)
    assert [v["profile"]["id"] for v in report["verdicts"]] == [profile]
    assert "--profile" in report["command"]
    page = (tmp_path / "a.html").read_text()
    assert 'id="h-verdicts"' in page
    assert "<script" not in page


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_pages_and_text(run, stored, models, lang, tmp_path):
    said = Language(lang)
    calls = {
        "judge": [stored["vlm-frozen"], "--profile", "gov-minimum"],
        "licences": [stored["vlm-frozen"], "--licence", "vlm-donor=gemma"],
        "declared": [models / "vlm-frozen", "--report", stored["vlm-frozen"]],
        "diff-reports": [stored["vlm-frozen"], stored["vlm-cured"]],
    }
    for name, words in calls.items():
        html = tmp_path / f"{name}.html"
        found = run(name, *words, "--lang", lang, "--html", html)
        page = html.read_text(encoding="utf-8")
        assert found.code in {0, 1, 3}, found.err
        assert page.startswith("<!doctype html>")
        assert f'<html lang="{lang}">' in page
        assert "<script" not in page
        assert "{" not in found.out
    text = run(
        "judge", stored["vlm-frozen"], "--profile", "gov-minimum", "--lang", lang
    )
    assert said("What would satisfy it") in text.out
    assert "https://github.com/aieconlab" in text.out.replace("\n", "").replace(" ", "")


def test_profiles(run, silent):
    everything = run("profiles")
    assert everything.code == 0
    assert "gov-minimum" in everything.out
    one = run("profiles", "gov-minimum", "--lang", "ko")
    assert "최소조건이라고 판단된다" in one.out.replace("\n", "").replace("  ", " ")
    own = run("profiles", silent, "--json")
    assert json.loads(own.out)["profiles"][0]["profile"]["id"] == "ladder"
    assert run("profiles", "nobody").code == 4


def test_declared_writes_its_patch(run, stored, models, tmp_path):
    patch = tmp_path / "card.diff"
    found = run(
        "declared",
        models / "vlm-frozen",
        "--report",
        stored["vlm-frozen"],
        "--patch",
        patch,
    )
    assert found.code == 1
    assert patch.read_text().startswith("--- /dev/null\n+++ b/README.md\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--licence", "vlm-donor=gemma", "--whole", "MIT"], 1),
        ([], 3),
        (["--licence", "vlm-donor=house rules"], 3),
        (["--licence", "vlm-donor=MIT"], 0),
        (["--licence", "no sign"], 2),
    ],
)
def test_exit_codes_of_licences(run, stored, words, code):
    assert run("licences", stored["vlm-frozen"], *words).code == code


def test_hostile_names_are_escaped(run, stored, tmp_path):
    data = json.loads(stored["vlm-frozen"].read_text())
    text = json.dumps(data).replace("vlm-donor", "<script>x</script>\\u001b[31m")
    file = tmp_path / "h.json"
    file.write_text(text)
    for name in ("judge", "licences"):
        html = tmp_path / "h.html"
        words = ["--profile", "gov-minimum"] if name == "judge" else []
        found = run(name, file, *words, "--html", html)
        assert "<script" not in html.read_text()
        assert "\x1b" not in found.out


def test_a_verdict_in_one_sentence(run, stored):
    found = run("judge", stored["vlm-frozen"], "--profile", "screening")
    text = " ".join(found.out.split())
    assert (
        "Under “Screening: no weights of a listed model in any module”: violated, by "
        "vision encoder (44.06 % of parameters): frozen external, from vlm-donor."
    ) in text
    found = run("judge", stored["vlm-cured"], "--profile", "screening")
    assert "in any module”: satisfied." in " ".join(found.out.split())
