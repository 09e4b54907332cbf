# SPDX-License-Identifier: Apache-2.0
"""Whole audits on synthetic models: what is found, where, and in which layout."""

import re

import ml_dtypes
import numpy as np
import pytest

from parentage.run.audit import audit
from parentage.testing.synthetic import Shape, descendant, random_model

CLEAR = "no-dependence-found"


def words(report):
    return {m.name: m.finding for m in report.modules}


def parts(report, module):
    outcome = next(m for m in report.modules if m.name == module).outcomes[0]
    return {p.block: [own for own, _ in p.layers] for p in outcome.parts}


def numbers(report):
    """All numbers of all tests, without names, paths and times."""
    return {
        (m.name, e.method): (e.value, e.n, e.log10_p, e.effect)
        for m in report.modules
        for e in m.evidence
    }


def mixed(own, other, pattern):
    """``own`` with the tensors whose names match taken from ``other``."""
    return {n: other[n] if re.search(pattern, n) else a for n, a in own.items()}


def test_independent_models_are_cleared_with_power(save, parent, stranger):
    report = audit(save("c", stranger), [save("r", parent)])
    assert set(words(report).values()) == {CLEAR}
    assert report.finding == CLEAR
    for module in report.modules:
        assert module.power.correlation is not None
        assert "would have been found" in module.sentence
    (norms,) = report.norm_cosines
    assert norms.cosine > 0.99
    assert norms.shuffled == pytest.approx(norms.cosine, abs=0.01)
    assert abs(norms.pearson) < 0.1


def test_a_copy_is_identical_and_a_descendant_reused(save, parent):
    reference = save("r", parent)
    assert set(words(audit(save("c", parent), [reference])).values()) == {"identical"}
    child = audit(save("d", descendant(parent, 0.3, 5)), [reference])
    assert set(words(child).values()) == {"reused"}
    decoder = next(m for m in child.modules if m.name == "text_decoder")
    assert decoder.effect == pytest.approx(0.3, abs=0.02)
    assert decoder.log10_p_adjusted < -100


@pytest.mark.parametrize(
    ("pattern", "module", "blocks", "layers"),
    [
        (r"self_attn", "text_decoder", {"attention"}, [0, 1, 2, 3]),
        (r"\.mlp\.", "text_decoder", {"mlp"}, [0, 1, 2, 3]),
        (r"layers\.2\.(self|mlp)", "text_decoder", {"attention", "mlp"}, [2]),
        (r"embed_tokens", "embedding", {"embedding"}, []),
        (r"lm_head", "head", {"head"}, []),
        (r"norm\.weight", "text_decoder", {"norms"}, []),
    ],
)
def test_partial_theft_is_named(
    save, parent, stranger, pattern, module, blocks, layers
):
    suspect = mixed(stranger, parent, pattern)
    report = audit(save("c", suspect), [save("r", parent)])
    found = words(report)
    assert found.pop(module) in {"reused", "identical"}
    assert set(found.values()) == {CLEAR}
    where = parts(report, module)
    assert set(where) == blocks
    assert all(own == layers for own in where.values())
    result = next(m for m in report.modules if m.name == module)
    assert result.share == result.share_numerator / result.share_denominator
    assert result.share_numerator == result.parameters


@pytest.mark.parametrize(
    "order", [[0, 1, 3], [0, 1, 1, 2, 2, 3], [3, 2, 1, 0]], ids=str
)
def test_removed_repeated_and_reordered_layers_are_mapped(save, parent, shape, order):
    suspect = {n: a for n, a in parent.items() if ".layers." not in n}
    for new, old in enumerate(order):
        for name, array in parent.items():
            if f".layers.{old}." in name:
                suspect[name.replace(f".{old}.", f".{new}.")] = array
    config = {**shape.config(), "num_hidden_layers": len(order)}
    report = audit(save("c", suspect, config), [save("r", parent)])
    outcome = next(m for m in report.modules if m.name == "text_decoder").outcomes[0]
    assert outcome.finding in {"reused", "identical"}
    for part in outcome.parts:
        if part.block in {"attention", "mlp"}:
            assert [there for _, there in part.layers] == order
            assert part.identical


class TestInvariance:
    """The same weights give the same evidence, however they are stored."""

    @pytest.fixture
    def plain(self, save, parent):
        self.reference = save("r", parent)
        self.child = descendant(parent, 0.2, 9)
        return audit(save("c", self.child), [self.reference])

    def again(self, save, tensors, config=None, **options):
        return audit(save("other", tensors, config, **options), [self.reference])

    def test_shards_and_order(self, save, plain):
        backwards = dict(reversed(self.child.items()))
        assert numbers(self.again(save, backwards, shards=3)) == numbers(plain)

    def test_prefix(self, save, plain):
        bare = {n.removeprefix("model."): a for n, a in self.child.items()}
        assert numbers(self.again(save, bare)) == numbers(plain)

    def test_fused(self, save, plain, shape):
        fused = {}
        for name, array in self.child.items():
            if "q_proj" in name:
                names = [name.replace("q_proj", f"{x}_proj") for x in "qkv"]
                fused[name.replace("q_proj", "qkv_proj")] = np.concatenate(
                    [self.child[n] for n in names]
                )
            elif "gate_proj" in name:
                up = self.child[name.replace("gate_proj", "up_proj")]
                fused[name.replace("gate_proj", "gate_up_proj")] = np.concatenate(
                    [array, up]
                )
            elif not re.search(r"[kv]_proj|up_proj", name):
                fused[name] = array
        config = {**shape.config(), "model_type": "phi3"}
        assert numbers(self.again(save, fused, config)) == numbers(plain)

    def test_transposed(self, save, plain):
        turned = {
            n: np.ascontiguousarray(a.T) if "_proj" in n else a
            for n, a in self.child.items()
        }
        assert numbers(self.again(save, turned)) == numbers(plain)

    @pytest.mark.parametrize("kind", [ml_dtypes.bfloat16, np.float16, np.float64])
    def test_casts(self, save, plain, kind):
        cast = {n: a.astype(kind) for n, a in self.child.items()}
        report = self.again(save, cast)
        assert words(report) == words(plain)
        assert report.modules[1].effect == pytest.approx(
            plain.modules[1].effect, abs=0.01
        )

    @pytest.mark.parametrize("kind", [ml_dtypes.bfloat16, np.float16])
    def test_a_cast_copy_is_identical(self, save, parent, kind):
        cast = {n: a.astype(kind) for n, a in parent.items()}
        report = audit(save("c", cast), [save("r", parent)])
        assert set(words(report).values()) == {"identical"}

    def test_unknown_model_type_and_no_tokenizer(self, save, plain, shape):
        config = {**shape.config(), "model_type": "never-heard-of", "architectures": []}
        assert numbers(self.again(save, self.child, config)) == numbers(plain)

    def test_no_config_at_all(self, save, plain):
        report = self.again(save, self.child, {})
        assert words(report) == words(plain)


def test_new_names_are_matched_by_content(save, parent):
    child = descendant(parent, 0.3, 4)
    plain = audit(save("c", child), [save("r", parent)])
    rng = np.random.default_rng(0)
    order = rng.permutation(len(child))
    renamed = {f"t{i:03d}": list(child.values())[k] for i, k in enumerate(order)}
    report = audit(save("n", renamed), [save("r2", parent)])
    assert words(report) == words(plain)
    assert numbers(report) == numbers(plain)


def test_new_names_of_a_stranger_accuse_nobody(save, parent, stranger):
    renamed = {f"t{i:03d}": a for i, a in enumerate(stranger.values())}
    report = audit(save("n", renamed), [save("r", parent)])
    assert not {"identical", "reused"} & set(words(report).values())


def test_larger_vocabulary_and_width_compare_the_common_range(save, parent, shape):
    wide = Shape(
        hidden_size=64, intermediate_size=160, num_hidden_layers=4, vocab_size=256
    )
    grown = random_model(wide, 7, "F32")
    for name, array in parent.items():
        grown[name][tuple(slice(0, n) for n in array.shape)] = array
    report = audit(save("c", grown, wide.config()), [save("r", parent)])
    assert set(words(report).values()) == {"reused"}
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    assert "up_proj" in decoder.outcomes[0].truncated


def test_other_width_is_not_called_independence_without_a_test(save, parent):
    other = Shape(hidden_size=96, intermediate_size=100, num_hidden_layers=2)
    report = audit(
        save("c", random_model(other, 3), other.config()), [save("r", parent)]
    )
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    assert decoder.finding == CLEAR
    assert decoder.outcomes[0].truncated
    assert decoder.power.correlation is not None


def test_budget_is_kept_and_plans_do_not_depend_on_values(save, parent, stranger):
    reference = save("r", parent)
    child = save("c", descendant(parent, 0.5, 3))
    small = audit(child, [reference], budget=120_000, descent_budget=0)
    assert small.candidate.bytes_read <= 120_000
    assert small.references[0].bytes_read <= 120_000
    assert words(small)["text_decoder"] == "reused"
    other = audit(save("s", stranger), [reference], budget=120_000, undo_budget=0)
    assert other.candidate.bytes_read == small.candidate.bytes_read
    more = audit(child, [reference], budget=120_000, descent_budget=50_000)
    assert 120_000 < more.candidate.bytes_read <= 170_000


def test_several_references_and_the_right_one_is_named(save, parent, stranger):
    child = save("c", descendant(parent, 0.4, 3))
    report = audit(child, [save("x", stranger), save("r", parent)])
    for module in report.modules:
        assert module.finding == "reused"
        assert module.reference == "r"
        assert [o.finding for o in module.outcomes] == [CLEAR, "reused"]


def test_non_finite_values_are_reported_and_do_not_spread(save, parent):
    broken = {n: a.copy() for n, a in parent.items()}
    broken["model.layers.1.mlp.up_proj.weight"][3, :5] = np.nan
    broken["model.layers.1.mlp.up_proj.weight"][4, 5] = np.inf
    report = audit(save("c", broken), [save("r", parent)])
    (problem,) = [p for p in report.candidate.problems if p.code == "non-finite"]
    assert problem.tensor == "model.layers.1.mlp.up_proj.weight"
    assert "6 of" in problem.message
    assert words(report)["text_decoder"] == "reused"


def test_constant_tensors_prove_nothing(save, parent, stranger):
    """Untrained norms and zero biases are equal in every model."""
    left, right = (
        {n: np.ones_like(a) if a.ndim == 1 else a for n, a in t.items()}
        for t in (stranger, parent)
    )
    report = audit(save("c", left), [save("r", right)])
    assert set(words(report).values()) == {CLEAR}


def test_same_seed_same_report(save, parent, stranger):
    one = audit(save("c", stranger), [save("r", parent)], seed=4, budget=100_000)
    two = audit(save("c", stranger), [save("r", parent)], seed=4, budget=100_000)
    three = audit(save("c", stranger), [save("r", parent)], seed=5, budget=100_000)
    assert numbers(one) == numbers(two)
    assert one.candidate.digest == two.candidate.digest
    assert numbers(one) != numbers(three)


class TestTensorsOfUnknownRole:
    """No symmetry is known, so nothing is exact: agreement is said, never proven."""

    def layers(self, seed):
        rng = np.random.default_rng(seed)
        return {
            "alpha": rng.standard_normal((30, 42)).astype(np.float32),
            "beta": rng.standard_normal((7, 30)).astype(np.float32),
        }

    def test_a_copy_corresponds_and_is_not_called_untestable(self, save):
        own = self.layers(1)
        moved = {"gamma": own["beta"], "delta": own["alpha"] + np.float32(0.1)}
        report = audit(save("c", moved, {}), [save("r", own, {})])
        (module,) = report.modules
        assert module.finding == "correspondence"
        assert "no exact test" in module.reason
        assert report.finding == "correspondence"

    def test_strangers_are_not_testable_and_the_search_is_shown(self, save):
        report = audit(save("c", self.layers(2), {}), [save("r", self.layers(1), {})])
        (module,) = report.modules
        assert module.finding == "not-testable"
        (search,) = module.evidence
        assert search.method == "content-search"
        assert search.value == 0
        assert search.grade == "descriptive"

    def test_faint_likeness_is_no_close_match(self, save):
        """Chance gives 0.1 or so among many small tensors: far from a match."""
        own, other = self.layers(3), self.layers(4)
        mixed = {n: a + np.float32(0.3) * own[n] for n, a in other.items()}
        report = audit(save("c", mixed, {}), [save("r", own, {})])
        (search,) = report.modules[0].evidence
        assert 0.2 < search.effect < 0.4
        assert search.value == 0
        assert report.modules[0].finding == "not-testable"

    def test_tensors_that_begin_alike_in_every_model_are_no_match(self, save):
        """State-space layers start from log(1..n) in every row, whoever trains them."""
        start = np.log(np.arange(1, 17, dtype=np.float32))

        def model(seed):
            rng = np.random.default_rng(seed)
            trained = 0.01 * rng.standard_normal((64, 16)).astype(np.float32)
            return {"A_log": start + trained, "A_log_2": np.tile(start, (64, 1))}

        report = audit(save("c", model(1), {}), [save("r", model(2), {})])
        assert report.modules[0].finding == "not-testable"
