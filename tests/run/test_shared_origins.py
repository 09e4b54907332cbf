# SPDX-License-Identifier: Apache-2.0
"""Copies inside one model, pruned widths, and tensors that were trained together."""

import numpy as np
import pytest

from parentage.run.audit import audit
from parentage.testing.synthetic import Shape, random_model

WIDE = Shape(hidden_size=64, intermediate_size=128, num_hidden_layers=4)


def words(report):
    return {m.name: m.finding for m in report.modules}


def evidence(report, module, method):
    found = next(m for m in report.modules if m.name == module)
    return [e for e in found.evidence if e.method == method]


def scaled(model, order):
    """A depth-scaled model: layers of the original, some of them twice."""
    out = {n: a for n, a in model.items() if ".layers." not in n}
    for new, old in enumerate(order):
        for name, array in model.items():
            if f".layers.{old}." in name:
                out[name.replace(f".{old}.", f".{new}.")] = array
    return out


def test_two_depth_scaled_strangers_have_as_many_coins_as_origins(
    save, parent, stranger
):
    """Layers that began as copies flip together: counting them twice would be false."""
    order = [0, 1, 2, 3] * 3
    config = {**WIDE.config(), "num_hidden_layers": 12}
    report = audit(
        save("c", scaled(stranger, order), config),
        [save("r", scaled(parent, order), config)],
    )
    plain = audit(save("p", stranger), [save("q", parent)])
    for method in ("sign-coins", "swap-coins"):
        (many,) = evidence(report, "text_decoder", method)
        (few,) = evidence(plain, "text_decoder", method)
        assert many.n == few.n
    assert set(words(report).values()) == {"no-dependence-found"}


def test_copied_experts_have_one_coin_a_neuron(save, shape):
    """Upcycled experts: every expert begins as the same MLP."""

    def upcycled(seed):
        model = random_model(shape, seed, "F32")
        out = {}
        for name, array in model.items():
            if ".mlp." not in name:
                out[name] = array
                continue
            for e in range(4):
                role = name.rsplit(".mlp.", 1)[1]
                stem = name.split(".mlp.")[0]
                out[f"{stem}.mlp.experts.{e}.{role}"] = array
        rng = np.random.default_rng(seed)
        for layer in range(shape.num_hidden_layers):
            gate = rng.standard_normal((4, shape.hidden_size)).astype(np.float32)
            out[f"model.layers.{layer}.mlp.gate.weight"] = gate
        return out

    config = {
        **shape.config(),
        "model_type": "qwen3_moe",
        "num_experts": 4,
        "moe_intermediate_size": shape.intermediate_size,
    }
    report = audit(save("c", upcycled(1), config), [save("r", upcycled(2), config)])
    (coins,) = evidence(report, "text_decoder", "sign-coins")
    neurons = shape.num_hidden_layers * shape.intermediate_size
    assert coins.details["units"]["experts: GLU neuron"][1] == neurons
    assert set(words(report).values()) == {"no-dependence-found"}


@pytest.mark.parametrize("sort", [False, True], ids=["in order", "re-sorted"])
def test_pruned_neurons_are_found_in_any_order(save, parent, sort):
    rng = np.random.default_rng(0)
    kept = rng.choice(128, 80, replace=False)
    kept = kept if sort else np.sort(kept)
    narrow = {}
    for name, array in parent.items():
        if "gate_proj" in name or "up_proj" in name:
            narrow[name] = array[kept]
        elif "down_proj" in name:
            narrow[name] = array[:, kept]
        else:
            narrow[name] = array
    config = {**WIDE.config(), "intermediate_size": 80, "vocab_size": 192}
    report = audit(save("c", narrow, config), [save("r", parent)])
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    blocks = {p.block: len(p.layers) for p in decoder.outcomes[0].parts}
    assert blocks["mlp"] == 4
    tests = evidence(report, "text_decoder", "order-test")
    assert len(tests) == 4
    assert all((e.log10_p < -50) is not sort for e in tests)


NARROW = {**WIDE.config(), "hidden_size": 48, "head_dim": 16}


def narrowed(model, kept):
    """Only some residual dims of a model."""
    narrow = {}
    for name, array in model.items():
        axis = 0 if array.ndim == 1 or "o_proj" in name or "down" in name else 1
        narrow[name] = np.take(array, kept, axis=axis)
    return narrow


def some_dims(seed):
    return np.sort(np.random.default_rng(seed).choice(64, 48, replace=False))


def test_pruned_residual_width_is_found_through_the_embedding(save, parent):
    narrow = narrowed(parent, some_dims(0))
    report = audit(save("c", narrow, NARROW), [save("r", parent)])
    assert words(report)["embedding"] == "reused"
    assert words(report)["head"] == "reused"
    (test,) = evidence(report, "embedding", "order-test")
    assert test.value == 48
    assert report.candidate.bytes_read < 10**6


def test_matched_dims_lead_to_the_decoder(save, parent):
    """The embedding says which dims are which; the hidden units then agree in full."""
    narrow = narrowed(parent, some_dims(0))
    report = audit(save("c", narrow, NARROW), [save("r", parent)])
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    assert decoder.finding == "reused"
    parts = {p.block: p for p in decoder.outcomes[0].parts}
    assert {b: len(parts[b].layers) for b in ("attention", "mlp")} == {
        "attention": 4,
        "mlp": 4,
    }
    assert parts["mlp"].effect > 0.999
    # The relabelling of the dims went into the matching: no test may use it again.
    (norms,) = evidence(report, "text_decoder", "pooled-residual")
    assert norms.log10_p is None
    assert "order test" in norms.reason


@pytest.mark.parametrize("budget", [60_000, 200_000])
def test_matched_dims_keep_the_budget(save, parent, budget):
    narrow = narrowed(parent, some_dims(0))
    report = audit(save("c", narrow, NARROW), [save("r", parent)], budget=budget)
    for model in (report.candidate, *report.references):
        assert model.bytes_read <= budget


def test_matched_dims_accuse_no_strange_decoder(save, parent, shape):
    """An embedding cut from the reference, layers of one's own: coins stay fair."""
    heads = trials = 0
    for seed in range(6):
        own = random_model(WIDE, 100 + seed, "F32")
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            own[name] = parent[name]
        narrow = narrowed(own, some_dims(seed))
        report = audit(save(f"c{seed}", narrow, NARROW), [save(f"r{seed}", parent)])
        found = words(report)
        assert found["embedding"] == "reused"
        assert found["text_decoder"] == "no-dependence-found"
        (coins,) = evidence(report, "text_decoder", "sign-coins")
        heads, trials = heads + coins.value, trials + coins.n
    assert trials > 3000
    assert abs(heads - trials / 2) < 4 * np.sqrt(trials) / 2


def test_strangers_of_other_width_give_no_rising_matches(save, parent):
    other = Shape(hidden_size=48, intermediate_size=100, num_hidden_layers=4)
    report = audit(
        save("c", random_model(other, 9, "F32"), other.config()), [save("r", parent)]
    )
    tests = evidence(report, "embedding", "order-test")
    assert tests
    assert all(e.log10_p > -3 for e in tests)
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    assert decoder.finding == "no-dependence-found"
    assert "shapes differ" in decoder.sentence
