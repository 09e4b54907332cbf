# SPDX-License-Identifier: Apache-2.0
"""Each published method does what its paper says, and has the traps it is known for."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from benchmarks.accuracy.baselines import BASELINES, from_memory, load
from benchmarks.accuracy.baselines.forward import feed_forward_inputs
from benchmarks.accuracy.baselines.passages import LENGTH, SEQUENCES, tokens

from parentage.testing.memory import MemoryCheckpoint
from parentage.testing.memory import load as load_arrays
from parentage.testing.synthetic import Shape, random_model, write_model

ZOO = Path(__file__).resolve().parents[3] / "zoo/models"
BOUNDED = [n for n, b in BASELINES.items() if b.threshold != 4.0 and n != "phi-u"]
P_VALUES = [n for n in BASELINES if n not in BOUNDED]
BLIND = {"spectra", "spectra-correlation", "sigma-curves", "norm-cosine"}
MATCH = ["match", "match-hidden"]


@pytest.mark.parametrize("name", BASELINES)
def test_a_copy_scores_highest(name, value, parent, stranger):
    own = value(name, parent, parent)
    assert own > value(name, stranger, parent)
    if name in BOUNDED:
        assert own == pytest.approx(1.0, abs=1e-5)
    else:
        assert own > 300


@pytest.mark.parametrize("name", sorted(set(BASELINES) - BLIND - {"tensor-cosine"}))
def test_independent_models_score_low(name, value, parent, stranger):
    limit = 4 if name in P_VALUES else 0.25
    assert abs(value(name, stranger, parent)) < limit


def test_known_traps_on_independent_models(value, parent, stranger):
    assert value("norm-cosine", stranger, parent) > 0.99
    assert value("spectra", stranger, parent) > 0.98
    # nine of the 39 tensors are norm gains with cosine one
    assert value("tensor-cosine", stranger, parent) == pytest.approx(9 / 39, abs=0.02)


@pytest.mark.parametrize("name", MATCH)
def test_match_survives_permuted_neurons_and_phi_u_does_not(
    name, value, parent, neurons
):
    copy = neurons(parent, scale=lambda rng, n: rng.uniform(0.5, 2, n))
    assert value(f"{name}-rho", copy, parent) == pytest.approx(1.0)
    assert value(name, copy, parent) > 300
    assert value("phi-u", copy, parent) < 4


@pytest.mark.parametrize("name", MATCH)
@pytest.mark.parametrize("permute", [False, True])
def test_signs_defeat_match_and_the_sign_fix_restores_it(
    name, permute, value, parent, neurons
):
    flipped = neurons(parent, permute=permute, scale=lambda _, n: -np.ones(n))
    assert value(name, flipped, parent) < 4
    assert value(f"{name}-sign-fix-rho", flipped, parent) == pytest.approx(1.0)
    mixed = neurons(
        parent, permute=permute, scale=lambda rng, n: rng.choice([-1, 1], n)
    )
    assert value(f"{name}-rho", mixed, parent) < 0.7
    assert value(f"{name}-sign-fix-rho", mixed, parent) == pytest.approx(1.0)


def test_awm_and_huref_survive_signed_permutation_of_the_residual_stream(
    value, parent, turn
):
    rng = np.random.default_rng(5)
    matrix = np.eye(64)[rng.permutation(64)] * rng.choice([-1, 1], 64)
    moved = turn(parent, matrix)
    for name in ("awm", "huref", "spectra", "match-hidden-rho"):
        assert value(name, moved, parent) == pytest.approx(1.0, abs=1e-4)
    for name in ("pcs", "norm-pearson", "match-rho", "phi-u"):
        assert abs(value(name, moved, parent)) < (4 if name == "phi-u" else 0.3)


def test_rotation_of_the_residual_stream(value, parent, turn, folded):
    plain = folded(parent)
    matrix = np.linalg.qr(np.random.default_rng(6).standard_normal((64, 64)))[0]
    turned = turn(plain, matrix)
    for name in ("spectra", "spectra-correlation", "huref"):
        assert value(name, turned, plain) == pytest.approx(1.0, abs=1e-4)
    assert value("match-hidden-rho", turned, plain) == pytest.approx(1.0, abs=0.02)
    assert value("awm", turned, plain) < 0.3
    assert value("match-rho", turned, plain) < 0.3


def test_folded_gains_do_not_trouble_match(value, parent, folded):
    assert value("match-rho", folded(parent), parent) == pytest.approx(1.0)
    assert value("match-hidden-rho", folded(parent), parent) == pytest.approx(1.0)


def test_other_depth(wrap, parent):
    dropped = {n: a for n, a in parent.items() if ".layers.3." not in n}
    shallow = wrap(dropped, num_hidden_layers=3)
    found = {n: b.function(shallow, wrap(parent)) for n, b in BASELINES.items()}
    none = {n for n, s in found.items() if s.value is None}
    assert none == {"pcs", "sigma-curves", "spectra-correlation", "phi-u"}
    assert all(found[n].reason for n in none)
    assert found["awm"].value == pytest.approx(1.0)
    assert found["match-rho"].value == pytest.approx(1.0)
    assert found["match"].value > 100


def test_other_width_and_vocabulary(wrap, parent):
    narrow = Shape(48, 80, 4, 4, 2, 100)
    arrays = random_model(narrow, 9, "F32")
    own = from_memory(MemoryCheckpoint(arrays, narrow.config()))
    found = {n: b.function(own, wrap(parent)) for n, b in BASELINES.items()}
    none = {n for n, s in found.items() if s.value is None}
    assert {"pcs", "norm-cosine", "norm-pearson", "match", "phi-u"} <= none
    assert found["match-hidden"].value < 4
    assert abs(found["awm"].value) < 0.3
    assert abs(found["huref"].value) < 0.3


def test_experts_and_latent_attention():
    moe = [load(ZOO / f"moe-{name}") for name in "ab"]
    found = {n: b.function(moe[1], moe[0]) for n, b in BASELINES.items()}
    none = {n: s.reason for n, s in found.items() if s.value is None}
    assert all("plain Llama" in reason for reason in none.values())
    assert set(none) == {n for n in BASELINES if "hidden" in n}
    assert found["match"].value < 4
    assert found["phi-u"].value < 4
    assert BASELINES["match-rho"].function(moe[0], moe[0]).value == pytest.approx(1.0)


def test_network_without_glu():
    whole = load_arrays(ZOO / "vlm-donor")
    tower = {n: a for n, a in whole.arrays.items() if n.startswith("vision_tower.")}
    vision = from_memory(MemoryCheckpoint(tower, whole.config["vision_config"]))
    found = {n: b.function(vision, vision) for n, b in BASELINES.items()}
    none = {n for n, s in found.items() if s.value is None}
    assert none == {n for n in BASELINES if n.startswith("match")}
    assert "no GLU" in found["match"].reason
    assert found["phi-u"].value > 300
    decoder = load(ZOO / "decoder-a")
    assert "no common part" in BASELINES["awm"].function(vision, decoder).reason


def test_tokens_are_matched_by_string(wrap, parent):
    names = {f"t{i}": i for i in range(192)}
    order = np.random.default_rng(7).permutation(192)
    moved = dict(parent) | {
        n: parent[n][order] for n in ("model.embed_tokens.weight", "lm_head.weight")
    }
    renumbered = {f"t{old}": new for new, old in enumerate(order)}
    with_names = wrap(moved, renumbered), wrap(parent, names)
    without = wrap(moved), wrap(parent)
    for name in ("awm", "huref", "match-hidden-rho"):
        function = BASELINES[name].function
        assert function(*with_names).value == pytest.approx(1.0, abs=1e-5)
        assert function(*without).value < 0.9
    strange = wrap(parent, {f"s{i}": i for i in range(192)})
    assert "in common" in BASELINES["awm"].function(strange, with_names[1]).reason


def test_loading_a_folder_takes_its_tokenizer(tmp_path, parent):
    folder = write_model(tmp_path / "m", parent, Shape(64, 96, 4).config())
    assert load(folder).tokens is None
    content = {
        "model": {"vocab": {"a": 0, "b": 1}},
        "added_tokens": [{"content": "<s>", "id": 2}],
    }
    (folder / "tokenizer.json").write_text(json.dumps(content))
    assert load(folder).tokens == {"a": 0, "b": 1, "<s>": 2}
    content["model"]["vocab"] = [["a", -1.0], ["b", -2.0]]
    (folder / "tokenizer.json").write_text(json.dumps(content))
    assert load(folder).tokens == {"a": 0, "b": 1, "<s>": 2}


def test_forward_pass_is_causal(wrap, parent):
    model = wrap(parent)
    one = np.random.default_rng(8).integers(0, 192, (2, 10))
    other = one.copy()
    other[:, -1] = (one[:, -1] + 1) % 192
    for a, b in zip(
        feed_forward_inputs(model, one), feed_forward_inputs(model, other), strict=True
    ):
        same = np.isclose(a, b, atol=1e-6).all(axis=0).reshape(2, 10)
        assert same[:, :-1].all()
        assert not same[:, -1].any()


def test_passages_are_the_same_text_for_both():
    model = load(ZOO / "decoder-a")
    own, other = tokens(model, model)
    assert own.shape == (SEQUENCES, LENGTH)
    assert (own == other).all()
    names = {i: t for t, i in model.tokens.items()}
    assert "Ġthe" in {names[int(i)] for i in own[1]}


@pytest.mark.full
def test_forward_pass_equals_transformers():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    path = ZOO / "decoder-a"
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    seen = []
    for layer in model.model.layers:
        layer.mlp.register_forward_pre_hook(lambda _, x: seen.append(x[0].detach()))
    chosen = np.random.default_rng(0).integers(0, 512, (3, 40))
    model(torch.tensor(chosen))
    for mine, theirs in zip(feed_forward_inputs(load(path), chosen), seen, strict=True):
        np.testing.assert_allclose(mine, theirs.reshape(-1, 96).T.numpy(), atol=1e-4)


def test_sigma_curves_follow_the_spread_of_layers(value, parent, stranger):
    depth = {str(i): s for i, s in enumerate((1.0, 3.0, 2.0, 5.0))}

    def spread(arrays):
        return {
            n: a * depth[n.split(".")[2]] if "self_attn" in n else a
            for n, a in arrays.items()
        }

    # independent models of one recipe: the curve is the recipe's
    assert value("sigma-curves", spread(stranger), spread(parent)) > 0.99


def test_scipy_agrees_on_the_p_value_of_phi_u(value, parent, stranger):
    ps = []
    for layer in range(4):
        name = f"model.layers.{layer}.mlp.up_proj.weight"
        a, b = (m[name] / np.linalg.norm(m[name], axis=1, keepdims=True) for m in
                (stranger, parent))  # fmt: skip
        order = scipy.optimize.linear_sum_assignment(-(a @ b.T).astype(float))[1]
        test = scipy.stats.spearmanr(order, range(96), alternative="greater")
        ps.append(test.pvalue)
    fisher = scipy.stats.combine_pvalues(ps).pvalue
    assert value("phi-u", stranger, parent) == pytest.approx(-np.log10(fisher))
