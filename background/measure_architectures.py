# SPDX-License-Identifier: Apache-2.0
"""Measures how often findings about architectures are wrong, on labelled configs.

Every ordered pair of known components of one kind is compared, each weighed against the
background *without both makers* (so never against itself). Pairs are of these classes:

* ``copy``: one model saved, re-quantised or fine-tuned by different people, where
  some value differs (copies that are equal in every value are one entry);
* ``generation``: two models of one family;
* ``reuse``: another organisation's documented reuse of the design;
* ``unrelated``: other organisations, other designs, no documented part in common.

Pairs of one maker across families, and pairs with a documented part in common, are in
none of them. Pairs are not independent of each other, so rates are given per pair of
*makers* as well, where a pair of makers counts if any of its pairs of models does.

Run: ``python -m background.measure_architectures``
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parentage.evidence.architecture import Background, Known, compare, load_background
from parentage.evidence.architecture.compare import DIFFERENT, EQUAL
from parentage.evidence.architecture.nearest import rank
from parentage.evidence.architecture.words import thresholds
from parentage.model.architecture import fields
from parentage.stats.rates import clopper_pearson

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/parentage/evidence/background/architecture_rates.json"
KINDS = ("text_decoder", "vision_encoder", "audio_encoder")
CLASSES = ("copy", "copy_weighable", "generation", "reuse", "part", "unrelated")
GRID = tuple(round(5 + 0.5 * i, 1) for i in range(51))


@dataclass(frozen=True)
class Pair:
    """One compared pair, without its fields."""

    relation: str
    candidate: Known
    reference: Known
    shared: float
    different: float
    firm: bool
    information: float

    def word(self, bits: float, agreement: float) -> str:
        """``shared``, ``near`` or nothing, under some thresholds."""
        if self.shared < bits:
            return ""
        if not self.firm:
            return "shared"
        return (
            "near" if self.shared >= agreement * (self.shared + self.different) else ""
        )

    def makers(self) -> frozenset[str]:
        """The two makers."""
        return frozenset({self.candidate.maker, self.reference.maker})


def family(entry: Known) -> str:
    """Organisation and family."""
    return f"{entry.organisation}/{entry.family}"


def relation(a: Known, b: Known, parts: list[frozenset[str]]) -> str:
    """The class of a pair, or nothing."""
    if (family(a), a.model) == (family(b), b.model):
        return "copy"
    if family(a) == family(b):
        return "generation"
    if a.organisation != b.organisation and a.design == b.design:
        return "reuse"
    if a.organisation == b.organisation or a.maker == b.maker:
        return ""
    if any(p & {family(a), a.design} and p & {family(b), b.design} for p in parts):
        return "part"
    return "unrelated"


def fullest(entries: tuple[Known, ...]) -> set[int]:
    """Of the copies of one model, the entry with the most stated fields."""
    best: dict[tuple[str, str], int] = {}
    for i, e in enumerate(entries):
        key = (family(e), e.model)
        size = len(e.values) - len(e.guessed)
        j = best.get(key)
        if j is None or size > len(entries[j].values) - len(entries[j].guessed):
            best[key] = i
    return set(best.values())


def pairs(background: Background, kind: str) -> Iterator[Pair]:
    """Every labelled pair of one kind of component."""
    labels = tomllib.loads((HERE / "architecture_labels.toml").read_text("utf-8"))
    parts = [frozenset(p["families"]) for p in labels["part"]]
    entries = background.of(kind)
    whole = fullest(entries)
    weighers: dict[frozenset[str], Background] = {}
    for i, a in enumerate(entries):
        for j, b in enumerate(entries):
            label = relation(a, b, parts) if i != j else ""
            if not label or (label != "copy" and not {i, j} <= whole):
                continue
            makers = frozenset({a.maker, b.maker})
            if makers not in weighers:
                weighers[makers] = background.without(makers=makers)
            seen = compare(a, b, weighers[makers])
            design = [f for f in seen.fields if f.part == "design"]
            if sum(f.relation in {EQUAL, DIFFERENT} for f in design) < 6:
                continue
            firm = any(
                f.relation == DIFFERENT and not fields()[f.field].retunable
                for f in design
            )
            yield Pair(
                label,
                a,
                b,
                seen.shared_bits,
                seen.different_bits,
                firm,
                seen.information,
            )


def rate(events: int, trials: int) -> dict[str, float | int]:
    """A rate with its bounds."""
    low, high = clopper_pearson(events, trials)
    share = events / trials if trials else 0.0
    return {
        "events": events,
        "trials": trials,
        "rate": round(share, 5),
        "low": round(low, 5),
        "high": round(high, 5),
    }


def hits(
    found: list[Pair], words: set[str], bits: float, share: float
) -> dict[str, object]:
    """How many pairs get one of some words: by pair, and by pair of designs."""
    said = [p for p in found if p.word(bits, share) in words]
    return {
        "pairs": rate(len(said), len(found)),
        "maker_pairs": rate(
            len({p.makers() for p in said}), len({p.makers() for p in found})
        ),
    }


def held_out(unrelated: list[Pair], share: float) -> dict[str, object]:
    """False findings when the threshold is chosen without the organisation judged.

    For each organisation: the smallest threshold on the grid at which no pair of the
    *other* organisations is called shared or near, applied to its own pairs.
    """
    owners = sorted({p.candidate.organisation for p in unrelated})
    wrong = trials = 0
    chosen: list[float] = []
    for owner in owners:
        mine = [
            p
            for p in unrelated
            if owner in {p.candidate.organisation, p.reference.organisation}
        ]
        rest = [
            p
            for p in unrelated
            if owner not in {p.candidate.organisation, p.reference.organisation}
        ]
        bits = next(
            (t for t in GRID if not any(p.word(t, share) for p in rest)), GRID[-1]
        )
        chosen.append(bits)
        bad = {p.makers() for p in mine if p.word(bits, share)}
        wrong += len(bad)
        trials += len({p.makers() for p in mine})
    return {
        "organisations": len(owners),
        "thresholds": sorted(set(chosen)),
        "maker_pairs": rate(wrong, trials),
    }


def neighbours(background: Background, kind: str) -> dict[str, object]:
    """Whether the nearest *earlier* model of another organisation is the right one.

    Asked of each model whose organisation documentedly reused another's design.
    """
    entries = background.of(kind)
    asked = [entries[i] for i in sorted(fullest(entries))]
    asked = [e for e in asked if family(e) != e.design and e.organisation != e.maker]
    rows = []
    for one in asked:
        base = background.without(organisations=[one.organisation])
        ranked = rank(one, base, before=one.released)
        right = {
            f"{e.organisation}/{e.model}"
            for e in entries
            if e.design == one.design and e.organisation != one.organisation
        }
        if not right & {seen.reference for seen in ranked}:
            continue
        first = ranked[0].reference if ranked else ""
        rows.append({"model": one.model, "nearest": first, "right": first in right})
    good = sum(bool(row["right"]) for row in rows)
    return {"models": rows, "rate": rate(good, len(rows))}


def named(pair: Pair) -> dict[str, object]:
    """A pair for the list of the strongest ones."""
    return {
        "candidate": f"{pair.candidate.organisation}/{pair.candidate.model}",
        "reference": f"{pair.reference.organisation}/{pair.reference.model}",
        "shared_bits": round(pair.shared, 2),
        "different_bits": round(pair.different, 2),
    }


def measure(background: Background) -> dict[str, object]:
    """Rates for each kind of component, at the shipped thresholds."""
    report: dict[str, object] = {"schema": "parentage.architecture-rates/1"}
    for kind in KINDS:
        limits = thresholds(kind)
        found = list(pairs(background, kind))
        by: dict[str, list[Pair]] = {}
        for pair in found:
            by.setdefault(pair.relation, []).append(pair)
        by["copy_weighable"] = [
            p for p in by.get("copy", []) if p.information >= limits.shared_bits
        ]
        rows: dict[str, object] = {}
        for label in (
            "copy",
            "copy_weighable",
            "generation",
            "reuse",
            "part",
            "unrelated",
        ):
            mine = by.get(label, [])
            args = (limits.shared_bits, limits.agreement)
            rows[label] = {
                "shared": hits(mine, {"shared"}, *args),
                "shared_or_near": hits(mine, {"shared", "near"}, *args),
            }
        unrelated = by.get("unrelated", [])
        strongest = sorted(unrelated, key=lambda p: -p.shared)[:10]
        report[kind] = {
            "thresholds": {
                "shared_bits": limits.shared_bits,
                "agreement": limits.agreement,
            },
            "classes": rows,
            "equal_copies": sum(len(e.sources) - 1 for e in background.of(kind)),
            "nearest": neighbours(background, kind),
            "held_out": held_out(unrelated, limits.agreement),
            "false_by_threshold": [
                {"bits": t, **hits(unrelated, {"shared", "near"}, t, limits.agreement)}
                for t in GRID[::4]
            ],
            "strongest_unrelated": [named(p) for p in strongest],
        }
    return report


def main() -> None:
    """Write the rates."""
    report = measure(load_background())
    TARGET.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
