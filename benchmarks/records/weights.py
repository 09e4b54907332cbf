# SPDX-License-Identifier: Apache-2.0
"""Error rates of the checks on weights: ``python -m benchmarks.records.weights A B``.

``A`` is a folder that ``python -m zoo.records.honest A`` filled, ``B`` one that
``python -m zoo.records.strangers B`` filled. Every honest record is verified as it is,
as fingerprints only, and after every forgery. Writes ``weights.json`` beside this
file; ``docs/training-records.md`` shows it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from zoo.records.forged import FORGERIES, applies, as_fingerprints, forge
from zoo.records.honest import RECORDS, Record

from parentage.report.training_document import TrainingDocument
from parentage.run.training import verify_record

RESULTS = Path(__file__).parent / "weights.json"

WEIGHTS = (
    "step-0",
    "chain",
    "released",
    "chain-tensors",
    "chain-order",
    "chain-lines",
    "chain-motion",
    "optimizer-state",
    "state-gradients",
    "loss-fall",
    "loss-coupling",
    "segment-memory",
    "segment-log",
)
"""Checks whose extremes are listed."""

RERUN = ("log", "loss", "data")
"""Words of forgeries after which records are run again where they can be."""

LOW = (
    *("step-0", "chain", "chain-tensors", "released", "optimizer-state"),
    *("loss-coupling", "segment-memory", "segment-log"),
)
"""Of these the least value is the extreme one."""


def verified(packet: Path, stranger: Path, name: str = "") -> TrainingDocument:
    """Verify a record; a copied log is held against the log that it is of.

    Records with a log that was tampered with are also repeated where they can be.
    """
    logs = sorted((stranger / "logs").iterdir()) if name.startswith("copied") else []
    return verify_record(packet, other_logs=logs, rerun=any(w in name for w in RERUN))


def extremes(document: TrainingDocument) -> dict[str, float]:
    """The value of each check that is nearest to its threshold."""
    found: dict[str, float] = {}
    for item in document.evidence:
        value = item.value
        if item.check == "chain" and item.reason == "chain-links":
            value = float(item.facts["least"] or 0.0)
        if value is None or item.check not in WEIGHTS or item.outcome == "missing":
            continue
        low = item.check in LOW
        old = found.get(item.check)
        if old is None or (value < old) == low:
            found[item.check] = value
    return found


def honest(folder: Path, others: Path, record: Record) -> dict[str, Any]:
    """What an honest record shows, whole and as fingerprints, and beside a stranger."""
    packet, stranger = folder / record.name, others / f"stranger-{record.network}"
    whole = verify_record(packet, against=[stranger / "released"], rerun=True)
    with tempfile.TemporaryDirectory() as place:
        private = as_fingerprints(packet, Path(place) / "private")
        given = verify_record(private, against=[stranger / "released"])
    outcomes = {e.check: e.outcome for e in given.evidence}
    return {
        "support": whole.support,
        "contradictions": list(whole.contradictions),
        "lacking": [c for line in whole.lines for c in line.lacking],
        "judged": sorted({e.check for e in whole.evidence if e.outcome != "missing"}),
        "extremes": extremes(whole),
        "fingerprints": {
            "support": given.support,
            "contradictions": list(given.contradictions),
            "trusted": list(given.trusted),
            "outcomes": {c: outcomes[c] for c in WEIGHTS if c in outcomes},
        },
    }


def forged(folder: Path, others: Path) -> dict[str, Any]:
    """For every forgery how many records were found out, by which checks."""
    found: dict[str, Any] = {}
    for name in FORGERIES:
        by: Counter[str] = Counter()
        dated: list[str] = []
        missed: list[str] = []
        tried = [r for r in RECORDS if applies(name, folder / r.name)]
        for record in tried:
            stranger = others / f"stranger-{record.network}"
            with tempfile.TemporaryDirectory() as place:
                target = forge(name, folder / record.name, stranger, Path(place) / "x")
                document = verified(target, stranger, name)
            by.update(document.contradictions)
            dated += [
                e.subject
                for e in document.evidence
                if e.check in ("chain", "chain-tensors") and e.outcome == "contradicted"
            ]
            if not document.contradictions:
                missed.append(record.name)
        found[name] = {
            "tried": len(tried),
            "found": len(tried) - len(missed),
            "by": dict(by.most_common()),
            "missed": missed,
            "stretches": dict(Counter(dated).most_common(4)),
        }
        print(name, found[name], flush=True)
    return found


def shared(folder: Path, others: Path) -> dict[str, Any]:
    """References that share the start, and references that really are related."""
    own, twin = folder / "llama-cosine", others / "llama-twin"
    cases = {
        "twin of the same step 0": (own, twin / "released"),
        "the twin's record, this model": (twin, own / "released"),
        "an own checkpoint (step 300)": (own, own / "checkpoints/step-300"),
        "an own early checkpoint (step 100)": (own, own / "checkpoints/step-100"),
        "another seed": (own, others / "stranger-llama/released"),
    }
    found = {}
    for name, (packet, reference) in cases.items():
        document = verify_record(packet, against=[reference])
        (item,) = [e for e in document.evidence if e.check == "references"]
        wanted = ("own", "other", "both", "product", "nearest")
        facts = {k: item.facts[k] for k in wanted if k in item.facts}
        found[name] = {"outcome": item.outcome, "reason": item.reason, **facts}
    return found


def main(folder: Path, others: Path) -> None:
    """Measure everything and write the results."""
    rows = {r.name: honest(folder, others, r) for r in RECORDS}
    print(json.dumps(rows, indent=1), flush=True)
    worst: dict[str, list[float]] = defaultdict(list)
    for row in rows.values():
        for check, value in row["extremes"].items():
            worst[check].append(value)
    results = {
        "honest": rows,
        "worst": {c: min(v) if c in LOW else max(v) for c, v in worst.items()},
        "shared": shared(folder, others),
        "forged": forged(folder, others),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
