# SPDX-License-Identifier: Apache-2.0
"""What aligned units may say: exact coins accuse, scores never do."""

import math

import pytest

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.module import ModuleEvidence
from parentage.verdict.finding import Criteria
from parentage.verdict.judge import family_size, judge


def coins(log10_p, effect, layer=None, block="mlp"):
    return Evidence(
        "aligned-coins",
        "exact",
        Subject("text_decoder", block, layer, layer),
        "heads",
        90,
        100,
        log10_p=log10_p,
        effect=effect,
    )


def units(log10_p, effect, method="aligned-units"):
    return Evidence(
        method,
        "calibrated",
        Subject("text_decoder", "mlp"),
        "effect",
        effect,
        6,
        log10_p=log10_p,
        effect=effect,
    )


def one(*evidence, planned=12):
    item = ModuleEvidence(
        "text_decoder", "text_decoder", "R", list(evidence), planned=planned
    )
    return judge([item], Criteria())[0]


def test_coins_accuse_with_their_layers():
    found = one(coins(-40.0, 0.9), coins(-30.0, 0.9, 2), coins(-30.0, 0.9, 3))
    assert found.word == "reused"
    assert [p.layers for p in found.parts] == [((2, 2), (3, 3))]
    assert "relabelling was undone" in found.reason
    assert found.effect == pytest.approx(0.9)


def test_pooled_coins_accuse_without_a_layer():
    found = one(coins(-12.0, 0.9, block="attention"))
    assert found.word == "reused"
    assert found.parts == ()


def test_coins_need_the_effect_of_an_aligned_copy():
    assert one(coins(-40.0, 0.3)).word == "correspondence"


def test_coins_pay_for_what_was_planned():
    exact = -6.0 - math.log10(12)
    assert one(coins(exact - 0.01, 0.9)).word == "reused"
    assert one(coins(exact + 0.01, 0.9)).word == "correspondence"


@pytest.mark.parametrize("method", ["aligned-units", "aligned-tokens"])
def test_scores_never_accuse_however_large(method):
    found = one(units(-300.0, 1.0, method))
    assert found.word == "correspondence"
    assert "not proven" in found.reason
    assert found.effect == 1.0
    assert not found.log10_p


@pytest.mark.parametrize(
    ("log10_p", "effect"), [(-3.0, 0.49), (-1.4, 0.9), (None, 0.9), (-3.0, None)]
)
def test_scores_need_rank_and_effect(log10_p, effect):
    found = one(units(log10_p, effect), coins(-0.3, 0.1))
    assert found.word in {"not-testable", "no-dependence-found"}


def test_scores_are_no_tests_of_the_family():
    item = ModuleEvidence("m", "m", "R", [units(-3.0, 0.9)], planned=5)
    assert family_size([item]) == 5
    item.evidence += [coins(-1.0, 0.1)] * 7
    assert family_size([item]) == 7
