# SPDX-License-Identifier: Apache-2.0
"""The page in a real Chromium; run by ``make test-services``."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from parentage.report.page_both import render_both
from parentage.report.reply import attach_reply

pytestmark = pytest.mark.services
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]

CONTRAST = """
() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number);
    return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1]; };
  const lum = c => { const f = c.slice(0, 3).map(v => { v /= 255;
    return v <= .03928 ? v / 12.92 : Math.pow((v + .055) / 1.055, 2.4); });
    return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
  const back = e => { let found = [];
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      found.push(c); if (c[3] === 1) break; }
    let base = [255, 255, 255];
    for (const c of found.reverse()) base = over(c, base);
    return base; };
  const bad = []; let seen = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || e.closest('style')) continue;
    if (!e.checkVisibility() || e.closest('.skip')) continue;
    const style = getComputedStyle(e);
    const ground = back(e);
    const colour = e.closest('svg') ? style.fill : style.color;
    if (!colour.startsWith('rgb')) continue;
    const fore = over(parse(colour), ground);
    const [x, y] = [lum(fore), lum(ground)].sort((p, q) => q - p);
    const ratio = (x + .05) / (y + .05);
    seen += 1;
    if (ratio < 4.5) bad.push([e.tagName, e.className.toString(),
      walk.currentNode.textContent.trim().slice(0, 30), ratio.toFixed(2)]);
  }
  return [seen, bad];
}
"""


@pytest.fixture(name="chromium", scope="module")
def chromium_fixture():
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("no Chromium at /usr/bin/chromium")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(name="file")
def file_fixture(report, tmp_path):
    said = attach_reply(
        report, "팀", "우리는 밝혔습니다.", datetime(2026, 11, 25, tzinfo=UTC)
    )
    file = tmp_path / "report.html"
    file.write_text(render_both(said), encoding="utf-8")
    return file


def opened(chromium, file, width=1000, scheme="light"):
    page = chromium.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page.requests, page.complaints = [], []
    page.on("request", lambda r: page.requests.append(r.url))
    page.on("console", lambda m: page.complaints.append(m.text))
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.goto(file.as_uri())
    return page


def visible(page, selector):
    return [e for e in page.query_selector_all(selector) if e.is_visible()]


def test_no_complaint_no_request_and_one_landmark_of_each(chromium, file):
    page = opened(chromium, file)
    for code, title in (("en", "Module by module"), ("ko", "모듈별 결과")):
        page.check(f"#say-{code}")
        assert [len(visible(page, tag)) for tag in ("h1", "main", "footer")] == [1] * 3
        assert len(visible(page, "nav")) == 1
        assert title in page.inner_text("body")
        levels = [
            int(e.evaluate("e => e.tagName[1]"))
            for e in visible(page, "h1,h2,h3,h4,h5")
        ]
        assert levels[0] == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))
        assert all(
            e.get_attribute("aria-label") or e.get_attribute("aria-labelledby")
            for e in visible(page, "main section")
        )
    assert page.requests == [file.as_uri()]
    assert page.complaints == []
    page.close()


def test_the_keyboard_reaches_and_opens_everything(chromium, file):
    page = opened(chromium, file)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "say-en"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "say-ko"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.className")
    box = page.evaluate(
        "(() => { const r = document.activeElement.getBoundingClientRect();"
        " return [r.left, r.top] })()"
    )
    assert min(box) >= 0
    summaries, outlines = 0, set()
    for _ in range(400):
        page.keyboard.press("Tab")
        tag = page.evaluate("document.activeElement.tagName")
        if tag == "BODY":
            break
        outlines.add(
            page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        )
        if tag == "SUMMARY":
            summaries += 1
            closed = "!document.activeElement.parentElement.open"
            if page.evaluate(closed):
                page.keyboard.press("Enter")
                assert not page.evaluate(closed)
    assert "none" not in outlines
    assert summaries >= len(visible(page, "summary")) > 5
    page.close()


def test_a_link_to_a_module_opens_it(chromium, file):
    page = opened(chromium, file)
    link = visible(page, ".legend a")[-1]
    target = link.get_attribute("href").removeprefix("#")
    link.press("Enter")
    page.wait_for_function(
        f"document.getElementById('{target}').closest('details').open"
    )
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_in_light_and_dark(chromium, file, scheme):
    page = opened(chromium, file, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for code in ("en", "ko"):
        page.check(f"#say-{code}")
        seen, bad = page.evaluate(CONTRAST)
        assert seen > 200
        assert bad == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_does_not_scroll_sideways(chromium, file, scheme):
    page = opened(chromium, file, width=390, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for code in ("en", "ko"):
        page.check(f"#say-{code}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_print_shows_what_is_closed_and_hides_the_switch(chromium, file):
    page = opened(chromium, file)
    page.emulate_media(media="print")
    assert not visible(page, "nav.say")
    closed = page.query_selector("details.mod:not([open]) .facts")
    assert closed.is_visible()
    page.close()
