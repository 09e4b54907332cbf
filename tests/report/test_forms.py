# SPDX-License-Identifier: Apache-2.0
"""One document in several forms: all say the same, and each is valid of its kind."""

import hashlib
import importlib.util
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from parentage.evidence.catalogue import methods
from parentage.report.html import render_html
from parentage.report.language import ENGLISH, Language
from parentage.report.markdown_report import md, render_markdown
from parentage.report.page_both import own_ids, render_both
from parentage.report.page_layers import layer_rows
from parentage.report.reply import attach_reply
from parentage.report.sarif import render_sarif

SCHEMAS = Path(__file__).parent / "fixtures/schemas"
SCHEMA = json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text())
KOREAN = Language("ko")
_spec = importlib.util.spec_from_file_location(
    "pages", Path(__file__).parent / "test_html.py"
)
_pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_pages)
Page = _pages.Page
WHEN = datetime(2026, 11, 25, tzinfo=UTC)
STATEMENT = "우리는 인코더를 <b>허락</b>받아 썼습니다.\n\nIt says so in *section* 3."


@pytest.fixture(name="answered")
def answered_fixture(report):
    return attach_reply(report, "<i>Team</i> A", STATEMENT, WHEN)


@pytest.mark.parametrize("name", ["sarif-schema-2.1.0.json", "spdx-3.0.1.json"])
def test_the_official_schemas_are_as_they_were_published(name):
    """Their digests stand in the README beside them."""
    digest = hashlib.sha256((SCHEMAS / name).read_bytes()).hexdigest()
    assert f"| `{name}` | `{digest}` |" in (SCHEMAS / "README.md").read_text()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda run: run["results"][0].update(level="fatal"),
        lambda run: run["results"][0].pop("message"),
        lambda run: run["tool"]["driver"].pop("name"),
        lambda run: run.update(surprise=1),
    ],
)
def test_the_official_sarif_schema_refuses_what_is_wrong(spoil, report):
    log = json.loads(render_sarif(report))
    spoil(log["runs"][0])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(log)


def sarif(report):
    log = json.loads(render_sarif(report))
    checker = jsonschema.FormatChecker()
    jsonschema.Draft4Validator(SCHEMA, format_checker=checker).validate(log)
    return log["runs"][0]


def test_sarif_is_valid_and_says_what_the_report_says(answered):
    run = sarif(answered)
    rules = run["tool"]["driver"]["rules"]
    kinds = {"identical": "error", "reused": "error"}
    found = [r for r in run["results"] if "parentage:finding" in r["properties"]]
    outcomes = [o for m in answered.modules for o in m.outcomes]
    assert len(found) == len(outcomes)
    for result, outcome in zip(found, outcomes, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == kinds.get(outcome.finding, "none")
        assert result["properties"]["parentage:finding"] == outcome.finding
    # No page of this project has a lasting address; each rule carries its text.
    assert not [r["id"] for r in rules if "helpUri" in r]
    assert "informationUri" not in run["tool"]["driver"]
    for rule in rules:
        assert "parentage methods" in rule["help"]["text"]
        if rule["id"] in methods():
            assert methods()[rule["id"]].null in rule["help"]["text"]
            assert "**Null hypothesis.**" in rule["help"]["markdown"]
    assert {r["id"] for r in rules} - {"finding"} <= set(methods())
    assert run["properties"]["parentage:replies"][0]["statement"] == STATEMENT


def test_sarif_of_hostile_names_and_of_real_verdicts(hostile, demo):
    sarif(hostile)
    for report in list(demo.reports.values())[:3]:
        run = sarif(report)
        uris = [a["location"]["uri"] for a in run["artifacts"]]
        assert uris
        assert all(uri.endswith(".safetensors") for uri in uris)
        for rule in run["tool"]["driver"]["rules"]:
            # Rules of profiles link their own source, and no others link anything.
            assert ("helpUri" in rule) == ("/" in rule["id"])


def test_nothing_found_is_no_failure_in_sarif(demo):
    clear = demo.reports["decoder-b", "decoder-a"]
    assert {r["kind"] for r in sarif(clear)["results"]} == {"pass"}


def test_markdown_says_every_module_in_both_languages(answered):
    for language in (ENGLISH, KOREAN):
        text = render_markdown(answered, language)
        assert text.count("\n## ") >= len(answered.modules)
        widths = {
            line.count(" | ") for line in text.splitlines() if line.startswith("| --")
        }
        assert widths <= {3, 4, 5}
        assert "\\<i\\>Team\\</i\\> A" in text
        assert "<" not in re.sub(r"\\<", "", text)


def test_markdown_escapes_what_is_hostile(hostile):
    text = render_markdown(hostile)
    # In the fenced command everything is text; nowhere else is a bare sign.
    assert text.count("```") == 2
    before, _, after = (*text.split("```console"), "")[:3]
    assert "<script" not in (before + after).replace("\\<", "")
    assert md("a|b\n# `x` [l](u)") == "a\\|b # \\`x\\` \\[l\\](u)"
    assert md("- item") == "\\- item"


def test_a_reply_is_shown_in_its_own_words(answered):
    for language in (ENGLISH, KOREAN):
        html = render_html(answered, language)
        assert "&lt;i&gt;Team&lt;/i&gt; A" in html
        assert "허락&lt;/b&gt;받아" in html
        assert "<i>" not in html


def test_both_languages_in_one_page_without_a_script(answered):
    html = render_both(answered)
    page = Page(html)
    assert "script" not in page.tags
    assert not [n for n, _ in page.attributes if n.startswith("on")]
    assert len(page.ids) == len(set(page.ids))
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    for name in ("aria-labelledby", "for"):
        for value in (v for k, v in page.attributes if k == name):
            assert set(value.split()) <= set(page.ids)
    assert html.count("<h1") == html.count("<main") == 2
    assert html.count('type="radio"') == 2


def test_renaming_leaves_texts_and_outer_links_alone():
    html = '<a href="#x" id="y">id=&#34;z&#34;</a><a href="https://a/#x">b</a>'
    assert own_ids(html, "ko") == (
        '<a href="#ko-x" id="ko-y">id=&#34;z&#34;</a><a href="https://a/#x">b</a>'
    )


def test_layers_stand_beside_those_they_came_from(report):
    module = next(m for m in report.modules if m.name == "vision_encoder")
    rows = layer_rows(module, module.outcomes[0])
    moved = {(r.layer, r.other) for r in rows if r.reused and r.block == "attention"}
    assert {(6, 8), (7, 9)} <= moved
    by_map = {m.block: m for m in module.layer_maps}
    for row in rows:
        block = "attention" if row.block == "attention" else "mlp"
        assert row.heads == by_map[block].heads[row.layer][row.other]
    assert "Numbers of every layer" in Page(render_html(report)).text


def test_notebooks_show_a_table(hostile):
    html = hostile._repr_html_()
    assert html.count("<tr>") == len(hostile.modules) + 1
    assert "<script" not in html
    assert "no proof of training from scratch" in html
