# SPDX-License-Identifier: Apache-2.0
"""Error rates of checks on weights: ``python -m benchmarks.records.weights A B C``.

``A`` is a folder that ``python -m zoo.records.honest A`` filled, ``B`` one that
``python -m zoo.records.strangers B`` filled. Every honest record is verified as it is,
as fingerprints only, and after every forgery. What was measured of a record lies in
the folder ``C`` and is not measured again; with names of records behind it, only they
are measured. Once all are there, ``weights.json`` beside this file is written, which
``docs/training-records.md`` shows.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
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


def forged(folder: Path, others: Path, record: Record) -> dict[str, Any]:
    """For every forgery of a record the checks that contradict, and the stretches."""
    found: dict[str, Any] = {}
    stranger = others / f"stranger-{record.network}"
    for name in FORGERIES:
        if not applies(name, folder / record.name):
            continue
        with tempfile.TemporaryDirectory() as place:
            target = forge(name, folder / record.name, stranger, Path(place) / "x")
            document = verified(target, stranger, name)
        found[name] = {
            "by": list(document.contradictions),
            "stretches": [
                e.subject
                for e in document.evidence
                if e.check in ("chain", "chain-tensors") and e.outcome == "contradicted"
            ],
        }
        print(record.name, name, found[name]["by"], flush=True)
    return found


def together(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """For every forgery how many records were found out, by which checks."""
    found: dict[str, Any] = {}
    for name in FORGERIES:
        tried = {r: row[name] for r, row in rows.items() if name in row}
        missed = [r for r, row in tried.items() if not row["by"]]
        by = Counter(check for row in tried.values() for check in row["by"])
        places = Counter(place for row in tried.values() for place in row["stretches"])
        found[name] = {
            "tried": len(tried),
            "found": len(tried) - len(missed),
            "by": dict(by.most_common()),
            "missed": missed,
            "stretches": dict(places.most_common(4)),
        }
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


def measured(folder: Path, others: Path, place: Path, record: Record) -> dict[str, Any]:
    """What was measured of a record, from its file in ``place`` or now."""
    file = place / f"{record.name}.json"
    if not file.exists():
        made = {
            "honest": honest(folder, others, record),
            "forged": forged(folder, others, record),
        }
        place.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(made), encoding="utf-8")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def main(folder: Path, others: Path, place: Path, names: Sequence[str]) -> None:
    """Measure the named records, all by default, and write what there is of all."""
    for record in RECORDS:
        if not names or record.name in names:
            measured(folder, others, place, record)
    if not all((place / f"{r.name}.json").exists() for r in RECORDS):
        return
    parts = {r.name: measured(folder, others, place, r) for r in RECORDS}
    rows = {name: part["honest"] for name, part in parts.items()}
    worst: dict[str, list[float]] = defaultdict(list)
    for row in rows.values():
        for check, value in row["extremes"].items():
            worst[check].append(value)
    results = {
        "honest": rows,
        "worst": {c: min(v) if c in LOW else max(v) for c, v in worst.items()},
        "shared": shared(folder, others),
        "forged": together({name: part["forged"] for name, part in parts.items()}),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
