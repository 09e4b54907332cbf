# SPDX-License-Identifier: Apache-2.0
"""Checks on curves: silent on honest logs, and each way of tampering has its finder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.records.forge import FORGERIES

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_checks import check_log, check_pairs, check_stages
from parentage.evidence.record_catalogue import record_checks
from parentage.report.training_reasons import REASONS
from parentage.training.logs import read_log
from parentage.training.manifest import LogPart, ModelPart, StagePart

FIXTURES = Path(__file__).parents[1] / "training" / "fixtures"
MODEL = ModelPart.model_validate({"name": "tiny", "vocabulary": 512})


def stage(**changes):
    return StagePart.model_validate(
        {
            "name": "pretraining",
            "kind": "pretraining",
            "steps": 1500,
            "batch_size": 8,
            "sequence_length": 64,
            "optimizer": {"name": "adamw", "peak_lr": 2e-3},
            "schedule": {
                "family": "cosine",
                "warmup_steps": 60,
                "total_steps": 1500,
                "final_lr": 1e-4,
            },
            **changes,
        }
    )


def subject(name="cosine", plan=None, **changes):
    return LogSubject(
        name,
        read_log(FIXTURES / f"{name}.csv"),
        stage="pretraining",
        part=LogPart.model_validate(
            {"path": f"{name}.csv", "complete": True, "averaged": 1}
        ),
        plan=plan or stage(),
        model=MODEL,
        **changes,
    )


def outcomes(log):
    return {e.check: (e.outcome, e.reason) for e in check_log(log)}


def test_honest_log_is_consistent_throughout():
    found = outcomes(subject())
    assert {outcome for outcome, _ in found.values()} <= {"consistent", "missing"}
    for check in ("start", "curve", "smooth", "copies", "steps", "schedule", "noise"):
        assert found[f"loss-{check}"][0] == "consistent", check
    assert found["gradient-norm"][0] == "consistent"


def test_every_check_and_reason_is_explained():
    found = check_log(subject()) + check_log(subject("resumed"))
    assert {e.check for e in found} <= set(record_checks())
    assert {e.reason for e in found} <= set(REASONS)


def test_a_resume_is_found_and_explained_by_its_declaration():
    resumes = [{"step": 700, "until": 900, "reason": "node failure"}]
    silent = outcomes(subject("resumed"))["loss-steps"]
    assert silent == ("missing", "steps-unexplained")
    told = outcomes(subject("resumed", stage(resumes=resumes)))["loss-steps"]
    assert told == ("consistent", "steps-all")
    wrong = [{"step": 300, "until": 900, "reason": "node failure"}]
    other = outcomes(subject("resumed", stage(resumes=wrong)))["loss-steps"]
    assert other[0] == "missing"


FINDERS = {
    "interpolated": "loss-smooth",
    "curved": "loss-smooth",
    "averaged": "loss-smooth",
    "pasted": "loss-copies",
    "formula": "loss-curve",
    "removed": "loss-steps",
    "renumbered": "loss-schedule",
    "clock back": "loss-timing",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_tampering_is_found_by_the_check_that_is_for_it(name):
    log = subject()
    rng = np.random.default_rng(7)
    forged = replace(log, series=FORGERIES[name](log.series, rng))
    assert outcomes(forged)[FINDERS[name]][0] == "contradicted"


def test_another_schedule_than_declared_is_found():
    changed = {"family": "linear", "warmup_steps": 60, "total_steps": 1500}
    found = outcomes(subject(plan=stage(schedule=changed)))
    assert found["loss-schedule"] == ("contradicted", "schedule-differs")


def test_a_start_that_has_learned_is_found_and_a_late_one_is_only_missing():
    log = subject()
    columns = {n: c.copy() for n, c in log.series.columns.items()}
    columns["loss"] *= 0.5
    low = replace(log, series=replace(log.series, columns=columns))
    assert outcomes(low)["loss-start"] == ("contradicted", "start-low")
    columns = dict(columns, step=columns["step"] + 500)
    late = replace(log, series=replace(log.series, columns=columns))
    assert outcomes(late)["loss-start"] == ("missing", "start-late")
    tuned = replace(log, plan=stage(kind="post-training"))
    assert "loss-start" not in outcomes(tuned)


def test_less_noise_than_the_declared_batch_leaves_is_found():
    plan = stage(batch_size=1, sequence_length=1)
    assert outcomes(subject(plan=plan))["loss-noise"][0] == "contradicted"


def test_a_log_of_another_run_is_found_and_two_honest_ones_are_not():
    log, other = subject(), subject("resumed", foreign=True)
    assert {e.outcome for e in check_pairs([log], [other])} == {"consistent"}
    column = log.series.columns["loss"].copy()
    column[400:460] = other.series.columns["loss"][500:560]
    columns = {**log.series.columns, "loss": column}
    thief = replace(log, series=replace(log.series, columns=columns))
    (found,) = check_pairs([thief], [other])
    assert (found.outcome, found.facts["length"]) == ("contradicted", 60)
    assert (found.facts["from"], found.facts["other_from"]) == (400, 500)
    (known,) = (
        e
        for e in check_pairs([replace(log, plan=None), replace(thief, plan=None)], [])
        if e.reason == "copies-shared"
    )
    assert known.outcome == "missing"


def test_gradient_norm_of_another_column_or_below_zero_is_found():
    log = subject()
    copied = {**log.series.columns, "grad_norm": log.series.columns["loss"]}
    found = outcomes(replace(log, series=replace(log.series, columns=copied)))
    assert found["gradient-norm"] == ("contradicted", "gradient-copied")
    below = log.series.columns["grad_norm"].copy()
    below[10] = -1
    columns = {**log.series.columns, "grad_norm": below}
    found = outcomes(replace(log, series=replace(log.series, columns=columns)))
    assert found["gradient-norm"] == ("contradicted", "gradient-negative")


def test_more_hours_than_declared_are_found():
    few = [{"accelerator": "H100", "count": 1, "hours": 1e-4}]
    assert outcomes(subject(plan=stage(hardware=few)))["loss-timing"] == (
        "contradicted",
        "clock-over",
    )


def cut(log, start, end, **changes):
    columns = {n: c[start:end] for n, c in log.series.columns.items()}
    series = replace(log.series, columns=columns, lines=log.series.lines[start:end])
    return replace(log, series=series, **changes)


def test_logs_of_a_stage_must_cover_it_together():
    log = subject()
    parts = [cut(log, 0, 700), cut(log, 700, 1500, opens=False)]
    (found,) = check_stages(parts)
    assert (found.outcome, found.reason) == ("consistent", "cover-all")
    (found,) = check_stages([parts[0], cut(log, 800, 1500, opens=False)])
    assert (found.reason, found.facts["after"]) == ("cover-gaps", 699)
    (found,) = check_stages([parts[0], cut(log, 700, 1000, opens=False)])
    assert (found.reason, found.facts["last"]) == ("cover-short", 999)
    assert not check_stages([log])


def test_history_carried_into_the_log_of_the_next_stage_is_no_copy():
    log = subject()
    first = cut(log, 0, 700)
    carried = replace(log, stage="second", plan=stage(name="second"))
    assert {e.outcome for e in check_pairs([first, carried], [])} == {"consistent"}
    step = log.series.columns["step"] + 5000
    moved = {**log.series.columns, "step": step}
    pasted = replace(carried, series=replace(log.series, columns=moved))
    (found,) = check_pairs([first, pasted], [])
    assert found.outcome == "contradicted"
