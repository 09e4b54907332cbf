# SPDX-License-Identifier: Apache-2.0
"""Rates of aligned units: summed up, and written into their page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from parentage.stats.rates import clopper_pearson
from parentage.verdict.finding import ACCUSING

if TYPE_CHECKING:
    from benchmarks.calibration.alignment import Row

PAGE = Path(__file__).resolve().parents[2] / "docs/methods/aligned-units.md"
BEGIN, END = "<!-- rates -->\n", "<!-- /rates -->\n"


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Rates of one part of the pairs."""
    innocent = [r for r in rows if r.label == "independent"]
    students = [r for r in innocent if r.kind == "distilled"]
    derived = [r for r in rows if r.label == "descendant" and r.truth != "independent"]
    kinds: dict[str, list[Row]] = defaultdict(list)
    for row in derived:
        kinds[row.kind].append(row)
    ran = [r.seconds for r in innocent if r.basis is not None]
    return {
        "independent": innocence(innocent),
        "students": innocence(students),
        "own decoder beside a taken embedding": innocence(
            [r for r in rows if r.label == "descendant" and r.truth == "independent"],
            modules=("text_decoder",),
        ),
        "found": {kind: detection(found) for kind, found in sorted(kinds.items())},
        "largest effect of independent pairs": {
            block: max(
                (v for r in innocent for b, v in r.effects.items() if b == block),
                default=0.0,
            )
            for block in sorted({b for r in innocent for b in r.effects})
        },
        "telltales of independent pairs": sum(
            r.telltales is not None for r in innocent
        ),
        "seconds of this tier, independent pairs": {
            "median": round(float(np.median(ran)), 3) if ran else None,
            "largest": round(max(ran), 3) if ran else None,
        },
    }


def innocence(
    rows: Sequence[Row], modules: Sequence[str] | None = None
) -> dict[str, Any]:
    """False accusations and false correspondences, with 95 % bounds."""

    def words(row: Row) -> list[str]:
        return [w for m, w in row.words.items() if modules is None or m in modules]

    accused = sum(any(w in ACCUSING for w in words(r)) for r in rows)
    unsure = [r for r in rows if "correspondence" in words(r)]
    added = sum(r.basis is not None and _from_alignment(r) for r in unsure)
    return {
        "pairs": len(rows),
        "accused": accused,
        "accused at most": round(clopper_pearson(accused, len(rows))[1], 4),
        "correspondence": len(unsure),
        "correspondence at most": round(clopper_pearson(len(unsure), len(rows))[1], 4),
        "correspondence from aligned units": added,
    }


def _from_alignment(row: Row) -> bool:
    return max(row.effects.values(), default=0.0) >= 0.5


def detection(rows: Sequence[Row]) -> dict[str, Any]:
    """How many were found, and how surely."""
    reused = sum(_main(r) in ACCUSING for r in rows)
    either = sum(_main(r) in {*ACCUSING, "correspondence"} for r in rows)
    maps = [r.mapped for r in rows if r.mapped is not None]
    return {
        "pairs": len(rows),
        "reused": reused,
        "found": either,
        "found at least": round(clopper_pearson(either, len(rows))[0], 3),
        "layer map right": f"{sum(maps)} of {len(maps)}",
    }


def _main(row: Row) -> str:
    return row.words.get("text_decoder") or row.words["vision_encoder"]


def short_lists(text: str) -> str:
    """JSON with each list of numbers on one line."""
    numbers = re.compile(r"\[\s+([-+.e\d,\s]+?)\s+\]")
    return numbers.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def write(result: dict[str, Any]) -> None:
    """Put the rates between the markers of the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(before + BEGIN + section(result) + END + after, encoding="utf-8")


def section(result: dict[str, Any]) -> str:
    """The generated part of the page."""
    lines = [
        f"Written by `{result['command']}` from its JSON. Controls: independent",
        "pairs of the part *choose* and of replica 1. Bounds are 95 % Clopper-Pearson;",
        "pairs share models, so they are not quite independent of each other.",
        "",
        "| independent pairs | pairs | accused | at most | correspondence | at most |",
        "|---|---|---|---|---|---|",
    ]
    for part, found in result["parts"].items():
        for name in ("independent", "students", "own decoder beside a taken embedding"):
            row = found[name]
            lines.append(
                f"| {part}: {name} | {row['pairs']} | {row['accused']} | "
                f"{row['accused at most']:.2%} | {row['correspondence']} | "
                f"{row['correspondence at most']:.2%} |"
            )
    lines += [
        "",
        "Text decoder (or vision encoder) called reused, or at least correspondence:",
        "",
        "| what was done | part | pairs | reused | found | at least | "
        "layer map right |",
        "|---|---|---|---|---|---|---|",
    ]
    kinds = sorted({k for p in result["parts"].values() for k in p["found"]})
    for kind in kinds:
        for part in ("held-back", "replica 2"):
            row = result["parts"][part]["found"].get(kind)
            if row is not None:
                lines.append(
                    f"| {kind} | {part} | {row['pairs']} | {row['reused']} | "
                    f"{row['found']} | {row['found at least']:.1%} | "
                    f"{row['layer map right']} |"
                )
    return "\n".join(lines) + "\n"
