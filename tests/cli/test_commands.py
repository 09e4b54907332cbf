# SPDX-License-Identifier: Apache-2.0
import io
import json
import sys

import pytest

from parentage.cli import progress
from parentage.cli.demo import find_zoo
from parentage.errors import UsageError
from parentage.report.load import parse_report


def test_audit_of_a_copied_encoder(run, models, tmp_path):
    html = tmp_path / "report.html"
    result = run(
        *("audit", models / "vlm-frozen", "--against", models / "vlm-donor"),
        *("--json", "--html", html),
    )
    assert result.code == 1
    report = parse_report(result.out)
    found = {m.name: m.finding for m in report.modules}
    assert found.pop("vision_encoder") == "identical"
    assert set(found.values()) == {"no-dependence-found"}
    assert report.command[:3] == ("parentage", "audit", str(models / "vlm-frozen"))
    assert result.err == f"HTML report: {html}\n"
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [html]


def test_audit_of_the_innocent_pair(run, models):
    result = run("audit", models / "decoder-b", "--against", models / "decoder-a")
    assert result.code == 0
    assert result.err == ""
    assert "No dependence of decoder-b on decoder-a was found." in result.out
    assert "shuffling one side" in result.out


def test_the_command_in_the_report_gives_the_same_numbers(run, models):
    pair = ("--against", models / "decoder-a", "--budget", "200kB", "--seed", "7")
    first = parse_report(run("audit", models / "decoder-b", *pair, "--json").out)
    again = parse_report(run(*first.command[1:], "--json").out)
    assert again.modules == first.modules
    assert again.command == first.command
    assert first.settings.budget == 200_000
    assert first.settings.seed == 7


def test_unusable_html_is_refused_before_the_work(run, models, tmp_path):
    result = run(
        *("audit", "no-such-model", "--against", "x"),
        *("--html", tmp_path / "no" / "x.html"),
    )
    assert result.code == 2
    assert "its folder does not exist" in result.err


def test_compare_shows_evidence_and_exits_0(run, models):
    pair = (models / "decoder-a-finetuned", models / "decoder-a")
    result = run("compare", *pair)
    assert result.code == 0
    assert "sign-coins" in result.out
    document = json.loads(run("compare", *pair, "--json").out)
    assert document["schema"] == "parentage.comparison/1"
    assert "headline" not in document
    assert not any("finding" in module for module in document["modules"])


def test_inspect(run, models):
    result = run("inspect", models / "vlm-donor")
    assert result.code == 0
    assert "vision encoder" in result.out
    info = json.loads(run("inspect", models / "vlm-donor", "--json").out)
    parts = sum(m["parameters"] for m in info["modules"])
    lost = sum(u["parameters"] for u in info["unrecognised"])
    assert parts + lost == info["parameters"]


def test_methods(run):
    assert "swap-coins" in run("methods").out
    assert "Null hypothesis" in run("methods", "swap-coins").out
    one = json.loads(run("methods", "swap-coins", "--json").out)
    assert one["schema"] == "parentage.methods/1"
    assert [m["id"] for m in one["methods"]] == ["swap-coins"]


@pytest.fixture(name="small_zoo")
def small_zoo_fixture(zoo, tmp_path):
    manifest = json.loads((zoo / "manifest.json").read_text(encoding="utf-8"))
    for model in manifest["models"]:
        model["path"] = str(zoo / model["path"])
    manifest["comparisons"] = [
        c for c in manifest["comparisons"] if c["candidate"] == "decoder-b"
    ][:1]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def test_demo(run, small_zoo, tmp_path):
    html = tmp_path / "demo.html"
    result = run("demo", "--zoo", small_zoo, "--json", "--html", html)
    assert result.code == 0
    rows = json.loads(result.out)["results"]
    assert {r["module"] for r in rows} == {"text_decoder", "embedding", "head"}
    keys = {"candidate", "reference", "module", "truth", "finding", "agrees"}
    assert all(keys <= set(r) and r["agrees"] for r in rows)
    assert "decoder-b against decoder-a" in html.read_text(encoding="utf-8")


def test_demo_that_disagrees_exits_1(run, small_zoo):
    file = small_zoo / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["comparisons"][0]["truth"]["head"] = "reused"
    file.write_text(json.dumps(manifest))
    result = run("demo", "--zoo", small_zoo)
    assert result.code == 1
    assert "NO" in result.out
    assert "2 of 3 findings agree" in result.out


def test_where_the_zoo_is_looked_for(zoo, small_zoo, tmp_path, monkeypatch):
    monkeypatch.delenv("PARENTAGE_ZOO", raising=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert find_zoo(None) == zoo.resolve()
    monkeypatch.setenv("PARENTAGE_ZOO", str(small_zoo))
    assert find_zoo(None) == small_zoo
    assert find_zoo(zoo) == zoo
    with pytest.raises(UsageError, match=r"holds no manifest\.json"):
        find_zoo(empty)
    monkeypatch.delenv("PARENTAGE_ZOO")
    monkeypatch.setattr("parentage.__file__", str(empty / "a" / "b" / "__init__.py"))
    with pytest.raises(UsageError, match="--zoo DIR"):
        find_zoo(None)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_on_a_terminal_only(monkeypatch):
    with progress.progress_bar() as step:
        assert step is None
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.progress_bar() as step:
        step("reading [bold]\x1b[31m", 1, 2)
        step("done", 2, 2)
    assert "\x1b[31m" not in terminal.getvalue()


def without_time(text):
    document = json.loads(text)
    return {k: v for k, v in document.items() if k not in {"created", "seconds"}}


def test_every_command_speaks_korean(run, models, small_zoo, tmp_path):
    pair = (models / "decoder-b", models / "decoder-a")
    html = tmp_path / "report.html"
    commands = {
        "의존성이 발견되지 않았습니다": ("audit", pair[0], "--against", pair[1]),
        "판정도 내리지 않습니다": ("compare", *pair),
        "판정 3건 중 3건이 일치합니다.": ("demo", "--zoo", small_zoo),
        "다이제스트": ("inspect", pair[0]),
        "귀무가설": ("methods", "swap-coins"),
        "부호 동전": ("methods", "sign-coins"),
    }
    for words, command in commands.items():
        english, korean = run(*command), run(*command, "--lang", "ko")
        assert korean.code == english.code
        assert words not in english.out
        assert words in " ".join(korean.out.split())
    for command in (
        ("audit", pair[0], "--against", pair[1]),
        ("demo", "--zoo", small_zoo),
    ):
        result = run(*command, "--lang", "ko", "--html", html)
        assert result.err == f"HTML 보고서: {html}\n"
        assert '<html lang="ko">' in html.read_text(encoding="utf-8")


def test_json_is_of_no_language(run, models, small_zoo):
    pair = (models / "decoder-b", models / "decoder-a")
    for command in (
        ("audit", pair[0], "--against", pair[1]),
        ("compare", *pair),
        ("demo", "--zoo", small_zoo),
        ("inspect", pair[0]),
        ("methods",),
    ):
        korean = run(*command, "--json", "--lang", "ko").out
        assert without_time(korean) == without_time(run(*command, "--json").out)


def test_unknown_language(run):
    result = run("methods", "--lang", "xx")
    assert result.code == 2
    assert "'xx' is not one of 'en', 'ko'" in result.err


def test_dates_say_which_came_first(run, models):
    words = ["audit", models / "vlm-tuned", "--against", models / "vlm-donor"]
    dates = ["--date", "vlm-tuned=2026-01-15", "--date", "vlm-donor=2024"]
    found = run(*words, *dates, "--json")
    assert found.code == 1
    report = json.loads(found.out)
    (descent,) = report["descents"]
    assert descent["direction"] == "from-reference"
    assert descent["dates"] == ["2026-01-15", "2024"]
    assert report["command"][-4:] == dates
    said = run(*words, *dates).out
    assert "(2024)" in said
    assert run(*words, "--date", "vlm-donor=soon").code == 2
    assert run(*words, "--date", "stranger=2024").code == 2
