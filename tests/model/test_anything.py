# SPDX-License-Identifier: Apache-2.0
"""Whatever names and shapes a file lists, each weight is described exactly once."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parentage.model import describe
from parentage.model.families import load_families

SUFFIXES = sorted({s for family in load_families() for s in family.rules})
NAMES = st.builds(
    lambda front, suffix, end: front + suffix.replace("#", "1") + end,
    st.sampled_from(["", "model.", "visual.", "x.0.", "encoder.", "a/b/"]),
    st.sampled_from(SUFFIXES) | st.text("ab.#0_/", max_size=9),
    st.sampled_from(["", "", "_scale_inv", ".qweight"]),
)
SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 4, 6, 8, 12]), max_size=4)
DTYPES = st.sampled_from(["BF16", "F32", "U8", "BOOL", "I32", "F8_E4M3"])


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    tensors=st.dictionaries(NAMES, st.tuples(SHAPES, DTYPES), max_size=25),
    heads=st.integers(1, 4),
)
def test_every_weight_is_described_once(
    check_description: Any, make_entry: Any, tensors: Any, heads: int
) -> None:
    entries = {n: make_entry(*s, dtype=d) for n, (s, d) in tensors.items()}
    config = {"num_attention_heads": heads, "hidden_size": 8}
    model = describe("x", entries, config)
    check_description(model, entries)
    assert describe("x", dict(reversed(entries.items())), config) == model
