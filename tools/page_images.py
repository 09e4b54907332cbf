# SPDX-License-Identifier: Apache-2.0
"""Pictures of the report for the documentation, to be looked at after each change.

``python tools/page_images.py REPORT.json`` writes ``docs/images/report-*.png``: the
page in both languages, light and dark, on a desk and on a phone, and the first pages
of the PDF. Needs the extras ``pdf`` and ``services``, Chromium and poppler-utils.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from parentage.report.language import LANGUAGES, Language
from parentage.report.load import load_report
from parentage.report.page_both import render_both
from parentage.report.page_pdf import FILES, SCHEME, font_bytes, render_pdf

TARGET = Path(__file__).parents[1] / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
VIEWS = (
    ("desk", 1000, 1250, "light", "en"),
    ("desk-dark", 1000, 1250, "dark", "ko"),
    ("phone", 390, 844, "light", "ko"),
    ("phone-dark", 390, 844, "dark", "en"),
)


def browser(play: Any) -> Any:  # noqa: ANN401 - the library's own type
    """Chromium without sandbox, graphics card or requests of its own."""
    return play.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))


def with_font(html: str) -> str:
    """The page with the PDF's font inside: a machine without Hangul shows boxes."""
    faces = "".join(
        f"@font-face {{ font-family: 'Noto Sans KR'; font-weight: {weight}; src: "
        "url(data:font/woff2;base64,"
        f"{base64.b64encode(font_bytes(SCHEME + name)).decode()}) }}"
        for weight, name in FILES.items()
    )
    # First of its list, so that nothing is set in a font that lacks Hangul meanwhile.
    html = html.replace('system-ui, -apple-system, "Apple', "'Noto Sans KR', \"Apple")
    html = html.replace("img-src data:", "img-src data:; font-src data:")
    return html.replace("</head>", f"<style>{faces}</style></head>", 1)


def shrink(file: Path) -> None:
    """Few colours are enough for a page."""
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(48)
    small.save(file, optimize=True)


def main(words: list[str]) -> int:
    """Write every picture."""
    if len(words) != 1:
        sys.stderr.write("usage: python tools/page_images.py REPORT.json\n")
        return 2
    report = load_report(words[0])
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page_file = Path(folder) / "report.html"
        page_file.write_text(with_font(render_both(report)), encoding="utf-8")
        with sync_playwright() as play:
            chromium = browser(play)
            for name, width, height, scheme, code in VIEWS:
                page = chromium.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                page.goto(page_file.as_uri())
                page.check(f"#say-{code}")
                page.evaluate("document.activeElement.blur()")
                page.evaluate(
                    "Promise.all([...document.fonts].map(font => font.load()))"
                )
                page.wait_for_timeout(1000)
                page.screenshot(path=TARGET / f"report-{name}-{code}.png")
                page.close()
            chromium.close()
        for code in LANGUAGES:
            pdf = Path(folder) / f"{code}.pdf"
            pdf.write_bytes(render_pdf(report, Language(code)))
            subprocess.run(
                [
                    *[
                        "pdftoppm",
                        "-png",
                        "-r",
                        "70",
                        "-f",
                        "1",
                        "-l",
                        "1",
                        "-singlefile",
                    ],
                    str(pdf),
                    str(TARGET / f"report-pdf-{code}"),
                ],
                check=True,
            )
    for file in sorted(TARGET.glob("report-*.png")):
        shrink(file)
        sys.stdout.write(f"{file.name}: {file.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
