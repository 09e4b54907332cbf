# SPDX-License-Identifier: Apache-2.0
"""Moments accuse only where they must point along the motion."""

import numpy as np
import pytest

from parentage.evidence.checkpoint_motion import Moments, optimizer_evidence
from parentage.evidence.checkpoint_path import Path, Strand


def path_of(moves, steps):
    values = np.cumsum([np.zeros_like(moves[0]), *moves], axis=0).astype("f4")
    labels = tuple(f"step {s}" for s in steps)
    strand = Strand(
        "text_decoder", "up_proj", 0, None, "w", values, ("F32",) * len(steps)
    )
    return Path(labels, tuple(steps), (strand,))


def found(moves, steps, point, momentum):
    moments = [Moments(0, -momentum.astype("f4"), np.ones_like(momentum, "f4"))]
    return optimizer_evidence(path_of(moves, steps), point, moments, betas=(0.9, 0.95))


@pytest.fixture(name="draws")
def draws_fixture():
    rng = np.random.default_rng(0)
    return [0.1 * rng.standard_normal((40, 50)) for _ in range(3)]


def test_moments_along_the_motion_agree(draws):
    before, after, _ = draws
    item = found([before, after], (0, 100, 200), 1, after)
    assert (item.outcome, item.reason) == ("consistent", "optimizer-agrees")
    assert item.value == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("steps", "point", "outcome"),
    [
        ((0, 100, 200), 1, "contradicted"),
        ((0, 100, 5000), 1, "missing"),  # too far for moments to tell
        ((0, 100, 200), 2, "missing"),  # nothing follows
    ],
)
def test_other_moments_contradict_only_where_few_steps_follow(
    draws, steps, point, outcome
):
    before, after, other = draws
    item = found([before, after], steps, point, other)
    assert item.outcome == outcome


def test_a_halt_says_nothing(draws):
    _, _, other = draws
    item = found([other * 0, other * 0], (0, 100, 200), 1, other)
    assert (item.outcome, item.reason) == ("missing", "optimizer-none")


def test_moments_that_adam_cannot_have(draws):
    before, after, _ = draws
    item = found([before, after], (0, 100, 200), 1, after * 100)
    assert (item.outcome, item.reason) == ("contradicted", "optimizer-impossible")
