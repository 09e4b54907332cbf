# SPDX-License-Identifier: Apache-2.0
"""Made-up curves: ``python -m benchmarks.records.synthesised RUNS RECORDS STRANGERS``.

The folders are those of ``zoo.records.logs``, ``zoo.records.honest`` and
``zoo.records.strangers``. What is measured rests on logs alone; batches and optimizer
states come in ``weights.json``. Thresholds were chosen on the logs of ``RECORDS`` and
on every other one of ``RUNS``; the others, those of ``STRANGERS`` and every real log
(with ``PARENTAGE_DATA`` set) were held back. Writes ``synthesised.json``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from zoo.records.synthesis import WAYS

from benchmarks.records.run import alarms, real_logs, zoo_logs
from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_checks import check_log
from parentage.evidence.loss_coupling import LEAST, SURE
from parentage.run.training_logs import log_part
from parentage.stats.coupling import coupling
from parentage.training.manifest import ModelPart
from parentage.training.packet import open_packet

RESULTS = Path(__file__).parent / "synthesised.json"

TRIALS = 5
"""Times each log is made up in each way."""

CHECKS = ("loss-curve", "loss-fall", "loss-coupling")

PARAMETERS = 132_432
"""Of the runs of ``zoo.records.logs``, which differ in data and schedule only."""

WINDOWS = (300, 600, 1000, 1500)


def packet_logs(folder: Path) -> Iterator[LogSubject]:
    """The logs of every packet in a folder."""
    for place in sorted(p for p in folder.iterdir() if (p / "packet.toml").exists()):
        for log in log_part(open_packet(place)).logs:
            yield LogSubject(**{**vars(log), "name": f"{place.name}/{log.name}"})


def with_losses(log: LogSubject, losses: np.ndarray[Any, Any]) -> LogSubject:
    """A log with other losses at the steps of its last pass."""
    curve = log.series.curve("loss").last_pass()
    known = dict(zip(curve.step.tolist(), losses.tolist(), strict=True))
    column = log.series.columns["loss"].copy()
    for row, step in enumerate(log.series.columns["step"].tolist()):
        if np.isfinite(column[row]):
            column[row] = round(known[step], 5)
    columns = {**log.series.columns, "loss": column}
    series = type(log.series)(**{**vars(log.series), "columns": columns})
    return LogSubject(**{**vars(log), "series": series})


def honest(logs: Sequence[LogSubject]) -> dict[str, Any]:
    """How often each check was made and was wrong, and what came nearest."""
    made: Counter[str] = Counter()
    wrong: dict[str, list[str]] = defaultdict(list)
    values: dict[str, list[float]] = defaultdict(list)
    for log in logs:
        for item in check_log(log):
            if item.check not in CHECKS or item.value is None:
                continue
            made[item.check] += item.outcome != "missing"
            values[item.check].append(item.value)
            if item.outcome == "contradicted":
                wrong[item.check].append(log.name)
    return {
        check: {
            "judged": made[check],
            "alarms": wrong[check],
            "least": min(values[check], default=None),
            "most": max(values[check], default=None),
        }
        for check in CHECKS
    }


def windows(logs: Sequence[LogSubject]) -> dict[str, Any]:
    """Coupling in stretches of honest logs, judged as if each were a log."""
    found = {}
    for width in WINDOWS:
        tried = wrong = 0
        for log in logs:
            loss = log.series.curve("loss").last_pass()
            norm = log.series.curve("grad_norm").last_pass()
            if len(loss) != len(norm) or log.every != 1:
                continue
            for start in range(0, len(loss) - width + 1, width):
                part = slice(start + max(30, width // 10), start + width)
                if not (norm.value[part] > 0).all():
                    continue
                value = coupling(loss.value[part], np.log(norm.value[part]))
                tried += 1
                n = part.stop - part.start
                wrong += int(value < LEAST - SURE / np.sqrt(n))
        found[str(width)] = {"tried": tried, "alarms": wrong}
    return found


def detection(logs: Sequence[LogSubject]) -> dict[str, Any]:
    """How often each way to make a curve up is found, by which check."""
    found: dict[str, Any] = {}
    usual = [log for log in logs if len(log.series.curve("loss")) >= 200]
    for name, way in WAYS.items():
        sizes: dict[str, list[int]] = {"under 1,000": [0, 0], "1,000 and more": [0, 0]}
        by: Counter[str] = Counter()
        for number, log in enumerate(usual):
            other = usual[(number + 3) % len(usual)].series.curve("loss").last_pass()
            curve = log.series.curve("loss").last_pass()
            before = alarms(check_log(log))
            for trial in range(TRIALS):
                rng = np.random.default_rng((trial, number))
                made = way(curve.step, curve.value, other.value, rng)
                new = alarms(check_log(with_losses(log, made))) - before
                row = sizes["under 1,000" if len(curve) < 1000 else "1,000 and more"]
                row[0] += 1
                row[1] += bool(new)
                by.update(new)
        found[name] = {"sizes": sizes, "by": dict(by.most_common())}
        print(name, found[name], flush=True)
    return found


def main(runs: Path, records: Path, strangers: Path) -> None:
    """Measure everything and write the results."""
    model = {"name": "zoo", "vocabulary": 512, "parameters": PARAMETERS}
    small = [
        LogSubject(**{**vars(log), "model": ModelPart.model_validate(model)})
        for log in zoo_logs(runs)
    ]
    chosen = [*packet_logs(records), *small[::2]]
    kept = [*packet_logs(strangers), *small[1::2]]
    real = list(real_logs())
    results = {
        "chosen": {"logs": len(chosen), "honest": honest(chosen)},
        "held back": {"logs": len(kept), "honest": honest(kept)},
        "real": {"logs": len(real), "honest": honest(real)},
        "windows": windows([*chosen, *kept, *real]),
        "found": {"chosen": detection(chosen), "held back": detection(kept)},
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
