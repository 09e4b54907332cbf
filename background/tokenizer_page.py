# SPDX-License-Identifier: Apache-2.0
"""Writes the measured part of docs/methods/tokenizer.md, and its figure.

Run after the background was built:
``PARENTAGE_DATA=... python -m background.tokenizer_page``
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import numpy as np
from matplotlib import pyplot as plt

from background.build_tokenizers import TARGET, Known, labels, read, relation_of
from background.published_numbers import (
    COLUMNS,
    PairTable,
    Row,
    fingerprint_rows,
    glm_rows,
    pair_table,
    solar_rows,
)
from parentage.evidence.background.tokenizers import (
    FACTS,
    LISTS,
    TokenizerBackground,
    background_of,
)
from parentage.evidence.tokenizer.compare import compare_all
from parentage.evidence.tokenizer.relate import relate

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "methods/tokenizer.md"
FIGURE = DOCS / "figures/tokenizer-background.svg"
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->\n"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines) + "\n"


def number(value: float | None) -> str:
    """A share with four digits."""
    return "-" if value is None else f"{value:.4f}"


def rates(background: TokenizerBackground) -> str:
    """Cuts and error rates."""
    cuts = table(
        ["share", "largest independent", "clear up to", "linked from",
         "smallest related", "independent pairs of families"],
        [
            [name, number(cut.largest_control), number(cut.clear), number(cut.link),
             number(float(background.related[name][0])),
             len(background.independent[name])]
            for name, cut in background.cuts.items()
        ],
    )  # fmt: skip
    names = {
        "false_link": "independent, called linked",
        "unclear_independent": "independent, called unclear",
        "missed": "related, called clear",
        "unclear_related": "related, called unclear",
    }
    found = []
    for key, title in names.items():
        for suffix, unit in (("", "pairs"), ("_by_family", "pairs of families")):
            rate = background.rates[key + suffix]
            bounds = f"{rate['low']:.4f} to {rate['high']:.4f}"
            found.append([title, unit, rate["events"], rate["trials"], bounds])
    head = ["outcome", "counted in", "events", "of", "95 % bounds"]
    return cuts + table(head, found)


def related(background: TokenizerBackground) -> str:
    """Every pair that is related, or made by the same people."""
    rows = [
        [pair.a, pair.b, pair.relation, pair.link, number(pair.shares["order"]),
         number(pair.shares["tail"]), number(pair.shares["ids"]),
         number(pair.contained)]
        for pair in background.pairs
        if pair.label == "related" or pair.relation == "generation"
    ]  # fmt: skip
    head = ["tokenizer", "tokenizer", "known as", "judged", "order", "tail", "ids",
            "contained"]  # fmt: skip
    return table(head, rows)


def all_files(known: Sequence[Known], background: TokenizerBackground) -> str:
    """Findings on all pairs of files, and the time that comparing them took."""
    owners = [(k, v) for k in known for v in k.vocabularies.values()]
    relations = labels()["relation"]
    start = time.perf_counter()
    compared = list(compare_all([v for _, v in owners]))
    seconds = time.perf_counter() - start
    counts: dict[tuple[str, str], int] = {}
    for i, j, comparison in compared:
        a, b = owners[i][0], owners[j][0]
        known_as = relation_of(a, b, relations)
        relation = relate(comparison, background).relation
        counts[known_as, relation] = counts.get((known_as, relation), 0) + 1
    rows = [[*key, count] for key, count in sorted(counts.items())]
    return (
        f"All {len(compared):,} pairs of the {len(owners)} files that hold a whole "
        f"vocabulary took {seconds:.1f} s on one core after reading.\n\n"
        + table(["known as", "found", "pairs of files"], rows)
    )


def published(rows: Sequence[Row]) -> str:
    """Published numbers beside ours."""
    head = ["of", "quantity", "published", "found here", "equal", "note"]
    lines = [
        [r.subject, r.quantity, _short(r.published), _short(r.found) or "-",
         {True: "yes", False: "**no**", None: "-"}[r.agrees], r.note]
        for r in rows
    ]  # fmt: skip
    return table(head, lines)


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"`{text[:12]}`..."


def pairs(found: PairTable) -> str:
    """How a published table of pairs compares."""
    rows = [
        [name, f"{found.equal_like[name]:,} of {found.stated_like[name]:,}",
         f"{found.equal[name]:,} of {found.stated[name]:,}"]
        for name in COLUMNS
    ]  # fmt: skip
    unlike = "".join(f"* `{name}`: {why}\n" for name, why in found.unlike.items())
    absent = ", ".join(f"`{name}`" for name in found.absent)
    return (
        f"The table has {found.published:,} pairs. {len(found.absent)} of its files "
        f"are not at hand ({absent}); that leaves {found.compared:,}. In "
        f"{found.like:,} of them both count the same tokens of both files.\n\n"
        + table(["column", "equal among these", "equal among all"], rows)
        + "The first merges differ where one file is byte-level and the other "
        "SentencePiece: the table compares the merges as written (`Ġt`, `▁t`), here "
        "their bytes are compared. Offsets differ only where no offset says anything: "
        f"at most {found.offset_share:.2%} of the shared tokens have the published "
        "one.\n\n"
        "Files of which the two count different tokens:\n\n" + unlike + "\n"
    )


def draw(background: TokenizerBackground) -> None:
    """Both backgrounds: every pair's order and tail."""
    mpl.rcParams["svg.hashsalt"] = "parentage"
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    groups = {
        "independent": ("#7f7f7f", "o"),
        "related": ("#c44e52", "D"),
        "unlabelled": ("#4c72b0", "^"),
    }
    rng = np.random.default_rng(0)
    for axis, name, title in zip(
        axes,
        ("order", "tail"),
        ("Neighbours in learned order that agree", "Last learned tenth contained"),
        strict=True,
    ):
        for row, (label, (colour, mark)) in enumerate(groups.items()):
            values = [
                value
                for pair in background.pairs
                if pair.label == label and (value := pair.shares[name]) is not None
            ]
            heights = row + rng.uniform(-0.3, 0.3, len(values))
            axis.scatter(values, heights, s=14, c=colour, marker=mark, alpha=0.6, lw=0)
        cut = background.cuts[name]
        axis.axvspan(cut.clear, cut.link, color="#f2e6c9", zorder=0)
        axis.axvline(cut.largest_control, color="black", lw=0.8, ls=":")
        axis.set_yticks(range(len(groups)), list(groups))
        axis.set_xlabel(title)
        axis.set_xlim(0, 1.02)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Write figure and page."""
    data = Path(os.environ["PARENTAGE_DATA"])
    facts: dict[str, Any] = json.loads((TARGET / FACTS).read_text(encoding="utf-8"))
    background = background_of(facts, (TARGET / LISTS).read_bytes())
    known, _ = read(data / "tokenizers")
    draw(background)
    size = sum((TARGET / name).stat().st_size for name in (FACTS, LISTS))
    content = "".join(
        (
            "## Error rates, with both families left out of the fit\n\n",
            f"{len(background.entries)} different tokenizers, {size / 1e6:.1f} MB as "
            "shipped.\n\n",
            rates(background),
            "![Both backgrounds](../figures/tokenizer-background.svg)\n\n",
            "## Related tokenizers\n\n",
            related(background),
            "## All files\n\n",
            all_files(known, background),
            "## Published numbers\n\n",
            published([*glm_rows(data), *solar_rows(data), *fingerprint_rows(data)]),
            "## A published table of pairs\n\n",
            pairs(pair_table(data)),
        )
    )
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(before + BEGIN + content + END + after, encoding="utf-8")
    sys.stdout.write(content)


if __name__ == "__main__":
    main()
