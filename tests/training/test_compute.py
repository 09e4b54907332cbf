# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of training against public statements and plain counting."""

import pytest

from parentage.evidence.compute_budget import (
    compute_evidence,
    stage_compute,
    token_evidence,
)
from parentage.training.compute import accelerators, training_flops
from parentage.training.manifest import ModelPart, StagePart

PUBLIC = {
    # arXiv 2601.07022: 12 B active, 19.7 T tokens, 480 B200. Hours are not stated.
    "solar-open": (12e9, 19.7e12, "B200", 480, 1.42e24, 15.2),
    # arXiv 2601.09200: 33 B active, 10 T tokens, about 1,000 H200-class.
    "a.x-k1": (33e9, 10e12, "H200", 1000, 1.98e24, 23.2),
}


def made(active, tokens, device, count, hours, precision="bf16"):
    model = ModelPart.model_validate({"name": "m", "parameters": int(active)})
    stage = StagePart.model_validate(
        {
            "name": "pretraining",
            "kind": "pretraining",
            "data": {"tokens": int(tokens)},
            "hardware": [
                {
                    "accelerator": device,
                    "count": count,
                    "hours": hours,
                    "precision": precision,
                }
            ],
        }
    )
    return compute_evidence(stage_compute(model, stage))


@pytest.mark.parametrize("name", PUBLIC)
def test_public_statements_give_days_and_no_verdict_without_hours(name):
    active, tokens, device, count, flops, days = PUBLIC[name]
    found = made(active, tokens, device, count, 24 * days)
    assert found.facts["flops"] == pytest.approx(flops, rel=0.01)
    assert found.value == pytest.approx(1, rel=0.01)
    assert made(active, tokens, device, count, 24 * days / 0.4).outcome == "consistent"
    assert made(active, tokens, device, count, 12 * days).outcome == "contradicted"
    odd = made(active, tokens, device, count, 24 * days / 0.9)
    assert (odd.outcome, odd.reason) == ("missing", "compute-unseen")
    idle = made(active, tokens, device, count, 24 * days / 0.01)
    assert (idle.outcome, idle.reason) == ("missing", "compute-idle")


def test_llama_3_405b_comes_out_as_published():
    # 2407.21783: 3.8e25 operations; 30.84 M H100 hours (model card) for all sizes'
    # largest: 38 to 43 % of the peak in bf16.
    found = made(405e9, 15.6e12, "H100", 16_384, 30.84e6 / 16_384)
    assert found.facts["flops"] == pytest.approx(3.8e25, rel=0.01)
    assert found.outcome == "consistent"
    assert 0.3 < found.value < 0.43


def test_attention_is_counted_as_the_matrix_products_it_is():
    layers, heads, size, length, tokens = 4, 8, 16, 128, 128 * 10
    model = ModelPart.model_validate(
        {
            "name": "m",
            "parameters": 1,
            "layers": layers,
            "attention_width": heads * size,
        }
    )
    # Scores and values: two products of length x length x size per head, half of it
    # masked; a multiply-add is 2, and backward costs twice the forward.
    per_sequence = 2 * heads * length * length * size * 2 / 2 * 3
    _, attention = training_flops(model, tokens, length)
    assert attention == pytest.approx(layers * per_sequence * tokens / length)


def test_unknown_hardware_is_missing_and_a_stated_peak_is_used():
    assert made(1e9, 1e12, "abacus", 8, 10).reason == "hardware-unknown"
    assert made(1e9, 1e12, "A100", 8, 10, "fp4").reason == "hardware-unknown"


def test_counts_that_are_stated_twice_must_agree():
    base = {"name": "a", "kind": "pretraining", "steps": 100, "batch_size": 10}
    base |= {"sequence_length": 10}
    alone = StagePart.model_validate(base)
    assert token_evidence(alone, None).reason == "tokens-once"
    same = StagePart.model_validate({**base, "data": {"tokens": 10_050}})
    assert token_evidence(same, 10_000).outcome == "consistent"
    assert token_evidence(same, 12_000).outcome == "contradicted"


def test_every_peak_says_where_it_is_from_and_how_that_was_checked():
    for device in accelerators().values():
        assert device.peaks
        assert device.source
        assert device.checked in {"maker", "quoted", "derived", "sheet"}
        read = device.checked in {"maker", "quoted"}
        assert bool(device.link and device.link.startswith("https://")) >= read
        # Half the bits do twice the work at most, on every device of the table but one
        # that does the same.
        if {"fp8", "bf16"} <= set(device.peaks):
            assert 1 <= device.peaks["fp8"] / device.peaks["bf16"] <= 2.01
