# SPDX-License-Identifier: Apache-2.0
"""A synthetic Llama, an independent one, and ways to disguise a copy."""

import numpy as np
import pytest
from benchmarks.accuracy.baselines import BASELINES, from_memory

from parentage.testing.memory import MemoryCheckpoint
from parentage.testing.synthetic import Shape, random_model

SHAPE = Shape(hidden_size=64, intermediate_size=96, num_hidden_layers=4, vocab_size=192)
READS_RESIDUAL = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
WRITES_RESIDUAL = ("o_proj", "down_proj")


@pytest.fixture(scope="session")
def parent():
    return random_model(SHAPE, 1, "F32")


@pytest.fixture(scope="session")
def stranger():
    return random_model(SHAPE, 2, "F32")


@pytest.fixture(scope="session")
def wrap():
    def loaded(arrays, tokens=None, **changes):
        config = SHAPE.config() | changes
        return from_memory(MemoryCheckpoint(dict(arrays), config), tokens)

    return loaded


@pytest.fixture(scope="session")
def value(wrap):
    """The value of a baseline on two sets of tensors of the standard shape."""

    def run(name, candidate, reference):
        score = BASELINES[name].function(wrap(candidate), wrap(reference))
        assert score.threshold_rule
        assert (score.value is None) == bool(score.reason)
        return score.value

    return run


@pytest.fixture(scope="session")
def neurons():
    """Permute and rescale the neurons of each layer, up and down together."""

    def disguise(arrays, *, permute=True, scale=None):
        rng = np.random.default_rng(3)
        result = dict(arrays)
        for layer in range(SHAPE.num_hidden_layers):
            mlp = f"model.layers.{layer}.mlp"
            n = SHAPE.intermediate_size
            order = rng.permutation(n) if permute else np.arange(n)
            factor = np.ones(n) if scale is None else scale(rng, n)
            factor = factor.astype(np.float32)
            gate, up, down = (
                f"{mlp}.{role}_proj.weight" for role in ("gate", "up", "down")
            )
            result[gate] = arrays[gate][order]
            result[up] = arrays[up][order] * factor[:, None]
            result[down] = arrays[down][:, order] / factor
        return result

    return disguise


@pytest.fixture(scope="session")
def turn():
    """Apply an orthogonal map to the residual stream; gains must suit it."""

    def disguise(arrays, matrix):
        matrix = matrix.astype(np.float32)
        result = {}
        for name, array in arrays.items():
            role = name.split(".")[-2]
            if role in WRITES_RESIDUAL:
                result[name] = matrix.T @ array
            elif array.ndim == 2:
                result[name] = array @ matrix
            else:
                result[name] = array @ np.abs(matrix) if is_signed(matrix) else array
        return result

    def is_signed(matrix):
        return np.count_nonzero(matrix) == len(matrix)

    return disguise


@pytest.fixture(scope="session")
def folded():
    """The same function with all norm gains moved into the matrices after them."""

    def fold(arrays):
        result = dict(arrays)
        for layer in range(SHAPE.num_hidden_layers):
            for norm, block in (
                ("input_layernorm", "self_attn"),
                ("post_attention_layernorm", "mlp"),
            ):
                gain = f"model.layers.{layer}.{norm}.weight"
                for name in arrays:
                    if name.startswith(f"model.layers.{layer}.{block}.") and (
                        name.split(".")[-2] in READS_RESIDUAL
                    ):
                        result[name] = arrays[name] * arrays[gain]
                result[gain] = np.ones_like(arrays[gain])
        result["lm_head.weight"] = (
            arrays["lm_head.weight"] * arrays["model.norm.weight"]
        )
        result["model.norm.weight"] = np.ones_like(arrays["model.norm.weight"])
        return result

    return fold
