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
TIME = "seconds of this tier, independent pairs"
GROUPS = {
    "one disguise, or all disguises": (
        *(f"disguise: {d}" for d in ("flip", "fold", "permute", "rescale", "rotate")),
        "disguise: all-disguises",
    ),
    "all disguises, then 200 steps of training": ("disguise: all, then",),
    "width pruned, in order or re-sorted, as it is or then every symmetry": (
        "width pruned",
    ),
    "embedding replaced, then permuted, rotated or every symmetry": (
        "embedding replaced, then",
        "light fine-tune, embedding redrawn",
    ),
    "trained on, then every symmetry": (
        "checkpoint, then",
        "continued 1x, then",
        "continued 5x, then",
        "heavy fine-tune, then",
        "light fine-tune, then",
        "lora r=4, then",
        "lora r=64, then",
        "preference tuning, then",
        "vocabulary extended, then",
    ),
    "layers cut, repeated or partly taken, then every symmetry": (
        "depth up-scaled, then",
        "half taken, then",
        "layers pruned, then",
        "layers pruned, untrained, then",
        "one part taken (layer), then",
        "one part taken (mlp), then",
    ),
    "attention alone taken, then every symmetry": ("one part taken (attention), then",),
    "merged with siblings, then every symmetry": tuple(
        f"{method} merge of {n} siblings, then"
        for method in ("dare", "linear", "slerp", "ties")
        for n in ("two", "three")
    ),
    "merged with a stranger, then every symmetry": tuple(
        f"{method} merge of sibling and independent, then"
        for method in ("dare", "linear", "slerp", "ties")
    ),
    "noise of correlation 0.9, then every symmetry": ("noise, correlation 0.9, then",),
    "noise of correlation 0.5 or less, then every symmetry": tuple(
        f"noise, correlation {c}, then" for c in ("0.5", "0.2", "0.05")
    ),
}
SHOWN = ("disguise", "width pruned", "embedding replaced, then", "upcycled shuffled")
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
        TIME: {
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


def _pooled(
    result: dict[str, Any], begins: Sequence[str], *, whole: bool = False
) -> dict[str, int]:
    """Counts over both parts of all kinds that begin so."""
    total = dict.fromkeys(("pairs", "reused", "found", "right", "maps"), 0)
    for part in result["parts"].values():
        for kind, row in part["found"].items():
            if kind in begins or (not whole and kind.startswith(tuple(begins))):
                right, maps = (int(n) for n in row["layer map right"].split(" of "))
                total["right"] += right
                total["maps"] += maps
                for name in ("pairs", "reused", "found"):
                    total[name] += row[name]
    return total


def _cells(row: dict[str, int]) -> str:
    low = clopper_pearson(row["found"], row["pairs"])[0]
    return (
        f"{row['pairs']} | {row['found']} | {low:.1%} | {row['right']} of {row['maps']}"
    )


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
        "A telltale was noted on "
        + ", ".join(
            f"{found['telltales of independent pairs']} of "
            f"{found['independent']['pairs']} ({part})"
            for part, found in result["parts"].items()
        )
        + " independent pairs. This tier took "
        + ", ".join(
            f"{found[TIME]['median']} s (median; at most {found[TIME]['largest']} s)"
            for found in result["parts"].values()
        )
        + " a pair.",
        "",
        "Text decoder (or vision encoder) called reused, or at least correspondence;",
        "held-back pairs and replica 2 together:",
        "",
        "| group | pairs | found | at least | layer map right |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {_cells(_pooled(result, begins))} |"
        for name, begins in GROUPS.items()
    ]
    lines += [
        "",
        "| what was done | reused | pairs | found | at least | layer map right |",
        "|---|---|---|---|---|---|",
    ]
    for kind in sorted({k for p in result["parts"].values() for k in p["found"]}):
        if kind.startswith(SHOWN) or kind.endswith("symmetry"):
            row = _pooled(result, (kind,), whole=True)
            lines.append(f"| {kind} | {row['reused']} | {_cells(row)} |")
    lines += [
        "",
        "Share of p-values of the coins at or below a level, on independent held-back",
        "pairs (every second one); it must not exceed the level beyond chance:",
        "",
        "| units | p-values | 0.01 | 0.05 | 0.25 | 0.5 | smallest |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, row in result.get("coins of independent pairs", {}).items():
        shares = " | ".join(
            f"{row['share_at_or_below'][level]:.3f}"
            for level in ("0.01", "0.05", "0.25", "0.5")
        )
        lines.append(f"| {kind} | {row['n']} | {shares} | {row['smallest_p']:.1e} |")
    return "\n".join(lines) + "\n"
