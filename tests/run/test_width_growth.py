# SPDX-License-Identifier: Apache-2.0
"""A model grown wider still carries the weights that it was grown from."""

import numpy as np
import pytest

from parentage.run.audit import audit
from parentage.testing.synthetic import Shape

BASE = Shape(hidden_size=64, intermediate_size=128, num_hidden_layers=4)
NEW = 64


def grown_neurons(model, how):
    """128 neurons become 192: copies at the end, copies in between, or new ones."""
    rng = np.random.default_rng(0)
    copies = rng.choice(128, NEW, replace=False)
    chosen = np.concatenate([np.arange(128), copies])
    out = {}
    for name, array in model.items():
        if ".mlp." not in name:
            out[name] = array
            continue
        axis = 1 if "down" in name else 0
        noise = np.float32(0.02 * array.std())
        if how == "new":
            shape = list(array.shape)
            shape[axis] = NEW
            extra = rng.standard_normal(shape).astype(np.float32) * array.std()
            out[name] = np.concatenate([array, extra], axis=axis)
        else:
            order = np.sort(chosen) if how == "copies in between" else chosen
            wide = np.take(array, order, axis=axis)
            out[name] = wide + noise * rng.standard_normal(wide.shape).astype("f4")
    return out


@pytest.mark.parametrize("how", ["new", "copies at the end", "copies in between"])
def test_grown_mlps_are_found_in_every_layer(save, parent, how):
    config = {**BASE.config(), "intermediate_size": 192, "vocab_size": 192}
    report = audit(save("c", grown_neurons(parent, how), config), [save("r", parent)])
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    assert decoder.finding == "reused"
    parts = {p.block: len(p.layers) for p in decoder.outcomes[0].parts}
    assert parts["mlp"] == 4
    assert parts["attention"] == 4


def test_a_grown_residual_stream_is_found_through_the_embedding(save, parent):
    rng = np.random.default_rng(1)
    wide = {}
    for name, array in parent.items():
        axis = 0 if array.ndim == 1 or "o_proj" in name or "down" in name else 1
        shape = list(array.shape)
        shape[axis] = 32
        extra = rng.standard_normal(shape).astype(np.float32) * array.std()
        wide[name] = np.concatenate([array, extra], axis=axis)
    config = {**BASE.config(), "hidden_size": 96, "head_dim": 16}
    report = audit(save("c", wide, config), [save("r", parent)])
    assert {m.name: m.finding for m in report.modules} == {
        "embedding": "reused",
        "text_decoder": "reused",
        "head": "reused",
    }
