# SPDX-License-Identifier: Apache-2.0
"""Pages of stages: whole, in one language, with nothing of a file as markup."""

import re
from html.parser import HTMLParser

import pytest

from parentage.program.result import Bounds, Rank
from parentage.report import stage_words as say
from parentage.report.language import Language
from parentage.report.stage_figures import bars
from parentage.report.stage_html import render_stage
from parentage.report.stage_markdown import render_stage_markdown
from parentage.report.stage_view import Bar
from parentage.run.program import Simulation, score_file

KOREAN = Language("ko")
SIMULATION = Simulation(
    draws=60, seed=0, noise=(0.02,), spread=0.2, points={"user": 30}
)
VOID = {"meta", "br"}


@pytest.fixture(name="document", scope="module")
def document_fixture():
    return score_file("kr-2026-phase-2", explain=False, simulation=SIMULATION)


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.ids, self.words = [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for key, value in attrs if key == "id"]
        assert not any(key.startswith("on") for key, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "code", "svg"} & set(self.open):
            self.words.append(data)


@pytest.mark.parametrize("lang", [Language("en"), KOREAN], ids=lambda lang: lang.code)
def test_page_is_whole(document, lang):
    page = Page(render_stage(document, lang))
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    # A chart of totals and one for each team, each beside a table.
    assert page.tags.count("svg") == 5
    assert page.tags.count("table") >= 6


def test_korean_page_holds_no_english_sentences(document):
    text = " ".join(Page(render_stage(document, KOREAN)).words)
    runs = re.findall(r"(?:[A-Za-z’']{2,}[ ,;:]+){3,}[A-Za-z’']{2,}", text)
    assert set(runs) <= {"Artificial Analysis Intelligence Index"}


def test_korean_markdown_says_the_same_numbers(document):
    english = render_stage_markdown(document)
    korean = render_stage_markdown(document, KOREAN)
    for text in (english, korean):
        assert "70.6" in text
        assert "68.84" in text
    assert "SK텔레콤" in korean
    assert "So it was announced" not in korean


def test_names_from_files_are_never_markup(document):
    bad = "</td><script>alert(1)</script>|`x`[l](javascript:1)"
    plan = document.plan
    team = plan.teams[0].model_copy(
        update={
            "model": bad,
            "name": plan.teams[0].name.model_copy(update={"en": bad, "ko": bad}),
        }
    )
    spoilt = document.model_copy(
        update={
            "plan": plan.model_copy(update={"teams": (team, *plan.teams[1:])}),
            "origin": bad,
        }
    )
    page = Page(render_stage(spoilt))
    assert "script" not in page.tags
    assert any("<script>" in words for words in page.words)
    markdown = render_stage_markdown(spoilt)
    assert "<script>" not in markdown
    assert "[l](javascript" not in markdown


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (9.475, 9.475, "9.475"),
        (25.0, 25.0, "25.0"),
        (63.7045, 90.297, "63.7 to 90.3"),
        (7.996, 8.001, "7.99 to 8.01"),
    ],
)
def test_ranges_are_rounded_outwards(low, high, said):
    assert say.points(Bounds(low=low, high=high)) == said


def test_ranks():
    assert say.rank(Rank(best=2, worst=2)) == "2"
    assert say.rank(Rank(best=2, worst=4), KOREAN) == "2~4"


def test_shares_are_never_rounded_to_certainty():
    assert say.share(0.0) == "0.0 %"
    assert say.share(0.0001) == "< 0.1 %"
    assert say.share(0.9999) == "> 99.9 %"
    assert say.share(1.0) == "100.0 %"


def test_every_reason_has_a_sentence(document):
    bases = {"in", "out", "open"}
    for kind in ("top", "eliminate", "wildcard"):
        for base in bases:
            for ending in ("", "-gate-failed", "-gate-open"):
                advance = document.result.teams[0].advance.model_copy(
                    update={"reason": f"{kind}-{base}{ending}"}
                )
                text = say.advance_sentence(document.plan, "skt", advance)
                assert text.startswith("SK Telecom: ")
                assert "{" not in text


def test_chart_is_numbers_only_and_the_same_each_time():
    rows = [Bar(0.2, 0.4, 0.5, 0.6), Bar(1.0, 1.0, 0.5, 0.5)]
    made = bars(rows, "x")
    assert made == bars(rows, "x")
    texts = re.findall(r">([^<>]+)</text>", made)
    assert set(texts) == {"1", "2", "0 %", "25 %", "50 %", "75 %", "100 %"}
