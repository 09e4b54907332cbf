# SPDX-License-Identifier: Apache-2.0
"""Pictures of the portal's pages for the documentation, in both languages.

``python tools/portal_images.py`` tells the story of ``tests/web/browser/story.py`` in
Chromium and writes ``docs/images/portal/*.png``: every page in English and Korean, some
on a phone or in the dark. To be looked at after each change. Needs the extras ``web``,
``pdf`` and ``services``, and Chromium.
"""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

# Tests have no types, and are no part of what is checked here.
served: Any = importlib.import_module("tests.web.browser.served")
story: Any = importlib.import_module("tests.web.browser.story")

TARGET = ROOT / "docs" / "images" / "portal"
LANGUAGES = ("en", "ko")
WIDTH, HEIGHT = 1100, 1500
PHONE = {"home", "model", "stage"}
DARK = {"report", "lineage"}
COLOURS = 112

VALUES = """
() => [...document.querySelectorAll('main input, main select, main textarea')]
  .filter(e => e.name && !['file', 'hidden'].includes(e.type))
  .map(e => [e.name, e.value, e.checked])
"""
FILL = """
values => {
  const left = [...values];
  for (const e of document.querySelectorAll('main input, main select, main textarea')) {
    const n = left.findIndex(v => v[0] === e.name);
    if (n < 0 || ['file', 'hidden'].includes(e.type)) continue;
    const [, value, checked] = left.splice(n, 1)[0];
    e.value = value;
    if (checked !== undefined) e.checked = checked;
  }
}
"""
SIMULATE = """
document.querySelector('#f-noise')?.dispatchEvent(new Event('change', {bubbles: true}))
"""


class Camera:
    """Takes a page's picture in every language, without disturbing the page."""

    def __init__(self) -> None:
        self.taken: list[Path] = []

    def __call__(self, visitor: Any, name: str) -> None:  # noqa: ANN401
        """Look at what somebody has before them."""
        values = visitor.page.evaluate(VALUES)
        for code in LANGUAGES:
            visitor.say(code)
            page = visitor.context.new_page()
            self.load(page, visitor.page.url, values)
            self.take(page, f"{name}-{code}")
            if name in PHONE:
                page.set_viewport_size({"width": 390, "height": 844})
                self.take(page, f"{name}-phone-{code}", 844 * 2)
                page.set_viewport_size({"width": WIDTH, "height": 900})
            if name in DARK:
                page.emulate_media(color_scheme="dark")
                self.take(page, f"{name}-dark-{code}")
            page.close()
        visitor.say("en")

    def load(self, page: Any, address: str, values: Any) -> None:  # noqa: ANN401
        """The same address in another window, filled in as the first one is."""
        page.set_viewport_size({"width": WIDTH, "height": 900})
        page.goto(address)
        page.evaluate(FILL, values)
        if page.locator("#simulated").count():
            page.evaluate(SIMULATE)
            page.wait_for_selector("#simulated table")
        if page.locator("[data-lineage]").count():
            page.wait_for_selector("[data-ready]")
            page.wait_for_timeout(500)
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(250)

    def take(self, page: Any, name: str, height: int = HEIGHT) -> None:  # noqa: ANN401
        """One picture: from the top, as high as the page is, within bounds."""
        page.wait_for_timeout(150)
        file = TARGET / f"{name}.png"
        size = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], height)}
        page.screenshot(path=file, clip=clip, full_page=True)
        shrink(file)
        self.taken.append(file)


def shrink(file: Path) -> None:
    """Few colours are enough for a page."""
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


def main() -> int:
    """Write every picture."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    camera = Camera()
    with tempfile.TemporaryDirectory(prefix="portal-") as name:
        folder = Path(name)
        models = folder / "models"
        shutil.copytree(ROOT / "zoo" / "models", models)
        with (
            served.serving(folder / "data", models) as (base, _),
            sync_playwright() as play,
            served.browsing(play, folder / "home") as browser,
        ):
            complaints = story.Story(browser, base, camera, models).told()
    total = sum(file.stat().st_size for file in camera.taken)
    sys.stdout.write(f"{len(camera.taken)} pictures, {total:,} bytes\n")
    sys.stderr.writelines(f"{line}\n" for line in complaints)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
