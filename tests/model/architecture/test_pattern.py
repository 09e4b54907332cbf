# SPDX-License-Identifier: Apache-2.0
"""One notation for layer patterns, whatever a config writes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parentage.model.architecture.pattern import layer_pattern, period


@given(st.text("GL", min_size=1, max_size=6), st.integers(2, 8), st.integers(0, 5))
def test_a_period_repeats_to_the_whole(unit: str, times: int, rest: int) -> None:
    letters = unit * times + unit[: rest % len(unit)]
    found = period(letters)
    assert len(found) <= len(unit)
    assert (found * len(letters))[: len(letters)] == letters


def test_four_spellings_of_one_pattern() -> None:
    local, full = "sliding_attention", "full_attention"
    assert layer_pattern({"layer_types": [local, local, local, full] * 4}) == (
        "LLLG",
        "layer_types",
    )
    assert layer_pattern({"sliding_window_pattern": "LLLG"}) is not None
    for config in (
        {"sliding_window_pattern": "LLLG"},
        {"sliding_window_pattern": 4},
        {"hybrid_layer_pattern": [1, 1, 1, 0] * 3},
    ):
        found = layer_pattern(config)
        assert found is not None
        assert found[0] == "LLLG"


def test_depth_does_not_matter_and_odd_lists_are_ignored() -> None:
    one = layer_pattern({"layer_types": ["full_attention"] * 3})
    assert one == layer_pattern({"layer_types": ["full_attention"] * 90})
    for odd in ([], [1, 2], ["x" * 9] * 2000, "full_attention", None):
        assert layer_pattern({"layer_types": odd}) is None


def test_long_irregular_patterns_stay_short() -> None:
    types = ["mamba", "moe", "mamba", "attention", "moe", "moe", "mamba"] * 3
    found = layer_pattern({"layers_block_type": [*types, *reversed(types), "mlp"]})
    assert found is not None
    assert len(found[0]) <= 64
