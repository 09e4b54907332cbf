# SPDX-License-Identifier: Apache-2.0
"""Plans keep budgets, depend on shapes and seed alone, and read what they say."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.run.audit import ITEMSIZE
from parentage.run.pairing import pair_modules
from parentage.run.plan import make_plan, ranges_of
from parentage.run.sampler import Reader
from parentage.testing.memory import MemoryCheckpoint, canonical
from parentage.testing.synthetic import Shape, random_model

SHAPE = Shape(hidden_size=64, intermediate_size=128, num_hidden_layers=3)


@pytest.fixture(scope="module")
def opened():
    return MemoryCheckpoint(random_model(SHAPE, 1, "F32"), SHAPE.config()).opened()


def plan_for(opened, budget, seed=0):
    pairs = pair_modules(opened.model, opened.model)
    return make_plan(pairs, budgets=(budget, budget), itemsize=ITEMSIZE, seed=seed)


@settings(max_examples=30, deadline=None)
@given(st.integers(20_000, 2_000_000), st.integers(0, 5))
def test_budget_is_kept(opened, budget, seed):
    plan = plan_for(opened, budget, seed)
    assert max(plan.predicted) <= budget
    assert plan == plan_for(opened, budget, seed)


def test_everything_is_read_when_it_fits(opened):
    plan = plan_for(opened, 10**9)
    total = sum(a.nbytes for a in opened.checkpoint.arrays.values())
    assert plan.predicted == (total, total)


def test_seeds_read_other_places(opened):
    assert plan_for(opened, 100_000, 1).cuts != plan_for(opened, 100_000, 2).cuts


def test_pairs_of_units_are_read_together(opened):
    plan = plan_for(opened, 60_000)
    for key, cut in plan.cuts.items():
        if key[-1] in {"gate_proj", "up_proj"}:
            ((start, stop),) = cut[0]
            assert start % 2 == 0
            assert (stop - start) % 2 == 0


def test_queries_and_keys_are_read_at_the_same_dims(opened):
    plan = plan_for(opened, 60_000)
    cuts = {key[-1]: cut for key, cut in plan.cuts.items()}
    assert cuts["q_proj"][1] == cuts["k_proj"][1]
    group = SHAPE.num_attention_heads // SHAPE.num_key_value_heads
    assert cuts["q_proj"][0][0][0] // group == cuts["k_proj"][0][0][0]


def test_reader_returns_the_rectangle_of_the_canonical_array(opened):
    plan = plan_for(opened, 60_000)
    reader = Reader(opened.checkpoint)
    for module in opened.model.modules:
        for tensor in module.tensors:
            key = (module.name, module.name, tensor.block, tensor.block, tensor.role)
            cut = plan.cuts[key]
            index = [
                list(itertools.chain(*(range(a, b) for a, b in axis))) for axis in cut
            ]
            whole = canonical(opened.checkpoint.arrays, tensor)
            np.testing.assert_array_equal(
                reader.rectangle(tensor, cut), whole[np.ix_(*index)]
            )
            assert math.prod(len(i) for i in index) <= tensor.size


@given(st.sets(st.integers(0, 60)))
def test_ranges_cover_exactly(indices):
    ranges = ranges_of(sorted(indices))
    assert [i for a, b in ranges for i in range(a, b)] == sorted(indices)
