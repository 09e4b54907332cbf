# SPDX-License-Identifier: Apache-2.0
"""Measure descriptions of descent; writes one file of answers for each zoo.

``python -m benchmarks.descent.run`` measures the zoo, ``--replica 1`` a replica, and
``python -m benchmarks.descent.page`` sums them up.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from zoo.full.spec import cache

from benchmarks.descent.cases import Case, cases
from parentage.evidence.descent import Descent
from parentage.run.audit import gather, open_model
from parentage.run.descent import describe_descents
from parentage.verdict.finding import Criteria, Finding
from parentage.verdict.judge import judge

FOLDER = Path(__file__).parent
MAIN = {"text_decoder", "vision_encoder"}


def answer(case: Case, zoo: Path, made: Path) -> dict[str, Any]:
    """Audit a case, describe what was found, and keep what is scored."""

    def folder(name: str) -> Path:
        return zoo / name if (zoo / name).is_dir() else made / name

    with ExitStack() as stack:
        models = [open_model(folder(n), n) for n in (case.candidate, *case.references)]
        for model in models:
            stack.enter_context(model.checkpoint)
        own, references = models[0], models[1:]
        evidence, _ = gather(own, references, budget=64_000_000, seed=0)
        findings: list[Finding] = judge(evidence, Criteria())
        found = describe_descents(own, references, findings)
    return {
        "question": case.question,
        "kind": case.kind,
        "candidate": case.candidate,
        "references": list(case.references),
        "part": case.part,
        "truth": case.truth,
        "modules": {d.module: _kept(d) for d in found},
    }


def _kept(d: Descent) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": d.kind, "nearest": d.nearest, "extent": d.extent}
    if d.changes:
        row["relative"] = round(d.changes[0].relative, 5)
        row["equal"] = round(d.changes[0].equal, 5)
    if d.mixture is not None:
        m = d.mixture
        row["mixture"] = {
            "method": m.method,
            "base": m.base,
            "explained": m.explained,
            "over_rounding": round(m.unexplained / m.floor, 3) if m.floor else None,
            "parents": {
                p.reference: [round(p.weight, 5), round(p.low, 5), round(p.high, 5)]
                for p in m.parents
            },
            "densities": {p.reference: p.density for p in m.parents},
        }
    if d.remainder is not None:
        r = d.remainder
        row["remainder"] = {
            "sign": r.sign,
            "reference": r.reference,
            "share": round(r.share, 4),
            "ratio": round(r.ratio, 3),
            "excess": round(r.excess, 4),
            "unexplained": round(r.unexplained, 5),
        }
    if d.open_shares:
        row["open"] = {s.reference: round(s.weight, 4) for s in d.open_shares}
    if d.quantised is not None:
        row["quantised"] = {
            "scheme": d.quantised.scheme,
            "group": d.quantised.group,
            "residuals": {
                c.reference: round(c.residual, 3) for c in d.quantised.candidates
            },
        }
    if d.ranks is not None:
        row["rank"] = [d.ranks.rank, d.ranks.full, round(d.ranks.share, 3)]
    if d.kind == "passthrough":
        row["sources"] = [[s.block, s.layer, list(s.references)] for s in d.sources]
    return row


def main() -> None:
    """Measure one zoo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replica", type=int, default=0)
    parser.add_argument("--questions", nargs="*", default=None)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    zoo = cache(options.replica)
    rows = []
    with tempfile.TemporaryDirectory(prefix="parentage-descent-") as made:
        for case in cases(zoo, Path(made)):
            if options.questions and case.question not in options.questions:
                continue
            rows.append(answer(case, zoo, Path(made)))
    name = f"answers-{options.replica}.json" if options.replica else "answers.json"
    target = options.out or FOLDER / name
    lines = ",\n".join(json.dumps(row, sort_keys=True) for row in rows)
    target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
