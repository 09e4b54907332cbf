# SPDX-License-Identifier: Apache-2.0
import re
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest

from parentage.report.details import details_text
from parentage.report.html import render_demo_html, render_html
from parentage.report.language import Language
from parentage.report.view import power10

KOREAN = Language("ko")
VOID = {"meta", "br", "hr", "img", "link", "input"}


def english_in(text):
    """Runs of three English words or more, names of authors aside."""
    text = text.replace("Zhu et al", "")
    return re.findall(r"(?:[A-Za-z’']{2,}[ ,;:]+){2,}[A-Za-z’']{2,}", text)


class Page(HTMLParser):
    """Collects tags, ids and text, and insists that tags are closed in order."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.ids, self.links, self.words = [], [], [], []
        self.attributes = []
        self.open = []
        self.languages = []
        self.foreign = []
        self.marked = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        values = dict(attrs)
        self.attributes += attrs
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        if tag not in VOID:
            self.open.append(tag)
            language = values.get("lang") or (self.languages or [None])[-1]
            # Code and names of models are of no language.
            self.languages.append("code" if tag in {"code", "style"} else language)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.languages.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)
            if self.languages[-1] == "ko":
                self.foreign += english_in(data)
            elif self.languages[-1] == "en":
                self.marked.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(name="page")
def page_fixture(report):
    return Page(render_html(report))


def test_loads_nothing_and_runs_nothing(report):
    html = render_html(report)
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "default-src 'none'" in html
    addresses = re.findall(r"https?://[^\s\"'<]+", html)
    # Namespaces of SVG are names, not requests.
    assert {a for a in addresses if not a.startswith("http://www.w3.org/")} == set()
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_ids_are_unique_and_links_lead_to_them(page):
    assert len(page.ids) == len(set(page.ids))
    assert all(link.removeprefix("#") in page.ids for link in page.links)


def test_landmarks_headings_and_alternatives(page):
    for tag in ("header", "main", "footer", "h1", "h2", "summary"):
        assert tag in page.tags
    assert page.tags.count("h1") == 1
    assert page.tags.count("main") == 1
    labelled = [v for k, v in page.attributes if k == "aria-label"]
    assert page.tags.count("figure") <= len(labelled)
    assert ("lang", "en") in page.attributes


@pytest.fixture(name="korean", scope="module")
def korean_fixture(demo):
    """The demo's page, with every report of the bundled models inside."""
    return render_demo_html(demo.rows, demo.reports, KOREAN)


def test_nothing_of_a_korean_page_is_left_in_english(korean, demo):
    page = Page(korean)
    assert page.attributes[0] == ("lang", "ko")
    # A citation reads the same in both languages and is marked as English.
    assert [m for m in page.marked if "Ann. Math. Statist." not in m] == []
    assert page.foreign == []
    labels = [v for k, v in page.attributes if k == "aria-label"]
    assert len(labels) > 100
    assert [label for label in labels if english_in(label)] == []
    assert len(page.ids) == len(set(page.ids))
    assert all(link.removeprefix("#") in page.ids for link in page.links)


def test_a_korean_page_shows_the_same_numbers(korean, demo):
    english = Page(render_demo_html(demo.rows, demo.reports)).text
    numbers = r"\d[\d,.]*\d"
    assert sorted(re.findall(numbers, Page(korean).text)) == sorted(
        re.findall(numbers, english)
    )


@pytest.mark.parametrize(
    "words",
    [
        "sejong-vl-8b에서 다음이 확인되었습니다: 비전 인코더(파라미터의 7.61 %",
        "파라미터 8,880,951,296개 중 675,759,104개",
        "○ 의존성이 발견되지 않음",
        "◆ 대응 관계(재사용은 증명되지 않음)",
        "– 시험 불가",
        "시드가 같으면 닮아 보입니다.",
        "donor-vl-7b에는 프로젝터 모듈이 없음",
        "경고 : 읽은 값 4096개 중 3개가 NaN 또는 무한대여서 0으로 취급함",
        "부호 동전: 동전 20,480개 중 앞면 19,212개, 우연보다 표준편차의 125.4배 큼",
        "MLP: GLU 뉴런 20,480 중 19,212",
        "레이어 0–5, 6–7(참조 모델의 8–9)",
        "귀무가설",
    ],
)
def test_says_in_korean(report, words):
    assert words in Page(render_html(report, KOREAN)).text


def test_what_is_not_translated_is_marked_as_english(report):
    module = report.modules[2]
    reason = "the <moon> was full"
    odd = module.model_copy(update={"reason": reason, "sentence": f"No: {reason}."})
    changed = report.model_copy(update={"modules": (odd,)})
    page = Page(render_html(changed, KOREAN))
    assert page.foreign == []
    # In the sentence and in the table of facts.
    assert page.marked.count(reason) == 2
    assert "Permuted copies escape. Really." in page.marked


def test_hostile_names_are_text_in_korean_too(hostile):
    html = render_html(hostile, KOREAN)
    page = Page(html)
    assert "<script" not in html
    assert "{{7*7}}" in page.text
    assert "&amp;amp;" not in html


def test_korean_pages_break_between_words_and_name_fonts(report):
    html = render_html(report, KOREAN)
    assert re.search(r"body:lang\(ko\) \{[^}]*word-break: keep-all", html)
    for font in ("Malgun Gothic", "Apple SD Gothic Neo", "Noto Sans KR"):
        assert f'"{font}"' in html


@pytest.mark.parametrize(
    "words",
    [
        "In sejong-vl-8b, the vision encoder",
        "675,759,104 of 8,880,951,296 parameters",
        "no dependence found",
        "not testable",
        "Same seed, same look.",
        "It does not mean",
        "Why the cosine of norm gains proves nothing",
        "Sign coins: 19,212 heads of 20,480, 125.4 standard deviations above chance",
        "10 −5732",
        "layers 0–5, 6–7 (its 8–9)",
        "parentage audit models/sejong-vl-8b --against 'models/a b'",
        "3 of 4096 values read are NaN or infinite",
        "Unrecognised tensors in sejong-vl-8b",
        "Blind to",
        "9f2c9f2c",
    ],
)
def test_says(page, words):
    assert words in page.text


def test_every_finding_is_worded_and_signed(page):
    for sign, word in (("▲", "reused"), ("◆", "correspondence"), ("■", "identical")):
        assert f"{sign} {word}" in page.text


def test_tiny_shares_stay_visible(report):
    html = render_html(report)
    assert re.search(r"\.bar span \{[^}]*min-width: [4-9]px", html)
    assert html.count('style="flex: ') == len(report.modules)


def test_hostile_names_are_text(hostile):
    html = render_html(hostile)
    page = Page(html)
    assert "script" not in page.tags
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "{{7*7}}" in page.text
    assert "49" not in re.findall(r"\$x\^2\$\[bold\]&amp;(\S+)", html)


def test_same_report_same_page(report):
    assert render_html(report) == render_html(report)


def test_no_norms_no_chapter(report):
    silent = report.model_copy(update={"norm_cosines": ()})
    assert "Why the cosine of norm gains" not in render_html(silent)


def test_several_references_are_told_apart(report):
    other = report.modules[0].outcomes[0].model_copy(update={"reference": "third"})
    module = report.modules[0].model_copy(
        update={"outcomes": (*report.modules[0].outcomes, other)}
    )
    page = Page(render_html(report.model_copy(update={"modules": (module,)})))
    assert "Against third" in page.text


@dataclass(frozen=True)
class Row:
    candidate: str
    reference: str
    module: str
    truth: str
    finding: str
    agrees: bool


def test_demo_page(report, hostile):
    rows = [
        Row("a", "b", "text_decoder", "independent", "no-dependence-found", True),
        Row("a", "b", "head", "reused", "correspondence", False),
        Row("<b>", "c", "head", "reused", "surprise", False),
    ]
    reports = {("a", "b"): report, ("<b>", "c"): hostile}
    html = render_demo_html(rows, reports)
    page = Page(html)
    assert "1 of 3 findings agree" in page.text
    assert "<b> against c" in page.text
    assert len(page.ids) == len(set(page.ids))
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert "<script" not in html


def test_small_helpers():
    assert power10(-573.0) == "10<sup>−573</sup>"
    assert power10(None) == "–"
    details = {"units": {"mlp: GLU neuron": (792, 1536)}, "layers": 6, "by": "rank"}
    assert details_text(details) == "mlp: GLU neuron 792 of 1,536; layers 6; by rank"
    assert details_text({"x": None, "y": True, "z": False}) == "x –; y true; z false"
    assert details_text({"gains": [1, 2]}) == "gains 1 against 2"
    assert details_text({"rows": [{"layer": 1}], "groups": 2}) == "groups 2"
    assert details_text({"shares": [1, 2, 3]}) == "shares 1, 2, 3"
    korean = "MLP: GLU 뉴런 1,536 중 792; 레이어 6; by rank"
    assert details_text(details, KOREAN) == korean
