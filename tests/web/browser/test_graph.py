# SPDX-License-Identifier: Apache-2.0
"""The lineage graph in a real Chromium: places, keyboard, search, life without it."""

import json
import random

import pytest
from benchmarks.portal.graph_data import lineage
from tests.web.browser.served import Visitor, serving

from parentage.web.database import writing
from parentage.web.tables import Model

pytestmark = pytest.mark.services

LAYOUT = """
async ([names, edges]) => {
  const { layout } = await import('/static/graph/layout.js');
  const plain = made => Object.fromEntries(
    Object.entries(made).map(([key, values]) => [key, [...values]]));
  const first = plain(layout(names, edges));
  return [first, JSON.stringify(first) === JSON.stringify(plain(layout(names, edges)))];
}
"""
PREPARE = """
async told => {
  const { prepare, relatives } = await import('/static/graph/model.js');
  const made = prepare(told);
  return [made.edges, [...relatives(made, 0)], made.byColour];
}
"""
CAMERA = "(() => { const c = document.querySelector('[data-lineage]').lineage.camera;"
WHERE = CAMERA + " return [c.x, c.y, c.scale] })()"


@pytest.fixture(name="visitor", scope="module")
def visitor_fixture(chromium, tmp_path_factory):
    """A page with a made-up graph of 600 models."""
    told = lineage(600)
    with serving(tmp_path_factory.mktemp("portal")) as (base, state):
        with writing(state.engine) as db:
            db.add(Model(name="family-0/model-0"))
            db.commit()
        visitor = Visitor(chromium, base)
        visitor.page.route(
            "**/api/v1/lineage*", lambda route: route.fulfill(body=json.dumps(told))
        )
        visitor.go("/lineage").page.wait_for_selector("[data-ready]")
        yield visitor
        assert visitor.complaints == []
        assert visitor.violations() == []
        visitor.close()


def forest(seed, count=150):
    """Names and edges, with second parents, circles and models on their own."""
    rng = random.Random(seed)
    edges = [
        {
            "child": child,
            "parent": rng.randrange(count),
            "weight": rng.choice([0.1, 0.5, 1.2]),
        }
        for child in range(count)
        for _ in range(rng.choice([0, 1, 1, 1, 2]))
    ]
    return [f"m{n}" for n in range(count)], edges


@pytest.mark.parametrize("seed", range(6))
def test_no_two_models_overlap_and_places_stay(visitor, seed):
    names, edges = forest(seed)
    made, same = visitor.page.evaluate(LAYOUT, [names, edges])
    assert same
    x, y, r, parent = (made[key] for key in ("x", "y", "r", "parent"))
    for i in range(len(names)):
        for j in range(i):
            away = ((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2) ** 0.5
            assert away >= r[i] + r[j] - 1e-6, (i, j)
    wanted = {(e["child"], e["parent"]) for e in edges}
    for child, above in enumerate(parent):
        assert above == -1 or (child, above) in wanted
        seen, at = set(), child
        while at != -1:  # No circle is left.
            assert at not in seen
            seen.add(at)
            at = parent[at]
        assert made["root"][child] == next(n for n in seen if parent[n] == -1)
    for n in range(len(names)):
        assert made["below"][n] == sum(
            1 + made["below"][m] for m in range(len(names)) if parent[m] == n
        )


def test_a_long_line_of_descent_has_places(visitor):
    names = [f"m{n}" for n in range(3000)]
    edges = [{"child": n, "parent": n - 1, "weight": 1} for n in range(1, 3000)]
    made, same = visitor.page.evaluate(LAYOUT, [names, edges])
    assert same
    assert all(abs(value) < 1e9 for value in made["x"] + made["y"])
    assert made["below"][0] == 2999


def test_the_heaviest_parent_wins(visitor):
    edges = [
        {"child": 2, "parent": 0, "weight": 0.2},
        {"child": 2, "parent": 1, "weight": 0.9},
    ]
    made, _ = visitor.page.evaluate(LAYOUT, [["a", "b", "c"], edges])
    assert made["parent"] == [-1, -1, 1]


def test_edges_are_joined_and_named_by_what_is_known(visitor):
    def edge(child, finding, declared):
        plain = {"parent": "a", "share": 0.1, "modules": ["m"], "report_id": None}
        return plain | {"child": child, "finding": finding, "declared": declared}

    names = "abcdefg"
    nodes = [
        {"id": n, "name": n, "organisation": None, "finding": None, "model_id": None}
        for n in names
    ]
    edges = [
        edge("b", None, True),
        edge("b", "reused", False),
        edge("c", "identical", False),
        edge("d", "correspondence", True),
        edge("e", None, True),
        edge("f", "no-dependence-found", False),
        edge("z", "reused", False),
        edge("a", "reused", False),
    ]
    kinds, near, colours = visitor.page.evaluate(
        PREPARE, {"nodes": nodes, "edges": edges}
    )
    found = {kind: [names[e["child"]] for e in kinds[kind]] for kind in kinds}
    assert found == {"both": ["b"], "found": ["c"], "correspondence": ["d"]} | {
        "declared": ["e"]
    }
    assert sorted(near) == [0, 1, 2, 3, 4]
    assert colours == {"unknown": list(range(7))}


def test_the_keyboard_moves_and_scales(visitor):
    page = visitor.page
    page.focus("canvas")
    page.keyboard.press("0")
    x, y, scale = page.evaluate(WHERE)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("+")
    moved = page.evaluate(WHERE)
    assert moved[0] > x
    assert moved[1] > y
    assert moved[2] > scale
    page.keyboard.press("-")
    page.keyboard.press("0")
    assert page.evaluate(WHERE) == pytest.approx([x, y, scale])


def test_a_model_is_found_and_shown_with_its_relatives(visitor):
    page = visitor.page
    page.fill("[data-search]", "family-3/")
    names = page.locator("[data-results] button").all_inner_texts()
    assert names
    assert all("family-3/" in name for name in names)
    page.locator("[data-results] button").first.click()
    assert page.inner_text("[data-panel] h2") == names[0]
    assert page.evaluate("location.hash").startswith("#m")
    relative = page.locator("[data-panel] li button").first
    name = relative.inner_text()
    relative.click()
    assert page.inner_text("[data-panel] h2") == name
    page.focus("canvas")
    page.keyboard.press("Escape")
    assert page.locator("[data-panel] h2").count() == 0


def test_a_click_chooses_and_dragging_does_not(visitor):
    page = visitor.page
    page.keyboard.press("0")
    page.evaluate("window.scrollTo(0, 0)")
    place = page.evaluate(
        "(() => { const v = document.querySelector('[data-lineage]').lineage;"
        "const i = v.graph.important[0]; const box = v.canvas.getBoundingClientRect();"
        "const [x, y] = v.camera.toScreen(v.graph.x[i], v.graph.y[i]);"
        "return [x + box.left, y + box.top, v.graph.names[i]] })()"
    )
    page.mouse.move(place[0], place[1])
    page.mouse.down()
    page.mouse.move(place[0] + 60, place[1] + 40, steps=4)
    page.mouse.up()
    assert page.locator("[data-panel] h2").count() == 0
    page.mouse.click(place[0] + 60, place[1] + 40)
    assert page.inner_text("[data-panel] h2") == place[2]


def test_without_scripts_the_table_says_the_same(visitor, chromium):
    context = chromium.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{visitor.base}/lineage?q=model-0")
    assert "family-0/model-0" in page.inner_text("#table tbody")
    context.close()
