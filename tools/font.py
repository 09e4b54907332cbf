# SPDX-License-Identifier: Apache-2.0
"""The font that PDF reports are set in: a subset of Pretendard, under another name.

``python tools/font.py FOLDER`` reads ``Pretendard-Regular.otf``, ``-Bold.otf`` and
``LICENSE.txt`` from FOLDER and writes what ``src/parentage/report/fonts`` holds. The
folder is ``package/dist`` with ``public/static`` of the npm package ``pretendard``
1.3.9 (``npm pack pretendard@1.3.9``). The licence (SIL OFL 1.1) reserves the name
Pretendard, so the subset is called Parentage Sans. Kept are all 11,172 syllables of
Hangul, Latin, Greek and the signs that reports use; layout features and hints go.
Needs fonttools and brotli, which come with the extra ``pdf``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parents[1] / "src" / "parentage" / "report" / "fonts"
FAMILY = "Parentage Sans"
RANGES = (
    (0x0020, 0x007E),
    (0x00A0, 0x017F),
    (0x0370, 0x03FF),
    (0x2010, 0x203A),
    (0x2070, 0x209F),
    (0x20A0, 0x20BF),
    (0x2100, 0x218F),
    (0x2190, 0x21FF),
    (0x2200, 0x22FF),
    (0x2460, 0x2473),
    (0x25A0, 0x25FF),
    (0x2600, 0x2614),
    (0x2700, 0x2719),
    (0x3000, 0x3011),
    (0x3131, 0x318E),
    (0xAC00, 0xD7A3),
    (0xFF01, 0xFF5E),
)


def make(source: Path, weight: str) -> Path:
    """Write the subset of one weight."""
    options = subset.Options()
    options.layout_features = ["kern", "ccmp", "locl"]
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 6, 13, 14]
    options.notdef_outline = True
    options.desubroutinize = False
    font = TTFont(source)
    tool = subset.Subsetter(options)
    tool.populate(unicodes=[c for a, b in RANGES for c in range(a, b + 1)])
    tool.subset(font)
    compact = FAMILY.replace(" ", "")
    names = {1: FAMILY, 2: weight, 4: f"{FAMILY} {weight}", 6: f"{compact}-{weight}"}
    names[3] = f"1.3.9;{compact}-{weight}"
    for record in list(font["name"].names):
        if record.nameID in names:
            font["name"].setName(
                names[record.nameID],
                record.nameID,
                record.platformID,
                record.platEncID,
                record.langID,
            )
    table = font["CFF "].cff
    table.fontNames[0] = names[6]
    table[0].FamilyName, table[0].FullName = FAMILY, names[4]
    font.flavor = "woff2"
    font.recalcTimestamp = False
    TARGET.mkdir(exist_ok=True)
    target = TARGET / f"{compact}-{weight}.woff2"
    font.save(target)
    return target


def main(words: list[str]) -> int:
    """Write both weights and the licence."""
    if len(words) != 1:
        sys.stderr.write("usage: python tools/font.py FOLDER\n")
        return 2
    folder = Path(words[0])
    for weight in ("Regular", "Bold"):
        target = make(folder / f"Pretendard-{weight}.otf", weight)
        sys.stdout.write(f"{target.name}: {target.stat().st_size:,} bytes\n")
    shutil.copyfile(folder / "LICENSE.txt", TARGET / "OFL.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
