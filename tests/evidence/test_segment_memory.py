# SPDX-License-Identifier: Apache-2.0
"""Memory of claimed batches and their losses in the log, on losses made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.segment_memory import (
    SegmentLosses,
    log_evidence,
    memory_evidence,
)
from parentage.report.training_reasons import REASONS
from parentage.training.series import Series

POINTS, PER = 6, 16


def losses(memory=0.05, seed=0):
    """Batches of different hardness; what was just read is known better."""
    rng = np.random.default_rng(seed)
    stretch = np.repeat(np.arange(POINTS), PER)
    steps = stretch * 100.0 + np.tile(np.arange(PER) * 6, POINTS)
    hard = 0.1 * rng.standard_normal(len(steps))
    level = 3 * np.exp(-0.5 * np.arange(POINTS + 1)) + 1
    table = level[None] + hard[:, None] + 0.03 * rng.standard_normal((96, POINTS + 1))
    table[np.arange(96), stretch + 1] -= memory
    labels = tuple(f"step {100 * i}" for i in range(POINTS + 1))
    return SegmentLosses(labels, steps, stretch, table, steps % 100 == 0), hard


def log_of(found, hard, seed=1, *, known=True):
    rng = np.random.default_rng(seed)
    steps = np.arange(POINTS * 100.0)
    value = 3 * np.exp(-0.005 * steps) + 1 + 0.1 * rng.standard_normal(len(steps))
    if known:
        value[found.steps.astype(int)] = 0
        smooth = 3 * np.exp(-0.005 * steps) + 1
        value[found.steps.astype(int)] = smooth[found.steps.astype(int)] + hard
        own = found.at_point
        value[found.steps[own].astype(int)] = found.loss[own, found.stretch[own]]
    series = Series(
        "log", "csv", {"step": steps, "loss": value}, np.arange(len(steps)), rows=600
    )
    return LogSubject("log", series)


def test_memory_of_the_claimed_order_is_shown():
    found, _ = losses()
    made = memory_evidence(found)
    assert (made.outcome, made.reason) == ("verified", "memory-own")
    assert made.log10_p == pytest.approx(np.log10(1 / 20_001))
    assert len(made.items) == POINTS


def test_another_order_contradicts_and_is_named():
    found, _ = losses()
    turned = replace(found, stretch=found.stretch[::-1].copy())
    made = memory_evidence(turned)
    assert (made.outcome, made.reason) == ("contradicted", "memory-other")
    assert made.facts["claimed"] == "step 0 to step 100"
    assert made.facts["instead"] == "step 500 to step 600"


def test_batches_that_were_never_read_show_nothing():
    outcomes = [memory_evidence(losses(0.0, seed)[0]).outcome for seed in range(8)]
    assert set(outcomes) == {"missing"}


def test_few_batches_or_stretches_are_not_judged():
    found, _ = losses()
    keep = found.stretch < 2
    few = SegmentLosses(
        found.points,
        found.steps[keep],
        found.stretch[keep],
        found.loss[keep],
        found.at_point[keep],
    )
    assert memory_evidence(few).reason == "memory-few"


def test_stretches_without_batches_take_no_part():
    found, _ = losses()
    keep = found.stretch != 2
    some = SegmentLosses(
        found.points,
        found.steps[keep],
        found.stretch[keep],
        found.loss[keep],
        found.at_point[keep],
    )
    made = memory_evidence(some)
    assert made.reason == "memory-own"
    assert "step 200 to step 300" not in {row["stretch"] for row in made.items}


def test_the_log_of_the_batches_and_one_without_them():
    found, hard = losses()
    made = log_evidence(found, [log_of(found, hard)])
    assert (made.outcome, made.reason) == ("verified", "segment-log-same")
    assert made.facts["off"] < 0.05
    other = log_evidence(found, [log_of(found, hard, known=False)])
    assert (other.outcome, other.reason) == ("contradicted", "segment-log-differs")
    assert {made.reason, other.reason} <= set(REASONS)


def test_without_logged_steps_nothing_is_said():
    found, hard = losses()
    assert log_evidence(found, []).reason == "segment-log-none"
    log = log_of(found, hard)
    step = log.series.columns["step"] + 5000
    later = replace(
        log, series=replace(log.series, columns={**log.series.columns, "step": step})
    )
    assert log_evidence(found, [later]).reason == "segment-log-none"
