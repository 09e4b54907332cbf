# SPDX-License-Identifier: Apache-2.0
"""What pages are made of, without a server."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="needs the extra 'web'")

from parentage.report.language import ENGLISH, Language
from parentage.web.pages.documents import Shelf, parts_of
from parentage.web.pages.lineage import ROWS, join, rows_of
from parentage.web.pages.models import LEAST, WIDTH, bar_of, number_of
from parentage.web.pages.rendering import local, moment
from parentage.web.pages.styles import stylesheet
from parentage.web.pages.words import ENTRIES, entry, place, step
from parentage.web.security.paths import inside
from parentage.web.services.ledger import KINDS
from parentage.web.services.views import (
    EdgeView,
    EntryView,
    GraphView,
    ModuleView,
    NodeView,
)

PAGE = (
    '<html><body><header class="lead"><h1>A</h1></header><main>'
    "<style>\n.x { color: red }</style><p>B</p></main><footer></footer></body></html>"
)


@given(st.text())
def test_back_to_stays_inside(text):
    found = inside(text)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert not set(found) & set("\r\n\t \\")


@pytest.mark.parametrize(
    "text", ["https://e.example", "//e.example", "/\\e.example", "/a\r\nb", "", "a"]
)
def test_addresses_elsewhere_are_not_followed(text):
    assert inside(text) == "/"


def test_addresses_inside_are_followed():
    assert inside("/models?q=a#b") == "/models?q=a#b"


def test_parts_of_a_page():
    parts = parts_of(PAGE)
    assert parts.lead == "<h1>A</h1>"
    assert parts.main == "<p>B</p>"
    assert parts.lead_below == "<h2>A</h2>"
    with pytest.raises(ValueError, match="lead"):
        parts_of("<main></main>")


def test_a_shelf_renders_once_and_forgets_the_oldest():
    shelf, rendered = Shelf(2), []

    def get(digest, code="en"):
        return shelf.get(digest, code, lambda: rendered.append((digest, code)) or PAGE)

    for digest in "abab":
        get(digest)
    assert rendered == [("a", "en"), ("b", "en")]
    get("a", "ko")  # "a" in English is now the oldest.
    get("b")
    get("a")
    assert rendered[2:] == [("a", "ko"), ("a", "en")]


def test_the_stylesheet_follows_system_and_reader():
    text = stylesheet()
    dark = re.findall(r":root[^{,]*\{[^}]*--paper: #161513", text)
    assert len(dark) == 2
    assert ':root:not([data-theme="light"])' in text
    assert ':root[data-theme="dark"]' in text
    # Paper stays white when it is printed, whatever the reader chose.
    for rule in re.finditer(r":root[^{,]*data-theme[^{]*\{", text):
        assert "@media screen" in text[: rule.start()].rsplit("}\n", 1)[-1]


def node(name, **values):
    plain = dict.fromkeys(("organisation", "family", "released", "parameters"))
    return NodeView(
        **{"id": name, "name": name, "model_id": None, "finding": None} | plain | values
    )


def edge(child, parent, *, finding=None, declared=False):
    return EdgeView(
        child=child,
        parent=parent,
        declared=declared,
        finding=finding,
        share=0.5,
        modules=(),
        report_id=None,
    )


def test_the_table_says_how_each_parent_is_known():
    graph = GraphView(
        nodes=tuple(node(n) for n in "abcdef"),
        edges=(
            edge("b", "a", declared=True),
            edge("b", "a", finding="reused"),
            edge("c", "a", finding="identical"),
            edge("d", "a", declared=True, finding="correspondence"),
            edge("e", "a", declared=True),
            edge("f", "a", finding="no-dependence-found"),
            edge("z", "a", finding="reused"),
        ),
    )
    kinds = {child: kind for (child, _), (_, kind) in join(graph).items()}
    assert kinds == {
        "b": "both",
        "c": "found",
        "d": "correspondence",
        "e": "declared",
        "z": "found",
    }
    rows = rows_of(graph, ENGLISH)
    assert rows.items[0].node.name == "a"
    assert rows.items[0].children == 4  # "z" is no model that is known.
    found = {row.node.name: [p.words for p in row.parents] for row in rows.items}
    assert found["c"] == ["found, not declared"]
    assert found["f"] == []


def test_the_table_is_searched_and_cut_into_pages():
    graph = GraphView(
        nodes=tuple(node(f"m{n}", organisation=f"o{n % 2}") for n in range(120)),
        edges=(),
    )
    whole = rows_of(graph, ENGLISH)
    assert (len(whole.items), whole.total) == (ROWS, 120)
    assert len(rows_of(graph, ENGLISH, offset=100).items) == 20
    assert rows_of(graph, ENGLISH, offset=10**9).items == ()
    assert rows_of(graph, ENGLISH, offset=-5).items == whole.items
    odd = [n for n in range(1, 120, 2) if str(n).startswith("1")]
    assert rows_of(graph, ENGLISH, query="M1 O1").total == len(odd)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_bar_is_full_and_shows_every_module(shares):
    modules = tuple(
        ModuleView(
            name=f"m{n}",
            family="",
            parameters=1,
            share=share,
            finding="reused",
            reference=None,
            effect=None,
            log10_p_adjusted=None,
            report_id=1,
        )
        for n, share in enumerate(shares)
    )
    pieces = bar_of(modules)
    assert all(piece.width >= 1 for piece in pieces)
    assert pieces[-1].x + pieces[-1].width <= WIDTH + 1
    assert all(a.x < b.x for a, b in pairwise(pieces))
    assert LEAST > 1


def test_numbers_out_of_forms():
    assert [number_of(t) for t in ("7", " 12 ", "", "x", "-1", "٣", "9" * 30)] == [
        7,
        12,
        *[None] * 5,
    ]


@pytest.mark.parametrize("code", ["en", "ko"])
def test_every_kind_of_entry_is_a_sentence(code):
    assert set(ENTRIES) == set(KINDS)
    for kind in KINDS:
        value = EntryView(
            seq=1,
            at="2026-11-25T00:00:00",
            kind=kind,
            subject="model:1",
            actor="somebody",
            payload={},
            previous="",
            digest="",
        )
        said = entry(Language(code), value)
        assert said != kind
        assert "{" not in said


def test_places_of_entries():
    assert place("model:3") == "/models/3"
    assert place("stage:12") == "/stages/12"
    assert place("nobody:3") == place("model:x") == place("") == ""


def test_steps_of_jobs():
    assert step(ENGLISH, "vision_encoder against a/b") == "vision encoder against a/b"
    assert step(Language("ko"), "done") == "보고서를 쓰는 중"
    assert step(ENGLISH, "something else") == "something else"


def test_titles_and_times():
    assert local(Language("ko"), {"en": "A", "ko": "가"}) == "가"
    assert local(Language("ko"), {"en": "A"}) == "A"
    assert moment("2026-11-25T14:02:33.123456+00:00") == "2026-11-25 14:02 UTC"
    assert moment("2026-11-25", False) == "2026-11-25"
    assert moment(None) == "–"
