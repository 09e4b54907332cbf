# SPDX-License-Identifier: Apache-2.0
"""Sum up the answers: results.json, and the tables of docs/methods/descent.md.

``python -m benchmarks.descent.page ANSWERS [ANSWERS ...]``: first those of the zoo,
then those of its replicas.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from parentage.stats.rates import clopper_pearson

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "methods" / "descent.md"
RESULTS = Path(__file__).parent / "results.json"
Row = dict[str, Any]
MIXED = {"merge", "merge-with-remainder"}
TOLERANCE = {"linear": 0.03, "slerp": 0.03, "ties": 0.05, "dare": 0.05}


def main_module(row: Row) -> Row:
    """The description of the module with layers; empty where there is none."""
    modules: dict[str, Row] = row["modules"]
    return modules.get("text_decoder") or modules.get("vision_encoder") or {}


def weight_error(row: Row) -> float | None:
    """Largest error of a weight; references that gave nothing have the truth 0."""
    found = main_module(row).get("mixture")
    if not found:
        return None
    weights = {k: v[0] for k, v in found["parents"].items()}
    names = {*weights, *row["truth"]}
    return max(
        float(abs(weights.get(n, 0.0) - row["truth"].get(n, 0.0))) for n in names
    )


def rate(rows: Sequence[Row], good: Callable[[Row], bool]) -> Row:
    """Failures among cases, with a two-sided 95 % Clopper-Pearson upper bound."""
    bad = [r for r in rows if not good(r)]
    return {
        "cases": len(rows),
        "failures": len(bad),
        "upper_bound": round(clopper_pearson(len(bad), len(rows))[1], 4),
        "failed": [
            f"{r['candidate']} against {', '.join(r['references'])}" for r in bad
        ],
    }


def _named(row: Row) -> bool:
    d = main_module(row)
    return d.get("kind") == "quantised" and d.get("nearest") == row["truth"]["parent"]


def _rank_four(row: Row) -> bool:
    d = main_module(row)
    return d.get("kind") == "low-rank" and abs(d["rank"][0] - row["truth"]["rank"]) <= 1


def _near(row: Row) -> bool:
    error = weight_error(row)
    return error is not None and error <= TOLERANCE[_method(row)]


def _method(row: Row) -> str:
    return str(row["kind"]).split()[0].strip(",")


def _unmixed(row: Row) -> bool:
    return all(d["kind"] not in MIXED for d in row["modules"].values())


def summary(rows: Sequence[Row]) -> Row:
    """All figures of one part."""

    def of(question: str, *kinds: str) -> list[Row]:
        return [
            r
            for r in rows
            if r["question"] == question and (not kinds or r["kind"] in kinds)
        ]

    found: Row = {"weights": {}}
    for method in TOLERANCE:
        mine = [r for r in of("weights") if _method(r) == method]
        errors = [e for r in mine if (e := weight_error(r)) is not None]
        found["weights"][method] = {
            "largest_error": round(max(errors), 4) if errors else None,
            "named": sum(
                main_module(r).get("mixture", {}).get("method")
                == {"slerp": "spherical"}.get(method, method)
                for r in mine
            ),
            **rate(mine, _near),
        }
    found["remainder"] = rate(
        of("remainder"),
        lambda r: main_module(r).get("kind") == "merge-with-remainder",
    )
    found["remainder_open"] = rate(
        of("remainder"),
        lambda r: (
            main_module(r).get("kind") == "merge-with-remainder"
            or bool(main_module(r).get("open"))
        ),
    )
    found["ordinary"] = rate(of("ordinary"), _unmixed)
    found["ordinary_open"] = rate(
        of("ordinary"), lambda r: not any(d.get("open") for d in r["modules"].values())
    )
    found["ordinary_rounded"] = rate(
        of("ordinary"),
        lambda r: all(d["kind"] != "quantised" for d in r["modules"].values()),
    )
    found["ordinary_low_rank"] = rate(
        [r for r in of("ordinary") if not r["kind"].startswith("lora")],
        lambda r: all(d["kind"] != "low-rank" for d in r["modules"].values()),
    )
    found["quantised"] = rate(of("quantised"), _named)
    found["passthrough"] = rate(
        of("passthrough"), lambda r: main_module(r).get("kind") == "passthrough"
    )
    found["lora r=4"] = rate(of("adapter", "lora r=4"), _rank_four)
    found["lora r=64"] = {
        "ranks": [main_module(r).get("rank") for r in of("adapter", "lora r=64")]
    }
    changes: dict[str, list[float]] = {}
    for r in of("ordinary") + of("adapter"):
        if len(r["references"]) == 1 and "checkpoint" not in r["kind"]:
            value = main_module(r).get("relative")
            if value is not None:
                changes.setdefault(r["kind"], []).append(value)
    found["relative_change"] = {
        k: [round(min(v), 3), round(max(v), 3)] for k, v in sorted(changes.items())
    }
    return found


def tables(results: dict[str, Row]) -> str:
    """Markdown tables of all parts side by side."""
    parts = list(results)

    def line(name: str, cells: Iterable[str]) -> str:
        return f"| {name} | {' | '.join(cells)} |"

    def failures(key: str) -> list[str]:
        return [
            f"{x['failures']} of {x['cases']} (≤ {100 * x['upper_bound']:.1f} %)"
            for r in results.values()
            for x in [r[key]]
        ]

    lines = [line("", parts), f"|---{'|---' * len(parts)}|"]
    for method, limit in TOLERANCE.items():
        cells = []
        for r in results.values():
            w = r["weights"][method]
            cells.append(
                f"{w['largest_error']}; {w['failures']} of {w['cases']} beyond "
                f"{limit}; named {w['named']}"
            )
        lines.append(line(f"{method}: largest error of a weight", cells))
    for key, words in (
        ("remainder", "unlisted parent not reported"),
        ("remainder_open", "unlisted parent neither reported nor left open"),
        ("ordinary_open", "ordinary descendant with a share that is left open"),
        ("ordinary", "ordinary descendant called a merge (any module)"),
        ("ordinary_rounded", "ordinary descendant called rounded"),
        ("ordinary_low_rank", "ordinary descendant called low-rank"),
        ("quantised", "rounded copy not named after its parent"),
        ("passthrough", "passthrough merge not seen"),
        ("lora r=4", "LoRA r=4 not seen with rank 3 to 5"),
    ):
        lines.append(line(words, failures(key)))
    lines.append(
        line(
            "LoRA r=64 in width 64: rank, possible",
            [
                ", ".join(f"{x[0]} of {x[1]}" for x in r["lora r=64"]["ranks"] if x)
                or "–"
                for r in results.values()
            ],
        )
    )
    failed = [
        f"* {part}, {key}: {text}"
        for part, r in results.items()
        for key in ("remainder", "ordinary", "quantised", "passthrough", "lora r=4")
        for text in r[key]["failed"]
    ]
    kinds = sorted({k for r in results.values() for k in r["relative_change"]})
    sizes = [line("relative change from the parent", parts), lines[1]]
    sizes += [
        line(
            kind,
            [
                "{} to {}".format(*r["relative_change"][kind])
                if kind in r["relative_change"]
                else "–"
                for r in results.values()
            ],
        )
        for kind in kinds
    ]
    return "\n".join(
        [*lines, "", "Failures:", "", *(failed or ["None."]), "", *sizes, ""]
    )


def main(files: Sequence[str]) -> None:
    """Write results.json and the page's generated block."""
    results: dict[str, Row] = {}
    for number, name in enumerate(files):
        rows = json.loads(Path(name).read_text(encoding="utf-8"))
        if number:
            results[f"replica {number}"] = summary(rows)
            continue
        for part in ("choose", "held-back"):
            results[part] = summary([r for r in rows if r["part"] == part])
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split("<!-- results -->\n")
    after = rest.split("<!-- /results -->\n")[1]
    block = f"<!-- results -->\n{tables(results)}<!-- /results -->\n"
    PAGE.write_text(before + block + after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
