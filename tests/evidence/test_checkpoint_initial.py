# SPDX-License-Identifier: Apache-2.0
"""Step 0: initialisations pass, learned or undeclared weights do not."""

import numpy as np
import pytest

from parentage.evidence.checkpoint_initial import Weights, initial_evidence, measure
from parentage.training.manifest import Initialisation

WIDTH = 96


def weights(seed=0, std=0.02, change=None):
    rng = np.random.default_rng(seed)
    found = [
        Weights("embed", "token_embedding", None, WIDTH, embedding(rng, std), "F32")
    ]
    for layer in range(4):
        for role in ("q_proj", "o_proj", "up_proj"):
            values = (rng.standard_normal((WIDTH, WIDTH)) * std).astype(np.float32)
            found.append(Weights(f"{layer}.{role}", role, layer, WIDTH, values, "F32"))
        ones = np.ones(WIDTH, dtype=np.float32)
        found.append(Weights(f"{layer}.norm", "input_norm", layer, 1, ones, "F32"))
    return change(found) if change else found


def embedding(rng, std):
    table = (rng.standard_normal((500, WIDTH)) * std).astype(np.float32)
    table[0] = 0  # padding
    return table


def evidence(tensors, declared=None):
    return initial_evidence(
        "step 0", *measure(tensors, seed=0), declared=declared, width=WIDTH, layers=4
    )


def replaced(name, values):
    def change(found):
        return [
            Weights(t.name, t.role, t.layer, t.fan_in, values(t.values), t.dtype)
            if t.name == name
            else t
            for t in found
        ]

    return change


@pytest.mark.parametrize("seed", range(5))
def test_draws_are_consistent_and_nothing_more(seed):
    found = evidence(weights(seed))
    assert (found.outcome, found.reason) == ("consistent", "step-0-random")
    assert found.facts["matrices"] == 13
    assert found.facts["constant"] == 4
    assert found.facts["empty_rows"] == 1
    assert found.facts["scheme"] == "transformers"
    assert found.facts["scheme_factor"] == pytest.approx(0.02, rel=0.02)
    assert found.value > found.threshold


def spike(values):
    n, m = values.shape
    u, v = np.sin(np.arange(n)), np.cos(np.arange(m))
    size = 3 * 0.02 * np.sqrt(WIDTH)
    learned = size * np.outer(u, v) / np.linalg.norm(u) / np.linalg.norm(v)
    return (values + learned).astype(np.float32)


def test_one_learned_direction_in_one_matrix_contradicts():
    found = evidence(weights(change=replaced("2.up_proj", spike)))
    assert (found.outcome, found.reason) == ("contradicted", "step-0-structured")
    assert found.facts["tensor"] == "2.up_proj"
    assert found.facts["test"] == "spectrum"
    assert found.items[0]["tensor"] == "2.up_proj"


def test_gains_that_moved_contradict():
    moved = np.linspace(0.9, 1.1, WIDTH, dtype=np.float32)
    found = evidence(weights(change=replaced("1.norm", lambda _: moved)))
    assert (found.outcome, found.reason) == ("contradicted", "step-0-varied")
    assert found.facts["tensor"] == "1.norm"


def declared(**more):
    return Initialisation.model_validate(more)


def test_declared_distributions_are_held_against_the_weights():
    normal = {"distribution": "normal", "std": 0.02}
    assert evidence(weights(), declared(default=normal)).outcome == "consistent"
    other = declared(default=normal, roles={"o_proj": {**normal, "std": 0.01}})
    found = evidence(weights(), other)
    assert (found.outcome, found.reason) == ("contradicted", "step-0-undeclared")
    assert found.facts["off"] == 4
    assert found.facts["differs"] == "std"
    uniform = declared(default={"distribution": "uniform", "std": 0.02})
    found = evidence(weights(), uniform)
    assert found.reason == "step-0-undeclared"
    assert "distribution" in found.facts["differs"]


def test_nothing_to_measure_is_missing():
    assert evidence([]).outcome == "missing"
