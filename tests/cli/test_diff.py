# SPDX-License-Identifier: Apache-2.0
"""``parentage diff`` on bundled models: exit codes, JSON, page, note on gains."""

import json

import pytest

A, B = "decoder-a", "decoder-a-finetuned"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_exit_codes_say_whether_anything_differs(run, models):
    assert run("diff", models / A, models / A).code == 0
    assert run("diff", models / A, models / B).code == 1
    assert run("diff", models / A, models / "nowhere").code == 4
    assert run("diff", models / A).code == 2


def test_json_goes_to_stdout_alone(run, models):
    result = run("diff", models / A, models / B, "--json", "--no-resume")
    document = json.loads(result.out)
    assert document["schema"] == "parentage.diff/1"
    assert document["differs"] is True
    assert result.err == ""


def test_text_says_that_gains_are_no_evidence_in_both_languages(run, models):
    said = run("diff", models / A, models / B).out
    assert "gains" in said
    korean = run("diff", models / A, models / B, "--lang", "ko").out
    assert "이득" in korean


def test_page_is_written(run, models, tmp_path):
    page = tmp_path / "diff.html"
    result = run("diff", models / A, models / B, "--html", page)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert str(page) in result.err
