# SPDX-License-Identifier: Apache-2.0
"""Relabellings keep the multiset of weights, and exact tests lose all power on them."""

from pathlib import Path

import numpy as np
import pytest

from parentage.run.audit import gather
from parentage.testing.memory import load
from parentage.testing.relabel import relabel
from parentage.verdict.finding import Criteria
from parentage.verdict.judge import judge

MODELS = Path(__file__).resolve().parents[2] / "zoo" / "models"


@pytest.mark.parametrize("name", ["decoder-a", "moe-a", "vlm-donor"])
def test_relabelling_moves_and_flips_but_changes_no_magnitude(name):
    model = load(MODELS / name)
    other = relabel(model, np.random.default_rng(0))
    still = set()
    for key, array in model.arrays.items():
        a = np.sort(np.abs(array).ravel())
        b = np.sort(np.abs(other.arrays[key]).ravel())
        if ".experts." not in key:
            np.testing.assert_array_equal(a, b)
        if np.array_equal(array, other.arrays[key]):
            still.add(key.rsplit(".", 2)[1])
    # Gains of latent dims: their only relabelling used is the sign, which gains ignore.
    assert still <= {"q_a_layernorm", "kv_a_layernorm"}


@pytest.mark.parametrize("name", ["decoder-a", "moe-a", "vlm-donor"])
def test_a_relabelled_copy_is_beyond_exact_tests(name):
    """They rest on these symmetries, so they must be blind to them: no p is small."""
    model = load(MODELS / name)
    reference = model.opened("r")
    smallest = []
    for seed in range(5):
        drawn = relabel(model, np.random.default_rng(seed)).opened("c")
        evidence, _ = gather(drawn, [reference], budget=10**9, seed=seed)
        assert {f.word for f in judge(evidence, Criteria())} == {"no-dependence-found"}
        smallest += [
            e.log10_p for i in evidence for e in i.evidence if e.log10_p is not None
        ]
    assert min(smallest) > -4
