# SPDX-License-Identifier: Apache-2.0
"""The transformations of the full zoo, on small random decoders (needs no torch)."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from zoo.transforms import merge, registry
from zoo.transforms.weights import Weights, in_memory

from parentage.testing.memory import describe_arrays
from parentage.testing.synthetic import Shape, random_tensors

SHAPE = Shape(hidden_size=32, intermediate_size=48, vocab_size=64)
TOKENS = np.random.default_rng(0).integers(0, 64, 12)

SETTINGS = {
    "round-to-nearest": {"bits": 4},
    "fp8": {},
    "prune-layers": {"keep": [0, 2, 3]},
    "upscale": {"take": 3},
    "prune-neurons": {"keep": 32},
    "prune-heads": {"keep": 1},
    "prune-residual": {"keep": 24},
    "upcycle": {"experts": 3, "seed": 1, "noise": 0.1, "shuffle": True},
    "take": {"parts": ["attention"], "seed": 1},
    "initialise": {"seed": 1},
    "extend-vocabulary": {"tokens": 80, "seed": 1},
    "replace-vocabulary": {"tokens": 48, "seed": 1},
    "noise": {"correlation": 0.5, "seed": 1},
    "rename": {},
    "fuse": {},
}
UNCHANGED = {
    "permute-neurons": {"seed": 1},
    "permute-heads": {"seed": 1},
    "permute-residual": {"seed": 1},
    "flip-neurons": {"seed": 1},
    "flip-values": {"seed": 1},
    "rescale-neurons": {"seed": 1},
    "flip-rotary-pairs": {"seed": 1},
    "permute-values": {"seed": 1},
    "fold-gains": {},
    "rotate-residual": {"seed": 1},
    "all-disguises": {"seed": 1},
    "every-symmetry": {"seed": 1},
}


def decoder(seed: int) -> Weights:
    """A random decoder with weights large enough for its layers to matter."""
    tensors = {
        name: a if a.ndim == 1 else a * np.float32(8)
        for name, a in random_tensors(SHAPE, seed)
    }
    return Weights(tensors, SHAPE.config())


def _norm(x, gain):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * gain


def _turn(x):
    """Rotary positions on ``[time, heads, dim]``."""
    time, _, dim = x.shape
    angle = np.arange(time)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    a, b = x[..., : dim // 2], x[..., dim // 2 :]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def logits(model: Weights, tokens=TOKENS):
    """Forward pass of a Llama-shaped decoder in double precision."""
    w = {n: a.astype(np.float64) for n, a in model.tensors.items()}
    x = w["model.embed_tokens.weight"][tokens]
    time, dim = len(tokens), model.head_dim
    mask = np.triu(np.full((time, time), -np.inf), 1)
    for n in range(model.layers):
        p = f"model.layers.{n}."
        y = _norm(x, w[p + "input_layernorm.weight"])
        q, k, v = (
            (y @ w[f"{p}self_attn.{r}_proj.weight"].T).reshape(time, -1, dim)
            for r in "qkv"
        )
        group = q.shape[1] // k.shape[1]
        k, v = np.repeat(_turn(k), group, 1), np.repeat(v, group, 1)
        score = np.einsum("thd,shd->hts", _turn(q), k) / np.sqrt(dim) + mask
        score = np.exp(score - score.max(-1, keepdims=True))
        score /= score.sum(-1, keepdims=True)
        out = np.einsum("hts,shd->thd", score, v).reshape(time, -1)
        x = x + out @ w[p + "self_attn.o_proj.weight"].T
        y = _norm(x, w[p + "post_attention_layernorm.weight"])
        gate = y @ w[p + "mlp.gate_proj.weight"].T
        up = y @ w[p + "mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[p + "mlp.down_proj.weight"].T
    return _norm(x, w["model.norm.weight"]) @ w["lm_head.weight"].T


def test_every_transformation_is_tested():
    assert {*SETTINGS, *UNCHANGED, "split"} == {*registry.ONE}


@pytest.mark.parametrize("name", UNCHANGED)
def test_disguise_leaves_outputs_but_not_weights(name):
    parent = decoder(1)
    hidden = registry.ONE[name](parent, **UNCHANGED[name])
    before, after = logits(parent), logits(hidden)
    assert abs(before - after).max() < 1e-4 * abs(before).max()
    assert any(np.any(hidden.tensors[n] != a) for n, a in parent.tensors.items())


@pytest.mark.parametrize("name", SETTINGS)
def test_other_transformations_change_outputs_or_layout(name):
    parent = decoder(1)
    changed = registry.ONE[name](parent, **SETTINGS[name])
    if changed.tensors.keys() == parent.tensors.keys() and "vocab" not in name:
        assert abs(logits(changed) - logits(parent)).max() > 1e-3


@pytest.mark.parametrize("name", [*SETTINGS, *UNCHANGED])
def test_config_and_shapes_agree(name):
    settings = {**SETTINGS, **UNCHANGED}[name]
    parent = decoder(2)
    kept = {n: a.copy() for n, a in parent.tensors.items()}
    changed = registry.ONE[name](parent, **settings)
    model = describe_arrays(in_memory(changed))
    assert model.unrecognised == ()
    names = {m.name: m for m in model.modules}
    assert names.keys() == {"text_decoder", "embedding", "head"}
    body = names["text_decoder"]
    assert body.layers == changed.layers
    if name == "rename":  # without a known family, shapes do not tell the heads
        return
    assert body.attention.heads == changed.heads
    assert body.attention.kv_heads == changed.kv_heads
    assert body.attention.head_dim == changed.head_dim
    found = {t.role: t.shape for t in body.tensors}
    assert found["up_proj"] == (changed.neurons, changed.width)
    assert found["q_proj"] == (changed.heads, changed.head_dim, changed.width)
    assert names["embedding"].tensors[0].shape[0] == changed.config["vocab_size"]
    for n, a in kept.items():
        assert np.array_equal(parent.tensors[n], a), "the parent was changed"


@pytest.mark.parametrize("name", [*SETTINGS, *UNCHANGED])
def test_same_seed_gives_the_same(name):
    settings = {**SETTINGS, **UNCHANGED}[name]
    first, second = (registry.ONE[name](decoder(3), **settings) for _ in range(2))
    assert all(np.array_equal(a, second.tensors[n]) for n, a in first.tensors.items())


def test_quantisation_keeps_most_and_stores_fp8():
    parent = decoder(1)
    name = "model.layers.0.mlp.up_proj.weight"
    for bits, least in ((8, 0.9999), (4, 0.98)):
        changed = registry.ONE["round-to-nearest"](parent, bits=bits)
        pair = np.stack([changed.tensors[name].ravel(), parent.tensors[name].ravel()])
        assert np.corrcoef(pair)[0, 1] > least
    levels = np.unique(changed.tensors[name][0]).size
    assert levels <= 15
    stored = registry.ONE["fp8"](parent).tensors
    assert stored[name].dtype == ml_dtypes.float8_e4m3fn
    assert stored["lm_head.weight"].dtype == np.float32


@pytest.mark.parametrize("correlation", [0.9, 0.2])
def test_noise_leaves_the_wanted_correlation(correlation):
    parent = decoder(1)
    changed = registry.ONE["noise"](parent, correlation=correlation, seed=99)
    name = "model.embed_tokens.weight"
    pair = np.stack([changed.tensors[name].ravel(), parent.tensors[name].ravel()])
    assert np.corrcoef(pair)[0, 1] == pytest.approx(correlation, abs=0.06)


def test_upscaled_layers_overlap():
    parent = decoder(1)
    grown = registry.ONE["upscale"](parent, take=3)
    for own, source in enumerate((0, 1, 2, 1, 2, 3)):
        ours = grown.tensors[f"model.layers.{own}.mlp.up_proj.weight"]
        theirs = parent.tensors[f"model.layers.{source}.mlp.up_proj.weight"]
        assert np.array_equal(ours, theirs)


def test_width_in_order_is_a_subsequence_and_resorted_is_not():
    parent = decoder(1)
    name = "model.layers.1.mlp.gate_proj.weight"
    rows = {row.tobytes(): n for n, row in enumerate(parent.tensors[name])}
    places = {}
    for resorted in (False, True):
        cut = registry.ONE["prune-neurons"](parent, keep=32, resorted=resorted)
        places[resorted] = [rows[row.tobytes()] for row in cut.tensors[name]]
    assert places[False] == sorted(places[False])
    assert places[True] != places[False]
    assert sorted(places[True]) == places[False]


def test_fused_tensors_hold_the_parts():
    parent = decoder(1)
    fused = registry.ONE["fuse"](parent)
    ours = {
        (t.role, t.layer): t.shape
        for m in describe_arrays(in_memory(fused)).modules
        for t in m.tensors
    }
    theirs = {
        (t.role, t.layer): t.shape
        for m in describe_arrays(in_memory(parent)).modules
        for t in m.tensors
    }
    assert ours == theirs
    together = fused.tensors["model.layers.0.mlp.gate_up_proj.weight"]
    assert np.array_equal(
        together[48:], parent.tensors["model.layers.0.mlp.up_proj.weight"]
    )


def test_split_undoes_neox_heads():
    rng = np.random.default_rng(1)
    config = {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 1}
    name = "gpt_neox.layers.0.attention.query_key_value"
    fused = {
        f"{name}.weight": rng.standard_normal((96, 32), dtype=np.float32),
        f"{name}.bias": rng.standard_normal(96, dtype=np.float32),
    }
    parts = registry.ONE["split"](Weights(fused, config)).tensors
    key = parts[name.replace("query_key_value", "k_proj") + ".weight"]
    assert np.array_equal(key[8:16], fused[f"{name}.weight"][24 + 8 : 24 + 16])
    assert len(parts) == 6


NAME = "model.layers.2.self_attn.v_proj.weight"


def test_linear_merge_is_the_mean():
    models = [decoder(n) for n in (1, 2, 3)]
    merged = merge.linear(models, shares=[0.5, 0.3, 0.2]).tensors[NAME]
    wanted = sum(
        s * m.tensors[NAME] for s, m in zip((0.5, 0.3, 0.2), models, strict=True)
    )
    assert np.allclose(merged, wanted, atol=1e-6)


def test_slerp_stays_on_the_arc():
    a, b = decoder(1), decoder(2)
    merged = merge.slerp([a, b], share=0.25).tensors[NAME].ravel()
    x, y = a.tensors[NAME].ravel(), b.tensors[NAME].ravel()
    cosine = x @ y / np.linalg.norm(x) / np.linalg.norm(y)
    angle = np.arccos(cosine)
    wanted = (np.sin(0.75 * angle) * x + np.sin(0.25 * angle) * y) / np.sin(angle)
    assert np.allclose(merged, wanted, atol=1e-5)
    same = merge.slerp([a, a]).tensors[NAME]
    assert np.allclose(same, a.tensors[NAME])


def test_ties_keeps_large_changes_that_agree():
    base = Weights({"w": np.zeros(4, np.float32)}, {})
    one = Weights({"w": np.array([4.0, 0.1, -3.0, 2.0], np.float32)}, {})
    two = Weights({"w": np.array([2.0, 0.1, 5.0, 0.2], np.float32)}, {})
    merged = merge.ties([one, two], base=base, density=0.5).tensors["w"]
    assert np.allclose(merged, [3.0, 0.0, 5.0, 0.0])


def test_dare_is_right_on_average_and_drops_changes():
    base = Weights({"w": np.ones(20_000, np.float32)}, {})
    one = Weights({"w": np.full(20_000, 3.0, np.float32)}, {})
    merged = merge.dare([one], base=base, seed=1, density=0.25).tensors["w"]
    assert set(np.unique(merged)) == {1.0, 9.0}
    assert merged.mean() == pytest.approx(3.0, abs=0.15)
