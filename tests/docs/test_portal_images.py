# SPDX-License-Identifier: Apache-2.0
"""The page of the portal's pages shows every picture, and the frame times measured.

``PARENTAGE_REGENERATE=1 pytest tests/docs`` rewrites the generated block.
"""

import json
import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "portal-pages.md"
IMAGES = ROOT / "docs" / "images" / "portal"
RESULT = ROOT / "benchmarks" / "portal" / "graph.json"
MOST = 6_000_000


def frames_block():
    found = json.loads(RESULT.read_text("utf-8"))
    rows = "".join(
        f"| {name} | {one['frames']} | {one['median_ms']} | {one['p95_ms']} | "
        f"{one['p99_ms']} | {one['longest_ms']} |\n"
        for name, one in found["frames"].items()
    )
    width, height = found["window"]
    return (
        f"Frame times in milliseconds with {found['models']:,} models and "
        f"{found['edges']:,} edges, in Chromium {found['browser']} at "
        f"{width} × {height} on {found['machine']}, drawn by the {found['drawn_by']}; "
        f"load {found['load_before']} before. Places of all models took "
        f"{found['layout_ms']} ms "
        "(`python -m benchmarks.portal.graph`).\n\n"
        "| | frames | median | 95 % | 99 % | longest |\n|---|---|---|---|---|---|\n"
        + rows
    )


def test_frame_times_are_those_that_were_measured():
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition("<!-- frames -->\n")
    inside, _, after = rest.partition("<!-- /frames -->")
    if os.environ.get("PARENTAGE_REGENERATE"):
        PAGE.write_text(
            f"{before}<!-- frames -->\n{frames_block()}<!-- /frames -->{after}", "utf-8"
        )
    else:
        assert inside == frames_block(), "stale: PARENTAGE_REGENERATE=1 pytest"


def test_every_picture_is_shown_in_both_languages():
    shown = set(re.findall(r"images/portal/([\w-]+\.png)", PAGE.read_text("utf-8")))
    there = {file.name for file in IMAGES.glob("*.png")}
    assert shown <= there
    plain = {n for n in there if "-phone-" not in n and "-dark-" not in n}
    assert plain <= shown
    for name in there:
        other = name.replace("-en.", "-ko.") if "-en." in name else name
        assert other in there
    assert sum(file.stat().st_size for file in IMAGES.glob("*.png")) < MOST
