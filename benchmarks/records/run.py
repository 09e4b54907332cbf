# SPDX-License-Identifier: Apache-2.0
"""Error rates of the checks on curves: ``python -m benchmarks.records.run RUNS``.

``RUNS`` is a folder that ``python -m zoo.records.logs RUNS`` filled. With
``PARENTAGE_DATA`` set, real logs of training loss are measured too. Writes
``results.json`` beside this file; ``docs/training.md`` shows it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.records.forge import FORGERIES
from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_checks import check_log
from parentage.evidence.loss_copies import check_copied_from
from parentage.evidence.record import RecordEvidence
from parentage.training.logs import read_log
from parentage.training.manifest import LogPart, ModelPart, StagePart

TRIALS = 2
"""Times each log is tampered with, at other places."""

RESULTS = Path(__file__).parent / "results.json"

REAL_VOCABULARY = {"modded-nanogpt/": 50257, "modded-nanogpt-track3/": 50257}
"""Vocabulary of real logs for which it is known: GPT-2's."""


def stage_of(facts: dict[str, Any]) -> StagePart:
    """What an honest manifest would state about a run of the zoo."""
    family, restart = facts["family"], facts["restart"]
    stage: dict[str, Any] = {
        "name": facts["name"],
        "kind": "pretraining",
        "steps": facts["steps"],
        "batch_size": facts["rows"],
        "sequence_length": facts["length"],
        "optimizer": {"name": "adamw", "peak_lr": facts["lr"]},
    }
    if restart is None:
        decay = (facts["steps"] - facts["warmup"]) * 0.2
        stage["schedule"] = {
            "family": family,
            "warmup_steps": facts["warmup"],
            "total_steps": facts["steps"],
            "final_lr": facts["final"],
            **({"decay_steps": round(decay)} if family == "wsd" else {}),
        }
    if facts["back_at"] is not None:
        stage["resumes"] = [
            {"step": facts["back_to"], "until": facts["back_at"], "reason": "test"}
        ]
    return StagePart.model_validate(stage)


def _part(path: str, **stated: int) -> LogPart:
    return LogPart.model_validate({"path": path, "complete": True, **stated})


def zoo_logs(folder: Path) -> Iterator[LogSubject]:
    """Logs of the zoo's runs with their manifests."""
    facts = json.loads((folder / "runs.json").read_text("utf-8"))
    for name, row in facts.items():
        yield LogSubject(
            f"zoo/{name}",
            read_log(folder / f"{name}.csv"),
            stage=name,
            part=_part(f"{name}.csv", averaged=1),
            plan=stage_of(row),
            model=ModelPart.model_validate({"name": name, "vocabulary": 512}),
        )


def log_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Every real log, of runs and beside weights, and the name that it goes by."""
    files = [p for p in (root / "logs").rglob("*") if p.is_file()]
    files += (root / "weights").glob("*/*trainer_state.json")
    for file in sorted(files):
        yield file, file.relative_to(file.parents[1]).as_posix()


def real_logs() -> Iterator[LogSubject]:
    """Real logs with a training loss, without a manifest."""
    root = os.environ.get("PARENTAGE_DATA")
    if not root:
        return
    for file, inside in log_files(Path(root)):
        if inside.startswith(("pythia", "avatarl")):
            continue
        if re.search(r"trainer_state_\d+\.json", inside):
            continue  # an earlier state of a run that is read whole
        known = next((v for k, v in REAL_VOCABULARY.items() if inside.startswith(k)), 0)
        model = ModelPart.model_validate({"name": inside, "vocabulary": known or None})
        yield LogSubject(
            inside,
            read_log(file),
            model=model if known else None,
            part=_part(inside),
        )


def alarms(evidence: Sequence[RecordEvidence]) -> set[str]:
    """Checks that contradict."""
    return {e.check for e in evidence if e.outcome == "contradicted"}


def measure(folder: Path) -> dict[str, Any]:
    """False alarms on honest logs, and what finds each way of tampering."""
    honest = [*zoo_logs(folder), *real_logs()]
    made: dict[str, int] = defaultdict(int)
    false: dict[str, list[str]] = defaultdict(list)
    extremes: dict[str, list[float]] = defaultdict(list)
    for log in honest:
        found = check_log(log)
        for item in found:
            if item.outcome in ("consistent", "contradicted"):
                made[item.check] += 1
                if item.value is not None:
                    extremes[item.check].append(item.value)
        for check in alarms(found):
            false[check].append(log.name)
    forged = {name: forgery(name, honest) for name in FORGERIES}
    forged["copied from another run"] = copied(honest)
    forged["another schedule declared"] = other_schedule(honest)
    forged["start of a fine-tune"] = late_start(honest)
    return {
        "logs": len(honest),
        "real": sum("/" in log.name and log.plan is None for log in honest),
        "honest": {
            check: {
                "judged": made[check],
                "alarms": len(false[check]),
                "which": false[check],
                "least": min(extremes[check], default=None),
                "most": max(extremes[check], default=None),
            }
            for check in sorted(made)
        },
        "forged": forged,
    }


def forgery(name: str, honest: Sequence[LogSubject]) -> dict[str, Any]:
    """How often a way of tampering is found, and by which check."""
    tried, found = 0, 0
    by: dict[str, int] = defaultdict(int)
    missed: list[str] = []
    for log in honest:
        if len(log.series.curve("loss")) < 300:
            continue
        before = alarms(check_log(log))
        for trial in range(TRIALS):
            rng = np.random.default_rng((trial, len(log.name)))
            series = FORGERIES[name](log.series, rng)
            if series is log.series:
                continue
            tried += 1
            new = alarms(check_log(LogSubject(**{**vars(log), "series": series})))
            new -= before
            found += bool(new)
            for check in new:
                by[check] += 1
            if not new:
                missed.append(log.name)
    return {
        "tried": tried,
        "found": found,
        "by": dict(sorted(by.items())),
        "missed": sorted(set(missed)),
    }


def copied(honest: Sequence[LogSubject]) -> dict[str, Any]:
    """Each log held against each other, honest and with 100 values taken over."""
    tried = found = pairs = wrong = 0
    logs = [log for log in honest if len(log.series.curve("loss")) >= 300]
    for number, log in enumerate(logs):
        for other in logs[number + 1 :]:
            if Path(log.name).parts[0] == Path(other.name).parts[0] != "zoo":
                continue  # may be one run at several times
            pairs += 1
            wrong += bool(alarms(check_copied_from(log, [other])))
        other = logs[(number + 1) % len(logs)]
        column = log.series.columns["loss"].copy()
        rows = np.flatnonzero(np.isfinite(column))
        taken = other.series.curve("loss").value[100:200]
        column[rows[100:200]] = taken
        columns = {**log.series.columns, "loss": column}
        series = type(log.series)(**{**vars(log.series), "columns": columns})
        thief = LogSubject(**{**vars(log), "series": series})
        tried += 1
        found += bool(alarms(check_copied_from(thief, [other])))
    return {
        "tried": tried,
        "found": found,
        "by": {"loss-copies": found},
        "missed": [],
        "honest_pairs": pairs,
        "honest_alarms": wrong,
    }


def other_schedule(honest: Sequence[LogSubject]) -> dict[str, Any]:
    """Each log of the zoo with every other run's schedule declared."""
    tried = found = 0
    missed = []
    logs = [log for log in honest if log.plan is not None and log.plan.schedule]
    for log in logs:
        for other in logs:
            same = log.plan is None or other.plan is None
            if same or log.plan.schedule == other.plan.schedule:  # type: ignore[union-attr]
                continue
            plan = log.plan.model_copy(update={"schedule": other.plan.schedule})  # type: ignore[union-attr]
            tried += 1
            wrong = LogSubject(**{**vars(log), "plan": plan})
            hit = "loss-schedule" in alarms(check_log(wrong))
            found += hit
            if not hit:
                missed.append(f"{log.name} as {other.name}")
    return {
        "tried": tried,
        "found": found,
        "by": {"loss-schedule": found},
        "missed": missed,
    }


def late_start(honest: Sequence[LogSubject]) -> dict[str, Any]:
    """Each log of the zoo cut to its last three quarters and renumbered from 0."""
    tried = found = 0
    for log in honest:
        if log.plan is None:
            continue
        keep = np.arange(len(log.series.lines) // 4, len(log.series.lines))
        columns = {n: c[keep].copy() for n, c in log.series.columns.items()}
        columns["step"] -= columns["step"][0]
        series = type(log.series)(
            **{**vars(log.series), "columns": columns, "lines": log.series.lines[keep]}
        )
        tried += 1
        cut = LogSubject(**{**vars(log), "series": series})
        found += "loss-start" in alarms(check_log(cut))
    return {"tried": tried, "found": found, "by": {"loss-start": found}, "missed": []}


if __name__ == "__main__":
    text = json.dumps(measure(Path(sys.argv[1])), indent=1)
    RESULTS.write_text(text + "\n", "utf-8")
    print(text)
