# SPDX-License-Identifier: Apache-2.0
"""Pages and terminal of documents on lineage, with what strangers put into names."""

import io
import json
import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from parentage.report import lineage_figures as figures
from parentage.report import lineage_words as say
from parentage.report.html import render_html
from parentage.report.language import ENGLISH, Language
from parentage.report.lineage_html import lineage_sections, render_document
from parentage.report.lineage_nearest import LineageItem, Missing
from parentage.report.lineage_terminal import print_document, print_lineage
from parentage.report.lineage_tokenizer import ScriptItem
from parentage.run.lineage_architecture import compare_architecture_files
from parentage.run.lineage_nearest import nearest_known
from parentage.run.lineage_tokenizer import compare_tokenizer_files

ROOT = Path(__file__).parents[2]
ZOO = ROOT / "zoo" / "models"
KOREAN = Language("ko")
EVIL = '<script>alert("x")</script>\x1b[31m\u202e{0}{{7*7}}[bold]'
VOID = {"meta", "br", "wbr", "img", "hr", "path", "rect", "line"}


@cache
def documents():
    a, b = ZOO / "decoder-a", ZOO / "vlm-donor"
    return {
        "tokenizer": compare_tokenizer_files(a, b, command=["parentage", "x"]),
        "config": compare_architecture_files(ZOO / "moe-a", b),
        "nearest": nearest_known(a, before="2025-01"),
    }


@pytest.fixture(name="made", scope="module")
def made_fixture():
    return documents()


def spoiled(document, evil):
    """The same document with a hostile text in every free string."""
    kept = {
        *("schema", "relation", "link", "format", "algorithm", "word", "difference"),
        *("kind", "part", "group", "script", "pattern", "ids", "code", "read_from"),
        *("order_basis", "created", "before", "released", "name_of_share"),
    }
    free = {"steps", "linked_by", "components"}

    def spoil(value, key=""):
        if isinstance(value, dict):
            shares = value.get("name") in {"order", "tail", "ids"}
            return {
                k: v if shares and k == "name" else spoil(v, k)
                for k, v in value.items()
            }
        if isinstance(value, list):
            return (
                value
                if key in free - {"components"}
                else [spoil(v, key) for v in value]
            )
        if isinstance(value, str) and key not in kept and key != "of":
            return f"{value}{evil}"
        return value

    plain = json.loads(document.to_json())
    for side in ("a", "b"):
        if "pair" in plain and "notes" in plain["pair"][side]:
            plain["pair"][side]["notes"] = [evil]
            plain["pair"][side]["roles"] = {evil: {"id": 1, "text": evil}}
    return type(document).model_validate(spoil(plain))


class Checker(HTMLParser):
    """Tags that open and close, and nothing that could run or load."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        assert tag not in {"script", "iframe", "object", "link", "img"}
        for name, value in attrs:
            assert not name.startswith("on")
            if name in {"href", "src"}:
                assert value.startswith("#")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def checked(page):
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return " ".join(" ".join(checker.text).split())


def printed(document, lang=ENGLISH, width=100):
    stream = io.StringIO()
    console = Console(file=stream, width=width, highlight=False, markup=False)
    print_document(document, console, lang)
    return stream.getvalue()


@pytest.mark.parametrize("lang", [ENGLISH, KOREAN])
@pytest.mark.parametrize("name", ["tokenizer", "config", "nearest"])
def test_pages_are_whole_and_load_nothing(made, name, lang):
    page = render_document(made[name], lang)
    text = checked(page)
    assert f'<html lang="{lang.code}">' in page
    assert "default-src 'none'" in page
    assert "url(" not in page
    caveat = {
        "tokenizer": [say.tokenizer_caveat(lang)],
        "config": [say.architecture_caveat(lang)],
        "nearest": [say.tokenizer_caveat(lang), say.architecture_caveat(lang)],
    }
    for sentence in caveat[name]:
        assert sentence in text


@pytest.mark.parametrize("lang", [ENGLISH, KOREAN])
@pytest.mark.parametrize("name", ["tokenizer", "config", "nearest"])
def test_hostile_names_stay_text(made, name, lang):
    page = render_document(spoiled(made[name], EVIL), lang)
    text = checked(page)
    assert "<script" not in page
    assert "alert" in text
    out = printed(spoiled(made[name], EVIL), lang)
    assert "\x1b" not in out
    assert "\u202e" not in out


@settings(max_examples=25, deadline=None)
@given(evil=st.text(min_size=1, max_size=30))
def test_any_text_in_names_and_tokens(evil):
    for document in documents().values():
        hostile = spoiled(document, evil)
        checked(render_document(hostile))
        control = [s for s in printed(hostile) if not s.isprintable() and s != "\n"]
        assert control == []


@given(st.text(max_size=60))
def test_visible_text_is_printable_and_has_no_spaces(text):
    shown = say.visible(text)
    assert shown.isprintable()
    assert " " not in shown
    if text.isprintable() and " " not in text:
        assert shown == text


def test_the_terminal_says_the_caveat(made):
    assert "never evidence about weights" in " ".join(
        printed(made["tokenizer"]).split()
    )
    korean = " ".join(printed(made["nearest"], KOREAN).split())
    assert "증거가" in korean
    assert "2025-01 이후" in korean


def test_a_finding_is_said_again_as_the_evidence_said_it(made):
    pair = made["tokenizer"].pair
    assert say.pair_sentences(pair) == pair.finding.sentences
    korean = say.pair_sentences(pair, KOREAN)
    assert len(korean) == len(pair.finding.sentences)
    assert all(re.search("[가-힣]", sentence) for sentence in korean)


def test_numbers_of_a_page_are_those_of_the_document(made):
    pair = made["tokenizer"].pair
    text = checked(render_document(made["tokenizer"]))
    for number in say.shown_numbers(pair):
        assert f"{number.count:,} {number.out_of:,}" in text


def widths(svg):
    return [float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)"', svg)]


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_bars_of_scripts_add_up(only_a, shared, only_b):
    bar = figures.script_bar(
        ScriptItem(script="han", a=only_a + shared, b=only_b + shared, shared=shared)
    )
    total = only_a + shared + only_b
    expected = [100 * n / max(total, 1) for n in (only_a, shared, only_b)]
    assert widths(bar) == pytest.approx(expected, abs=0.01)


def test_the_mark_of_this_pair_stands_at_its_value(made):
    pair = made["tokenizer"].pair
    share = pair.finding.shares[0].model_copy(update={"value": 0.25})
    svg = figures.background_plot(share, pair.background[0])
    assert 'd="M88.0 104V22"' in svg
    ticks = len(re.findall(r"v14", svg))
    shown = pair.background[0]
    assert ticks == len(shown.independent) + len(shown.related)
    without = share.model_copy(update={"value": None})
    assert figures.background_plot(without, pair.background[0]) is None


def test_points_of_the_order_plot_lie_inside(made):
    pair = made["tokenizer"].pair
    svg = figures.order_plot(pair)
    points = re.findall(r"M([\d.]+) ([\d.]+)h0", svg)
    assert len(points) == len(pair.points)
    assert all(18 <= float(x) <= 298 and 8 <= float(y) <= 288 for x, y in points)
    assert figures.order_plot(pair.model_copy(update={"points": ()})) is None


LINEAGE = (
    LineageItem(
        kind="tokenizer",
        reference="other",
        missing=(
            Missing(code="none", model="own"),
            Missing(code="unreadable", model=f"x{EVIL}", detail=f"broken {EVIL}"),
        ),
    ),
    LineageItem(
        kind="architecture",
        reference="other",
        missing=(Missing(code="internal", model="own", detail="KeyError: 'x'"),),
    ),
)


@pytest.mark.parametrize("lang", [ENGLISH, KOREAN])
def test_reasons_reach_the_audits_page_and_terminal(report, lang):
    with_lineage = report.model_copy(update={"lineage": LINEAGE})
    page = render_html(with_lineage, lang)
    text = checked(page)
    reason = say.missing_text("tokenizer", LINEAGE[0].missing[0], lang)
    assert reason[:1].upper() + reason[1:] in text
    assert "KeyError: 'x'" in text
    assert "<script" not in page
    stream = io.StringIO()
    print_lineage(LINEAGE, Console(file=stream, width=100), lang)
    assert reason in " ".join(stream.getvalue().split())
    assert "\x1b" not in stream.getvalue()


def test_an_audit_without_lineage_shows_none(report):
    assert lineage_sections(()) == ""
    assert "h-lineage" not in render_html(report)


def test_the_audits_page_shows_the_same_figures(made, report):
    pair = made["tokenizer"].pair
    config = made["config"].pair
    items = (
        LineageItem(kind="tokenizer", reference="donor", tokenizer=pair, bytes_read=9),
        LineageItem(kind="architecture", reference="donor", architecture=config),
    )
    page = render_html(report.model_copy(update={"lineage": items}))
    text = checked(page)
    assert page.count("h-lineage-") == 4
    assert str(figures.order_plot(pair)) in page
    assert say.component_sentence(config.components[0]) in text
    assert "9 bytes" in text


def test_every_text_is_translated_and_compiled():
    pytest.importorskip("babel")
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import translations
    finally:
        sys.path.pop(0)
    assert len(translations.texts("lineage")) > 150
    assert translations.complaints("ko", "lineage") == []


def test_no_text_is_lost_between_the_catalogues():
    """Texts of both catalogues are said, whichever file holds them."""
    assert KOREAN("Tokenizer lineage") == "토크나이저 계통"
    assert KOREAN("Run it again") != "Run it again"
    assert KOREAN("no such text") == "no such text"
