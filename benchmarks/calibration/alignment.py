# SPDX-License-Identifier: Apache-2.0
"""Aligned units: control scores, and what is found behind disguises.

``--controls`` measures the scores of independent pairs (part ``choose`` of the full
zoo, and all of its first replica) and writes them into the package. Without it the
held-back pairs and the second replica (of its independent pairs every second one) are
judged with those, and with them disguises that are made here: every symmetry on top
of every way of deriving a model, and replaced embeddings. Independent pairs are
judged by aligned units alone; ``benchmarks.accuracy`` has the rates of all tests
together. Writes alignment.json here and the rates in docs/methods/aligned-units.md.

``--coins`` adds p-values of the coins of aligned units on independent held-back pairs.

Usage: python -m benchmarks.calibration.alignment [--controls | --coins] [--limit N]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from zoo.transforms import registry
from zoo.transforms.weights import in_memory, load

from benchmarks.accuracy.cases import full_cases
from benchmarks.accuracy.measure import Case
from benchmarks.calibration import alignment_page
from benchmarks.calibration.run import summary as coin_summary
from parentage.evidence.alignment.align import ATTENTION, MLP, Alignment, align
from parentage.evidence.alignment.bases import IDENTITY
from parentage.evidence.alignment.controls import depth_of
from parentage.evidence.alignment.evidence import coin_evidence, shape_class
from parentage.evidence.module import ModuleEvidence
from parentage.run.alignment import DEFAULT_UNDO_BUDGET, judge_undone
from parentage.run.alignment_reader import read_stream
from parentage.run.audit import DEFAULT_BUDGET, Opened, gather, open_model, recognise
from parentage.run.sampler import Reader
from parentage.stats.conformal import Tail
from parentage.verdict.finding import Criteria

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONTROLS = ROOT / "src/parentage/evidence/alignment/controls.json"
RESULT = HERE / "alignment.json"
KEPT = 40
"""Largest scores kept of every kind of control."""

STORED = ("4-bit", "8-bit", "fp8", "fused", "renamed", "split", "upcycled")
"""Begin of kinds whose storage the disguises do not know."""

PLAIN = ("disguise", *STORED)
MAIN = ("text_decoder", "vision_encoder")


@dataclass(frozen=True)
class Row:
    """What was found on one pair."""

    names: tuple[str, str]
    label: str
    kind: str
    truth: str
    words: dict[str, str]
    basis: str | None
    mapped: bool | None
    effects: dict[str, float]
    telltales: str | None
    seconds: float


def main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser()
    parser.add_argument("--controls", action="store_true", help="measure the controls")
    parser.add_argument("--coins", action="store_true", help="p-values of coins")
    parser.add_argument("--limit", type=int, help="pairs of each part, for a trial")
    options = parser.parse_args()
    if options.controls:
        cases = [c for c in full_cases() if c.split == "choose"] + full_cases(1)
        write_controls([c for c in cases if c.label == "independent"][: options.limit])
        return
    if options.coins:
        result = json.loads(RESULT.read_text())
        result["coins of independent pairs"] = coins(options.limit)
        publish(result)
        return
    again = full_cases(2)
    strangers = [c for c in again if c.label == "independent"]
    parts = {
        "held-back": [c for c in full_cases() if c.split == "held-back"],
        "replica 2": [c for c in again if c.label != "independent"]
        + [c for c in strangers if c.kind == "distilled"]
        + [c for c in strangers if c.kind != "distilled"][::2],
    }
    rows = {
        name: [measure(job) for job in jobs(cases[: options.limit])]
        for name, cases in parts.items()
    }
    result = {
        "command": "python -m benchmarks.calibration.alignment",
        "criteria": {
            "aligned floor": Criteria().aligned_floor,
            "token floor": Criteria().token_floor,
            "log10 calibrated": Criteria().log10_calibrated,
        },
        "parts": {name: alignment_page.summary(found) for name, found in rows.items()},
    }
    if options.limit is None:
        result["coins of independent pairs"] = coins(None)
        publish(result)
    print(json.dumps(result, indent=1))


def publish(result: dict[str, Any]) -> None:
    """Write the result, and its page."""
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    alignment_page.write(result)


def coins(limit: int | None) -> dict[str, Any]:
    """How the p-values of aligned coins lie on independent held-back pairs."""
    cases = [c for c in full_cases() if c.label == "independent"]
    cases = [c for c in cases if c.split == "held-back"][::2][:limit]
    found: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        own, other = open_model(case.candidate), open_model(case.reference)
        for name in MAIN:
            alignment = aligned(own, other, name)
            for e in coin_evidence(name, alignment[0]) if alignment else ():
                if e.subject.layer is None and e.log10_p is not None:
                    found[str(e.details["units"])].append(e.log10_p)
        own.checkpoint.close()
        other.checkpoint.close()
    return {kind: coin_summary(np.array(ps)) for kind, ps in sorted(found.items())}


def write_controls(cases: Sequence[Case]) -> None:
    """Scores of independent pairs, as the package ranks against them."""
    best: dict[str, list[float]] = defaultdict(list)
    layers: dict[str, list[float]] = defaultdict(list)
    tokens: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        own, other = open_model(case.candidate), open_model(case.reference)
        for name in MAIN:
            found = aligned(own, other, name)
            if found is None:
                continue
            alignment, shape, depth = found
            for block in (MLP, ATTENTION):
                effect = alignment.effect(block)
                if effect is not None:
                    best[f"{shape}/{block}"].append(effect)
            for block, items in (
                (MLP, alignment.neurons),
                (ATTENTION, alignment.heads),
            ):
                for m in items:
                    where = depth_of(m.layer, depth)
                    layers[f"{shape}/{block}/{where}"].append(m.effect)
            if alignment.basis != IDENTITY:
                for score in alignment.tokens:
                    tokens[score.role].append(score.cosine)
        own.checkpoint.close()
        other.checkpoint.close()
    table = {
        "source": "independent pairs of the full zoo, part choose, and of replica 1",
        "pairs": len(cases),
        "best": tails(best),
        "layers": tails(layers),
        "tokens": tails(tokens),
    }
    CONTROLS.write_text(alignment_page.short_lists(json.dumps(table, indent=1)) + "\n")


def tails(scores: dict[str, list[float]]) -> dict[str, Any]:
    kept = {key: Tail.of(values, KEPT) for key, values in sorted(scores.items())}
    return {
        key: {"count": t.count, "largest": [round(v, 4) for v in t.largest]}
        for key, t in kept.items()
    }


def aligned(own: Opened, other: Opened, name: str) -> tuple[Alignment, str, int] | None:
    """The alignment of one module of two models, its shape class and its layers."""
    sides = []
    for opened in (own, other):
        module = opened.model.module(name)
        if module is None:
            return None
        stream = read_stream(
            opened.model,
            module,
            Reader(opened.checkpoint),
            budget=DEFAULT_UNDO_BUDGET,
            seed=0,
        )
        if stream is None:
            return None
        sides.append((stream, module.layers))
    found = align(sides[0][0], sides[1][0])
    return None if found is None else (found, shape_class(sides[0][0]), sides[0][1])


Job = tuple[Case, str, tuple[tuple[str, dict[str, int]], ...]]


def jobs(cases: Sequence[Case]) -> Iterator[Job]:
    """The pairs as they are, and with disguises put on top of them."""
    bases = set()
    for number, case in enumerate(cases):
        yield case, case.kind, ()
        if case.label != "descendant" or not case.names[0].startswith("llama"):
            continue
        if not case.kind.startswith(PLAIN):
            change = ("every-symmetry", {"seed": number})
            yield case, f"{case.kind}, then every symmetry", (change,)
        if case.kind == "embedding replaced":
            for name in ("permute-residual", "rotate-residual"):
                yield case, f"{case.kind}, then {name}", ((name, {"seed": number}),)
        if case.kind == "light fine-tune" and case.reference not in bases:
            bases.add(case.reference)
            fresh = ("replace-vocabulary", {"tokens": 500, "seed": number})
            changes = (fresh, ("every-symmetry", {"seed": number}))
            yield (
                case,
                "light fine-tune, embedding redrawn, then every symmetry",
                changes,
            )


def measure(job: Job) -> Row:
    """Judge one pair, its candidate disguised if the job says so."""
    case, kind, changes = job
    own, other = open_model(case.candidate), open_model(case.reference)
    if changes:
        own.checkpoint.close()
        weights = registry.apply([load(case.candidate)], changes)
        own = in_memory(weights, case.names[0]).opened()
    started = time.perf_counter()
    references = [other]
    if case.label == "independent":
        evidence = alone(own, other)
    else:
        own, references = recognise(own, references, budget=DEFAULT_BUDGET)
        evidence, _ = gather(own, references, budget=DEFAULT_BUDGET, seed=0)
    findings = judge_undone(own, references, evidence, Criteria())
    seconds = time.perf_counter() - started
    found = [e for item in evidence for e in item.evidence]
    units = [e for e in found if e.method == "aligned-units"]
    tells = next((e.reason for e in found if e.method == "disguise-telltales"), None)
    main_module = next(n for n in MAIN if n in case.truth)
    row = Row(
        case.names,
        case.label,
        kind,
        case.truth[main_module],
        {f.module: f.word for f in findings},
        str(units[0].details["basis"]) if units else None,
        mapped(case, units),
        {str(e.subject.block): round(e.effect or 0.0, 4) for e in units},
        tells,
        seconds,
    )
    own.checkpoint.close()
    other.checkpoint.close()
    return row


def alone(own: Opened, other: Opened) -> list[ModuleEvidence]:
    """No evidence yet about the modules that both have."""
    names = [m.name for m in own.model.modules if other.model.module(m.name)]
    return [ModuleEvidence(name, name, other.label) for name in names]


def mapped(case: Case, units: Sequence[Any]) -> bool | None:
    """Whether every layer that was taken is laid on the layer it was taken from."""
    if case.label != "descendant" or not units:
        return None
    if (
        case.truth.get("text_decoder", case.truth.get("vision_encoder"))
        == "independent"
    ):
        return None
    truth = None
    if case.layers is not None:
        truth = {(block, own): theirs for block, own, theirs in case.layers}
    right = []
    for e in units:
        for row in e.details["layers"]:
            own, theirs = row["layer"], row["reference layer"]
            if truth is None:
                right.append(own == theirs)
            elif (e.subject.block, own) in truth:
                right.append(truth[e.subject.block, own] == theirs)
    return all(right) if right else None


if __name__ == "__main__":
    main()
