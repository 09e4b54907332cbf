# SPDX-License-Identifier: Apache-2.0
"""Sequential audits: decided early where related, never where independent."""

import math
from pathlib import Path

import numpy as np
import pytest
from benchmarks.sequential.measure import SHAPE, bundled, highest, walk

from parentage.run.audit import audit
from parentage.testing.memory import MemoryCheckpoint
from parentage.testing.synthetic import descendant, random_model

ZOO = Path(__file__).parents[2] / "zoo" / "models"
SHORT = {"undo_budget": 0, "descent_budget": 0}


def memory(tensors):
    return MemoryCheckpoint(tensors, SHAPE.config())


def stages(report):
    return {
        (m.name, e.reference): e
        for m in report.modules
        for e in m.evidence
        if e.method == "sequential"
    }


def test_a_related_module_is_read_no_further():
    pair = (ZOO / "decoder-a-continued", [ZOO / "decoder-a"])
    full = audit(*pair, **SHORT)
    early = audit(*pair, **SHORT, sequential=True)
    assert early.settings.sequential
    assert [m.finding for m in early.modules] == [m.finding for m in full.modules]
    (found,) = stages(early).values()
    assert found.details["decided"]
    assert found.details["layers read"] < found.details["layers"]
    assert early.candidate.bytes_read < 0.5 * full.candidate.bytes_read
    assert early.references[0].bytes_read < 0.5 * full.references[0].bytes_read
    assert found.log10_p == pytest.approx(-found.value)
    decoder = next(m for m in early.modules if m.name == "text_decoder")
    assert "before all layers were read" in decoder.reason
    # The family is that of the full audit and one sequential test of every pair.
    assert early.settings.family == full.settings.family + 3


def test_an_independent_pair_is_read_in_full_and_judged_as_ever():
    pair = (ZOO / "vlm-cured", [ZOO / "vlm-donor"])
    full = audit(*pair, **SHORT)
    early = audit(*pair, **SHORT, sequential=True)
    assert [m.finding for m in early.modules] == [m.finding for m in full.modules]
    assert early.candidate.bytes_read == full.candidate.bytes_read  # no byte twice
    assert not any(e.details["decided"] for e in stages(early).values())
    mine = {e.id: e for m in early.modules for e in m.evidence}
    for module in full.modules:
        for e in module.evidence:
            assert mine[e.id].log10_p == e.log10_p, e.id


def test_the_order_is_fixed_by_the_seed_before_reading():
    own, other = (random_model(SHAPE, n, "F32") for n in (1, 2))
    a, b = (walk(memory(own), memory(other), 3) for _ in range(2))
    assert a.evidence == b.evidence


def test_wealth_of_independent_models_stays_low():
    """The audit's own code on 30 independent pairs, looked at after every layer."""
    found = np.array(
        [
            highest(
                walk(
                    memory(random_model(SHAPE, 2 * n, "F32")),
                    memory(random_model(SHAPE, 2 * n + 1, "F32")),
                    n,
                )
            )
            for n in range(30)
        ]
    )
    for alpha in (0.2, 0.05):
        # Beyond four deviations above the level chance does not go.
        room = 30 * alpha + 4 * math.sqrt(30 * alpha)
        assert (found >= -math.log10(alpha)).sum() <= room
    assert found.max() < 4


def test_real_independent_pairs_under_fresh_relabellings():
    for pair in (("decoder-b", "decoder-a"), ("vlm-cured", "vlm-donor")):
        assert max(bundled((*pair, 0, 4))) < 4


def test_a_faint_descendant_takes_more_layers_than_a_close_one():
    parent = random_model(SHAPE, 1, "F32")
    wealth = {}
    for correlation in (0.1, 0.3, 0.9):
        child = descendant(parent, correlation, 5)
        (e,) = walk(memory(child), memory(parent), 0).evidence
        wealth[correlation] = e.value
        assert e.details["element correlation"] == pytest.approx(correlation, abs=0.05)
    assert wealth[0.1] < wealth[0.3] < wealth[0.9]
    assert wealth[0.9] > 100


def test_layers_that_are_copies_of_one_another_are_bet_on_once():
    """Depth grown by repeating own layers: their coins are the same coins."""
    own, other = random_model(SHAPE, 1, "F32"), random_model(SHAPE, 2, "F32")
    for name in list(own):
        for layer in range(1, SHAPE.num_hidden_layers):
            if f".layers.{layer}." in name:
                own[name] = own[name.replace(f".layers.{layer}.", ".layers.0.")].copy()
                # A reference that repeats as well makes all coins agree.
                other[name] = other[
                    name.replace(f".layers.{layer}.", ".layers.0.")
                ].copy()
    (e,) = walk(memory(own), memory(other), 0).evidence
    assert e.details["copies left out"] == SHAPE.num_hidden_layers - 1
    once = random_model(SHAPE, 1, "F32")
    (alone,) = walk(memory(once), memory(random_model(SHAPE, 3, "F32")), 0).evidence
    assert e.n == pytest.approx(alone.n / SHAPE.num_hidden_layers, rel=0.05)
