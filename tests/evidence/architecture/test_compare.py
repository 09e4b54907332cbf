# SPDX-License-Identifier: Apache-2.0
"""Rarity, relations, classes of difference and derived sizes, in small worlds."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import ConfigError
from parentage.evidence.architecture import (
    Background,
    Known,
    compare,
    compare_architectures,
    find,
    load_background,
)
from parentage.evidence.architecture.words import (
    derivations,
    difference_class,
    finding,
    meaning,
)
from parentage.model.architecture import fields, read_architecture

TEXT = "text_decoder"


def known(owner: str, model: str = "m", **values: Any) -> Known:
    return Known(TEXT, owner, "f", model, f"{owner}/f", values)


def world(*entries: Known) -> Background:
    return Background(tuple(entries))


def makers(count: int, **values: Any) -> list[Known]:
    return [known(f"other{i}", **values) for i in range(count)]


def test_bits_are_the_smoothed_share_of_makers() -> None:
    some = makers(6, hidden_size=4096) + [
        known(f"rare{i}", hidden_size=1000 + i) for i in range(1)
    ]
    base = world(*some)
    assert base.bits(TEXT, "hidden_size", {"hidden_size": 4096}) == pytest.approx(
        -math.log2(7 / 8)
    )
    assert base.bits(TEXT, "hidden_size", {"hidden_size": 77}) == pytest.approx(3.0)


def test_ten_models_of_one_maker_count_as_one() -> None:
    many = [known("qwen", f"m{i}", hidden_size=4096) for i in range(10)]
    other = [known(f"o{i}", hidden_size=i + 1) for i in range(3)]
    value = {"hidden_size": 4096}
    assert world(*many, *other).bits(TEXT, "hidden_size", value) == world(
        many[0], *other
    ).bits(TEXT, "hidden_size", value)


def test_a_reused_design_counts_for_its_maker() -> None:
    one = known("deepseek", hidden_size=7168)
    copy = Known(TEXT, "kimi", "k2", "m", "deepseek/f", {"hidden_size": 7168})
    other = [known(f"o{i}", hidden_size=i + 1) for i in range(3)]
    value = {"hidden_size": 7168}
    alone = world(one, *other).bits(TEXT, "hidden_size", value)
    assert world(one, copy, *other).bits(TEXT, "hidden_size", value) == alone


def test_a_value_that_follows_from_its_parent_carries_nothing() -> None:
    """Whoever has 4096 dims has 32 heads here: the heads say nothing more."""
    base = world(
        *makers(8, hidden_size=4096, num_attention_heads=32),
        *[
            known(f"x{i}", hidden_size=100 + i, num_attention_heads=50 + i)
            for i in range(8)
        ],
    )
    values = {"hidden_size": 4096, "num_attention_heads": 32}
    given_parent = base.bits(TEXT, "num_attention_heads", values)
    by_itself = base.bits(TEXT, "num_attention_heads", values, alone=True)
    assert given_parent < 0.2 < by_itself


def test_a_parent_that_nobody_else_has_does_not_count_twice() -> None:
    base = world(
        *[
            known(f"x{i}", hidden_size=100 + i // 2, num_attention_heads=50 + i // 2)
            for i in range(16)
        ]
    )
    values = {"hidden_size": 7168, "num_attention_heads": 128}
    # Elsewhere equal widths went with equal heads, so a new pair is one choice.
    assert base.bits(TEXT, "hidden_size", values) > 4
    assert base.bits(TEXT, "num_attention_heads", values) < 0.3


def test_a_field_that_nobody_has_says_nothing_unless_leaving_it_out_does() -> None:
    base = world(*makers(7, hidden_size=1))
    assert base.bits(TEXT, "rope_theta", {"rope_theta": 3.0}) == 0
    assert base.bits(TEXT, "index_n_heads", {"index_n_heads": 64}) == pytest.approx(3)


def test_relations_and_bits() -> None:
    base = world(
        *[
            known(f"x{i}", hidden_size=1, num_hidden_layers=9 + i, rope_theta=1.0)
            for i in range(7)
        ]
    )
    one = known("a", hidden_size=8, num_hidden_layers=4, rope_theta=9.0)
    other = known("b", hidden_size=8, num_hidden_layers=5, norm_eps=1e-5)
    found = compare(one, other, base)
    assert found.names("equal") == ("hidden_size",)
    assert found.names("different") == ("num_hidden_layers",)
    assert found.names("only the candidate") == ("rope_theta",)
    assert found.names("only the reference") == ("norm_eps",)
    assert found.shared_bits == pytest.approx(3)
    assert found.different_bits > 0


def test_a_guess_makes_no_difference_and_no_agreement() -> None:
    base = world(*makers(7, num_mtp_layers=0, hidden_size=2))
    stated = known("a", num_mtp_layers=1, hidden_size=3)
    guessed = Known(
        TEXT,
        "b",
        "f",
        "m",
        "b/f",
        {"num_mtp_layers": 0},
        guessed=frozenset({"num_mtp_layers"}),
    )
    assert compare(stated, guessed, base).names("unclear") == ("num_mtp_layers",)
    assert compare(guessed, guessed, base).shared_bits == 0


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"num_hidden_layers": 5}, "quantitative"),
        ({"num_mtp_layers": 2}, "quantitative"),
        ({"num_mtp_layers": 0}, "module"),
        ({"norm_placement": "post"}, "module"),
        (
            {"mixer": "attention and state space", "num_hidden_layers": 5},
            "architecture",
        ),
        ({"vocab_size": 7}, "none"),
        ({}, "none"),
    ],
)
def test_the_class_of_difference(change: dict[str, Any], level: str) -> None:
    values: dict[str, Any] = {
        "hidden_size": 8,
        "num_hidden_layers": 4,
        "num_mtp_layers": 1,
        "norm_placement": "pre",
        "mixer": "attention",
        "vocab_size": 5,
    }
    base = world(*makers(6, hidden_size=1))
    found = compare(known("a", **values), known("b", **(values | change)), base)
    assert found.difference == level
    assert found.difference_text == difference_class(level)


def test_derived_sizes_are_named() -> None:
    base = world(*makers(6, hidden_size=1))
    values: dict[str, Any] = {
        "hidden_size": 8,
        "intermediate_size": 32,
        "num_attention_heads": 4,
        "num_hidden_layers": 4,
        "norm_placement": "pre",
        "num_routed_experts": 16,
    }

    def derived(**change: Any) -> Any:
        one, other = known("a", **values), known("b", **(values | change))
        return compare(other, one, base).derived_size

    assert [s.en for s in derived(num_hidden_layers=8).steps] == ["depth"]
    assert [s.en for s in derived(num_routed_experts=32).steps] == ["number of experts"]
    wider = derived(hidden_size=16, intermediate_size=64, num_attention_heads=8)
    assert (wider.complete, wider.scale) == (True, 2.0)
    assert [s.en for s in wider.steps] == ["width"]
    odd = derived(hidden_size=16, intermediate_size=48)
    assert odd.scale is None
    assert not odd.complete
    other = derived(num_hidden_layers=8, norm_placement="post")
    assert other.others == ("norm_placement",)
    assert not other.complete
    assert not derived().complete


def test_too_few_makers_are_not_weighed() -> None:
    base = world(*makers(3, hidden_size=1))
    one = known("a", hidden_size=8)
    assert compare(one, one, base).word == "unweighed"


def test_results_are_plain_data_with_the_sentence() -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 9,
    }
    one = read_architecture(config, name="one")
    found = compare_architectures(one, one)
    data = json.loads(json.dumps(found.to_dict()))
    assert "weights" in data["sentence"]["en"]
    assert "weights" in data["components"][0]["sentence"]["en"]
    single = find(one.components[TEXT])
    assert "weights" in json.loads(json.dumps(single.to_dict()))["sentence"]["en"]


def test_every_word_has_both_languages() -> None:
    for word in ("shared", "near", "common", "own", "unweighed"):
        assert finding(word).en
        assert finding(word).ko
        assert meaning(word).ko
    for word in ("none", "quantitative", "module", "architecture"):
        assert difference_class(word).ko
    for step in derivations():
        assert step.fields <= set(fields())
        assert step.text.ko


SIZES = st.sampled_from([1, 2, 64, 4096, 7168, 1 << 24])
CONFIGS = st.fixed_dictionaries(
    {"hidden_size": SIZES, "num_hidden_layers": SIZES},
    optional={
        "num_attention_heads": SIZES,
        "kv_lora_rank": SIZES,
        "num_experts": SIZES,
        "model_type": st.sampled_from(["llama", "qwen3", "deepseek_v3", "?"]),
        "layer_types": st.just(["sliding_attention", "full_attention"]),
    },
)


@settings(max_examples=60, deadline=None)
@given(CONFIGS, CONFIGS)
def test_whatever_is_compared_the_numbers_hold(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    try:
        a, b = read_architecture(one), read_architecture(other)
    except ConfigError:
        return
    found = compare_architectures(a, b).components[0]
    assert found.shared_bits >= 0
    assert found.different_bits >= 0
    assert all(0 <= row.bits < 6 for row in found.fields)
    back = compare_architectures(b, a).components[0]
    assert set(back.names("equal")) == set(found.names("equal"))
    assert set(back.names("different")) == set(found.names("different"))
    itself = compare_architectures(a, a).components[0]
    assert itself.different_bits == 0
    assert itself.names("different") == ()
    assert itself.shared_bits <= itself.information + 1e-9


def test_the_background_states_its_sources() -> None:
    entries = load_background().entries
    assert len(entries) >= 150
    for e in entries:
        assert e.sources, e.model
        assert all(s["repository"] and s["licence"] for s in e.sources), e.model
        assert set(e.values) <= set(fields()), e.model
        assert e.released, e.model
    hashed = [s for e in entries for s in e.sources if "sha256" in s]
    assert len(hashed) >= 200
    assert all(len(s["sha256"]) == 64 for s in hashed)
