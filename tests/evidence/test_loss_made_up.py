# SPDX-License-Identifier: Apache-2.0
"""Made-up losses beside real gradient norms and learning rates."""

from dataclasses import replace

import numpy as np
import pytest
from tests.evidence.test_loss_checks import cut, stage, subject
from zoo.records.synthesis import WAYS, norms_for

from parentage.evidence.loss_checks import check_log
from parentage.evidence.loss_coupling import check_coupling
from parentage.evidence.loss_fall import check_fall, steepest
from parentage.report.training_reasons import REASONS
from parentage.training.manifest import LogPart, ModelPart

MODEL = ModelPart.model_validate(
    {"name": "tiny", "vocabulary": 512, "parameters": 132_432}
)


def honest(name="cosine"):
    return replace(subject(name), model=MODEL)


def rewritten(log, **columns):
    series = replace(log.series, columns={**log.series.columns, **columns})
    return replace(log, series=series)


def made_up(way, seed=0):
    log, other = honest(), honest("resumed")
    step, loss = (log.series.columns[n] for n in ("step", "loss"))
    theirs = other.series.curve("loss").last_pass().value
    made = WAYS[way](step, loss, theirs, np.random.default_rng(seed))
    return rewritten(log, loss=np.round(made, 5))


def by(log):
    return {e.check: e for e in check_log(log)}


def test_an_honest_log_passes_with_room():
    for log in (honest(), honest("resumed")):
        found = by(log)
        assert found["loss-fall"].outcome == "consistent"
        assert found["loss-fall"].value < 0.3
        assert found["loss-coupling"].outcome == "consistent"
        assert found["loss-coupling"].value > 0.25


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_make_a_curve_up_is_found_in_a_log_of_this_length(way):
    found = [by(made_up(way, seed))["loss-coupling"] for seed in range(4)]
    # Each single one has the chance of about one in ten to stay open at 1,350 steps.
    assert sum(e.outcome == "contradicted" for e in found) >= 2
    assert {e.outcome for e in found} <= {"contradicted", "missing"}
    assert {e.reason for e in found} <= set(REASONS)


def test_a_power_law_falls_faster_than_the_warm_up_allows():
    found = by(made_up("power law"))["loss-fall"]
    assert (found.outcome, found.reason) == ("contradicted", "fall-impossible")
    assert found.value > 2
    waiting = by(made_up("power law after warm-up"))["loss-fall"]
    assert waiting.outcome == "consistent"


def test_columns_that_were_made_up_together_pass_the_log_alone():
    log = made_up("own curve, noise shuffled")
    columns = log.series.columns
    rng = np.random.default_rng(1)
    both = rewritten(
        log, grad_norm=norms_for(columns["loss"], columns["grad_norm"], rng)
    )
    assert by(both)["loss-coupling"].outcome == "consistent"


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"path": "log", "averaged": 10}, "coupling-open"),
        ({"path": "log", "every": 10}, "coupling-open"),
        ({"path": "log"}, "coupling-none"),
    ],
)
def test_lines_that_stand_for_several_steps_never_contradict(part, reason):
    log = made_up("own curve, noise shuffled", 1)
    log = replace(log, part=LogPart.model_validate(part))
    (found,) = check_coupling(log)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        ({"batch_size": 8192, "sequence_length": 64}, "coupling-none"),
        ({"batch_size": 8193, "sequence_length": 64}, "coupling-open"),
        ({"batch_size": None}, "coupling-open"),
        ({"sequence_length": None}, "coupling-open"),
    ],
)
def test_batches_that_nobody_measured_never_contradict(batch, reason):
    log = replace(made_up("own curve, noise shuffled", 1), plan=stage(**batch))
    (found,) = check_coupling(log)
    assert found.reason == reason
    bare = replace(log, plan=None)
    assert check_coupling(bare)[0].reason == "coupling-open"


def test_short_and_clipped_columns_are_not_judged():
    (found,) = check_coupling(cut(honest(), 0, 150))
    assert found.reason == "coupling-few"
    (found,) = check_coupling(rewritten(honest(), grad_norm=np.ones(1500)))
    assert found.reason == "coupling-constant"
    (found,) = check_fall(rewritten(honest(), grad_norm=np.ones(1500)))
    assert found.reason == "fall-thinned"
    muon = {"name": "muon", "peak_lr": 2e-3}
    (found,) = check_fall(replace(honest(), plan=stage(optimizer=muon)))
    assert found.reason == "fall-unknown"
    for betas in ([0.9, 1.0], [1.0, 0.95], [0.9, 0.0], [-1.0, 0.5]):
        wrong = {"name": "adamw", "peak_lr": 2e-3, "betas": betas}
        (found,) = check_fall(replace(honest(), plan=stage(optimizer=wrong)))
        assert found.reason == "fall-unknown"
    assert not check_fall(replace(honest(), plan=stage(kind="continued")))


def test_losses_of_rewards_are_left_alone_and_no_cross_entropy():
    # As public logs of policy training have it: about zero, and mostly exactly there.
    rng = np.random.default_rng(6)
    loss = np.where(rng.random(1500) < 0.8, 0.0, rng.normal(0, 3e-4, 1500).round(4))
    log = rewritten(honest(), loss=loss)
    bare = by(replace(log, plan=None, model=None))
    assert "contradicted" not in {e.outcome for e in bare.values()}
    assert bare["loss-smooth"].reason == "loss-below-zero"
    tuned = by(replace(log, plan=stage(kind="post-training", schedule=None)))
    assert tuned["loss-curve"].outcome == "missing"
    claimed = by(log)["loss-curve"]
    assert (claimed.outcome, claimed.reason) == ("contradicted", "curve-below-zero")


def test_the_steepest_fall_is_that_of_a_plain_count():
    rng = np.random.default_rng(4)
    loss = np.cumsum(rng.standard_normal(40))[::-1].copy()
    reach = rng.random(40)
    value, start, width = steepest(loss, reach, 0.0)
    best = -np.inf
    for w in range(1, 21):
        for i in range(40 - 2 * w + 1):
            fall = loss[i : i + w].mean() - loss[i + w : i + 2 * w].mean()
            most = np.mean([reach[a : a + w].sum() for a in range(i, i + w)])
            if (i, w) == (start, width):
                assert value == pytest.approx(fall / most)
            best = max(best, fall / most)
    assert value <= best + 1e-12


def test_the_beginning_of_a_training_needs_fewer_steps_for_its_shape():
    log = made_up("power law")
    short = by(cut(log, 0, 400))["loss-curve"]
    assert (short.outcome, short.threshold) == ("contradicted", 10.0)
    assert by(cut(honest(), 0, 400))["loss-curve"].outcome == "consistent"
    middle = cut(honest(), 400, 800)
    assert by(middle)["loss-curve"].reason == "curve-short"
