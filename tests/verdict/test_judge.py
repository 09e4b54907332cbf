# SPDX-License-Identifier: Apache-2.0
"""The judge accuses on exact evidence and effect together, and on nothing else."""

import dataclasses

import numpy as np
import pytest

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.layer_map import LayerMap
from parentage.evidence.module import ModuleEvidence
from parentage.verdict.finding import Criteria, Finding
from parentage.verdict.judge import family_size, judge, overall, strongest


def layer_map(heads, trials, correlation, block="mlp"):
    heads, trials = np.atleast_2d(heads), np.atleast_2d(trials)
    n = heads.shape[0]
    return LayerMap(
        "text_decoder",
        block,
        block,
        tuple(range(n)),
        tuple(range(heads.shape[1])),
        heads,
        trials,
        np.full(heads.shape, correlation, dtype=float),
        np.ones(heads.shape),
        (("GLU neuron", "sign", int(trials.max()), 50.0),),
        tuple((i, i) for i in range(min(heads.shape))),
        min(heads.shape),
    )


def item(maps=(), evidence=(), module="text_decoder", **more):
    return ModuleEvidence(module, module, "R", list(evidence), list(maps), **more)


def residual(log10_p, effect, module="embedding", n=500):
    return Evidence(
        "embedding-columns",
        "exact",
        Subject(module, "embedding"),
        "heads",
        n,
        n,
        log10_p=log10_p,
        effect=effect,
        residual_group=True,
        details={"effective features": 50.0},
    )


def one(evidence):
    return judge([evidence], Criteria())[0]


def test_all_heads_with_effect_is_reuse_of_those_layers():
    heads = np.array([[300, 150], [150, 160]])
    found = one(item([layer_map(heads, np.full((2, 2), 300), 0.4)]))
    assert found.word == "reused"
    assert [p.layers for p in found.parts] == [((0, 0),)]
    assert not found.whole


def test_a_rejection_below_the_effect_floor_is_only_a_correspondence():
    found = one(item([layer_map([[300]], [[300]], 0.01)]))
    assert found.word == "correspondence"
    assert "below the floor" in found.reason


def test_rarer_than_chance_but_not_enough_is_a_correspondence():
    found = one(item([layer_map([[190]], [[300]], 0.1)]))
    # p = 2e-6 uncorrected, one test in the family: not in maps' cells alone
    assert found.word in {"correspondence", "no-dependence-found"}
    pooled = Evidence(
        "sign-coins",
        "exact",
        Subject("text_decoder"),
        "heads",
        190,
        300,
        log10_p=-5.0,
        effect=0.1,
    )
    found = one(item([layer_map([[150]], [[300]], 0.0)], [pooled]))
    assert found.word == "correspondence"
    assert "1e-6" in found.reason


def test_chance_is_no_dependence_and_carries_power():
    found = one(item([layer_map([[152]], [[300]], 0.0)]))
    assert found.word == "no-dependence-found"
    assert 0 < found.power < 1


def test_too_few_units_are_not_testable():
    found = one(item([layer_map([[7]], [[10]], 1.0)]))
    assert found.word == "not-testable"
    assert "too few units" in found.reason


def test_nothing_compared_is_not_testable_with_the_reason():
    found = one(item(reason="R has no projector", module="projector"))
    assert found.word == "not-testable"
    assert found.reason == "R has no projector"


@pytest.mark.parametrize(("effect", "word"), [(0.1, "correspondence"), (0.5, "reused")])
def test_own_embedding_beside_reused_layers_needs_a_like_effect(effect, word):
    decoder = item([layer_map([[300]], [[300]], 0.9)])
    embedding = item([], [residual(-100, effect)], module="embedding")
    found = judge([decoder, embedding], Criteria())
    assert found[1].word == word


def test_an_embedding_alone_needs_only_the_floor():
    decoder = item([layer_map([[150]], [[300]], 0.0)])
    embedding = item([], [residual(-100, 0.1)], module="embedding")
    assert judge([decoder, embedding], Criteria())[1].word == "reused"


def test_the_family_counts_every_layer_pair_and_every_test():
    maps = [layer_map(np.full((3, 4), 5), np.full((3, 4), 10), 0.0)]
    assert family_size([item(maps, [residual(-1, 0)]), item()]) == 13


def test_more_tests_make_accusing_harder():
    weak = layer_map([[198]], [[300]], 0.3)
    assert one(item([weak])).word == "reused"
    crowd = [item([layer_map(np.full((90, 90), 150), np.full((90, 90), 300), 0.0)])]
    crowd *= 20
    assert judge([item([weak]), *crowd], Criteria())[0].word != "reused"


def test_a_search_for_names_is_paid_for():
    plain = item([layer_map([[198]], [[300]], 0.3)])
    searched = dataclasses.replace(plain, search=10.0, cell_search={"mlp": 10.0})
    assert one(plain).word == "reused"
    assert one(searched).word != "reused"


def test_the_strongest_finding_stands_for_the_module():
    none = Finding("m", "no-dependence-found", "A")
    untested = Finding("m", "not-testable", "B")
    reused = Finding("m", "reused", "C", effect=0.2)
    more = Finding("m", "reused", "D", effect=0.9)
    assert strongest([none, untested]).word == "no-dependence-found"
    assert strongest([none, reused, more, untested]).reference == "D"
    assert overall([none, untested]) == "no-dependence-found"
    assert overall([untested]) == "not-testable"
    assert overall([none, reused]) == "reused"


@pytest.mark.parametrize(("effect", "word"), [(0.3, "correspondence"), (0.8, "reused")])
def test_embedding_and_head_are_coupled_through_the_tokens(effect, word):
    """Own output matrix trained on a copied embedding, no layer reused."""
    copied = item([], [residual(-100, 0.9)], module="embedding")
    beside = item([], [residual(-100, effect, module="head")], module="head")
    found = judge([copied, beside], Criteria())
    assert [f.word for f in found] == ["reused", word]


def test_layers_found_behind_a_relabelling_protect_own_embeddings_too():
    """They pull own token rows into their basis like any other reused layers."""
    aligned = Evidence(
        "aligned-coins",
        "exact",
        Subject("text_decoder"),
        "heads",
        300,
        300,
        log10_p=-90.0,
        effect=0.9,
    )
    decoder = item(evidence=[aligned])
    embedding = item(evidence=[residual(-40.0, 0.1)], module="embedding")
    found = {f.module: f.word for f in judge([decoder, embedding], Criteria())}
    assert found["text_decoder"] == "reused"
    assert found["embedding"] == "correspondence"
    alone = judge([embedding], Criteria())[0]
    assert alone.word == "reused"
