# SPDX-License-Identifier: Apache-2.0
"""Whole audits of disguised models: what is found, what is read, what is said."""

import numpy as np
import pytest
from zoo.transforms import registry
from zoo.transforms.weights import Weights, in_memory

from parentage.artifact.checkpoint import open_checkpoint
from parentage.evidence.alignment.align import align
from parentage.evidence.alignment.controls import controls
from parentage.evidence.alignment.evidence import unit_evidence
from parentage.evidence.alignment.telltales import telltales
from parentage.model.resolve import describe
from parentage.run.alignment import judge_undone
from parentage.run.alignment_reader import read_stream
from parentage.run.audit import audit, gather
from parentage.run.sampler import Reader
from parentage.testing.synthetic import Shape, random_tensors
from parentage.verdict.finding import Criteria

SHAPE = Shape(
    hidden_size=64, intermediate_size=128, num_hidden_layers=4, vocab_size=192
)
BUDGET = 10**8


def model(seed):
    rng = np.random.default_rng(seed)
    tensors = {
        # Gains as training leaves them, so that folding has something to fold.
        name: a * rng.uniform(0.5, 1.5, a.shape).astype(np.float32)
        if a.ndim == 1
        else a
        for name, a in random_tensors(SHAPE, seed)
    }
    return Weights(tensors, SHAPE.config())


@pytest.fixture(scope="module")
def reference():
    return model(1)


@pytest.fixture(scope="module")
def near(reference):
    """Elements of the reference, each moved by a fifth of its size."""
    rng = np.random.default_rng(2)
    return reference.map(
        lambda _, a: (
            a
            + np.float32(0.2 * a.std()) * rng.standard_normal(a.shape, dtype=np.float32)
        )
    )


def judged(candidate, reference, *, undo=BUDGET, budget=BUDGET):
    own, other = in_memory(candidate, "c").opened(), in_memory(reference, "r").opened()
    evidence, _ = gather(own, [other], budget=budget, seed=0)
    findings = judge_undone(own, [other], evidence, Criteria(), budget=undo)
    items = {e.module: e for e in evidence}
    return {f.module: f for f in findings}, items, (own, other)


def of_method(item, method):
    return [e for e in item.evidence if e.method == method]


DISGUISES = [
    "permute-residual",
    "rotate-residual",
    "permute-neurons",
    "permute-heads",
    "all-disguises",
    "every-symmetry",
]


@pytest.mark.parametrize("name", DISGUISES)
def test_every_disguise_is_seen_through(reference, near, name):
    hidden = registry.ONE[name](near, seed=3)
    findings, items, _ = judged(hidden, reference)
    word = findings["text_decoder"].word
    # Rotary pairs are too few here (16 sets a layer is 4 x 2 x 4 coins) to accuse.
    either = {"correspondence", "reused"}
    assert word in ({"correspondence"} if name == "every-symmetry" else either)
    units = {
        e.subject.block: e for e in of_method(items["text_decoder"], "aligned-units")
    }
    for e in units.values():
        assert [(r["layer"], r["reference layer"]) for r in e.details["layers"]] == [
            (n, n) for n in range(4)
        ]
        assert e.effect > 0.8
        assert e.log10_p == pytest.approx(
            -np.log10(1 + e.details["controls"]), abs=1e-6
        )
    if name not in {"permute-neurons", "permute-heads"}:
        for module in ("embedding", "head"):
            assert findings[module].word == "correspondence"
            assert "not proven" in findings[module].reason


def test_without_the_tier_they_escape(reference, near):
    hidden = registry.ONE["every-symmetry"](near, seed=3)
    findings, items, _ = judged(hidden, reference, undo=0)
    assert {f.word for f in findings.values()} == {"no-dependence-found"}
    assert not of_method(items["text_decoder"], "aligned-units")


def test_permuted_copies_are_proven_by_coins(reference, near):
    hidden = registry.ONE["permute-residual"](near, seed=4)
    decoder = judged(hidden, reference)[0]["text_decoder"]
    assert decoder.word == "reused"
    assert decoder.log10_p_adjusted < -100
    assert {p.block: len(p.layers) for p in decoder.parts} == {"mlp": 4, "attention": 4}
    assert "relabelling was undone" in decoder.reason
    assert decoder.whole


def test_replaced_embedding_and_rotated_stream(reference):
    """Nothing is comparable dim by dim: only signatures that no rotation changes."""
    fresh = registry.ONE["replace-vocabulary"](reference, tokens=150, seed=5)
    hidden = registry.ONE["every-symmetry"](fresh, seed=6)
    findings, items, _ = judged(hidden, reference)
    (first, *_) = of_method(items["text_decoder"], "aligned-units")
    assert first.details["basis"] == "rotation, without tokens"
    assert findings["text_decoder"].word == "correspondence"
    assert findings["embedding"].word == "no-dependence-found"


def test_layers_that_were_moved_are_mapped(reference, near):
    cut = registry.ONE["prune-layers"](near, keep=[0, 2, 3])
    hidden = registry.ONE["every-symmetry"](cut, seed=7)
    items = judged(hidden, reference)[1]
    for e in of_method(items["text_decoder"], "aligned-units"):
        assert [r["reference layer"] for r in e.details["layers"]] == [0, 2, 3]


def test_shuffled_experts_go_by_their_own_name(reference, near):
    """An MLP that became experts, the neurons of each in an order of its own."""
    hidden = registry.ONE["upcycle"](near, experts=3, seed=8, shuffle=True)
    findings, items, _ = judged(hidden, reference)
    decoder = findings["text_decoder"]
    blocks = {p.block: len(p.layers) for p in decoder.parts}
    assert blocks["attention"] == blocks["experts"] == 4
    assert "mlp" not in blocks
    units = of_method(items["text_decoder"], "aligned-units")
    assert {e.subject.block for e in units} == {"attention", "experts"}
    experts = next(e for e in units if e.subject.block == "experts")
    assert [r["expert"] for r in experts.details["layers"]] == [0, 1, 2] * 4


@pytest.mark.parametrize("seed", range(6))
def test_strangers_stay_strangers(reference, seed):
    stranger = model(50 + seed)
    hidden = registry.ONE["every-symmetry"](stranger, seed=seed)
    findings, items, _ = judged(hidden, reference)
    assert {f.word for f in findings.values()} == {"no-dependence-found"}
    assert of_method(items["text_decoder"], "aligned-coins")


def test_planned_tests_are_counted_whether_they_run_or_not(reference, near):
    plain, hidden = judged(near, reference), judged(model(60), reference)
    ran = of_method(hidden[1]["text_decoder"], "aligned-coins")
    assert not of_method(plain[1]["text_decoder"], "aligned-coins")
    assert plain[1]["text_decoder"].planned == hidden[1]["text_decoder"].planned
    assert len(ran) == hidden[1]["text_decoder"].planned == 3 * (1 + 4)


def test_telltales_are_notes(reference, near):
    for name, said in (
        ("fold-gains", "gains are exactly one"),
        ("rescale-neurons", "wilder ratios"),
        ("flip-neurons", "signs were drawn anew"),
    ):
        settings = {} if name == "fold-gains" else {"seed": 8}
        hidden = registry.ONE[name](near, **settings)
        hidden = registry.ONE["permute-residual"](hidden, seed=9)
        items = judged(hidden, reference)[1]
        (tells,) = of_method(items["text_decoder"], "disguise-telltales")
        assert said in tells.reason
        assert tells.grade == "descriptive"
        assert tells.log10_p is None
    items = judged(model(61), reference)[1]
    (tells,) = of_method(items["text_decoder"], "disguise-telltales")
    assert tells.reason is None


def stream_of(weights, budget, seed=0):
    opened = in_memory(weights).opened()
    before = opened.checkpoint.bytes_read
    module = opened.model.module("text_decoder")
    found = read_stream(
        opened.model, module, Reader(opened.checkpoint), budget=budget, seed=seed
    )
    return found, opened.checkpoint.bytes_read - before


@pytest.mark.parametrize("budget", [20_000, 60_000, 200_000, 600_000, 10**7])
def test_reads_keep_to_the_budget(reference, budget):
    found, read = stream_of(reference, budget)
    gains = 4 * 9 * SHAPE.hidden_size  # norm vectors are read whole
    assert read <= budget + gains
    assert found.neurons
    assert found.whole is (budget >= 600_000)


def test_partly_read_models_are_still_found(reference, near):
    hidden = registry.ONE["rotate-residual"](near, seed=10)
    findings, items, _ = judged(hidden, reference, undo=150_000)
    (units,) = of_method(items["text_decoder"], "aligned-units")
    assert units.details["all units read"] is False
    assert findings["text_decoder"].word in {"correspondence", "reused"}


def test_audit_says_what_was_read_and_keeps_to_both_budgets(save, parent, stranger):
    reference = save("r", parent)
    with_tier = audit(save("c", stranger), [reference], budget=120_000)
    without = audit(save("d", stranger), [reference], budget=120_000, undo_budget=0)
    assert with_tier.candidate.bytes_read > without.candidate.bytes_read
    gains = 9 * 4 * 64
    assert with_tier.candidate.bytes_read <= 240_000 + gains
    again = audit(save("e", stranger), [reference], budget=120_000)
    assert numbers(again) == numbers(with_tier)


def numbers(report):
    return [
        (m.name, e.method, e.value, e.log10_p, e.effect)
        for m in report.modules
        for e in m.evidence
    ]


@pytest.mark.parametrize("where", ["layers.1", "embed_tokens", "norm", ""])
@pytest.mark.parametrize("bad", [np.nan, 0.0, 3e38])
def test_hostile_values_end_in_a_stream_that_aligns(reference, where, bad):
    hostile = model(70).map(
        lambda name, a: np.full_like(a, bad) if where in name else a
    )
    own, _ = stream_of(hostile, BUDGET)
    other, _ = stream_of(reference, BUDGET)
    for pair in ((own, other), (other, own), (own, own)):
        found = align(*pair)
        for e in unit_evidence("m", found, "gated", 4, controls()) if found else ():
            assert np.isfinite(e.value)
        telltales(own)


def test_one_neuron_and_one_head_are_too_few_to_say(save):
    tiny = Shape(
        hidden_size=4,
        intermediate_size=1,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        vocab_size=3,
    )
    own, other = (Weights(dict(random_tensors(tiny, s)), tiny.config()) for s in (1, 2))
    words = {f.word for f in judged(own, other)[0].values()}
    assert words <= {"no-dependence-found", "not-testable"}


def test_a_stored_model_gives_the_same_stream(save, reference):
    folder = save("m", dict(reference.tensors), SHAPE.config())
    with open_checkpoint(folder) as checkpoint:
        described = describe("m", checkpoint.entries, checkpoint.config)
        module = described.module("text_decoder")
        stored = read_stream(
            described, module, Reader(checkpoint), budget=BUDGET, seed=0
        )
    memory, _ = stream_of(reference, BUDGET)
    np.testing.assert_array_equal(stored.tokens, memory.tokens)
    for a, b in zip(stored.neurons, memory.neurons, strict=True):
        np.testing.assert_array_equal(a.match, b.match)
