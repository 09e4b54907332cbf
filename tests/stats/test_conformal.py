# SPDX-License-Identifier: Apache-2.0
"""Ranks among controls: never too small, whatever part of them was kept."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.stats.conformal import Tail
from parentage.stats.rates import conformal_p

scores = st.lists(st.floats(-1, 1), min_size=1, max_size=30)


@given(scores, st.floats(-1, 1), st.integers(1, 40))
def test_agrees_with_all_controls_inside_the_tail_and_is_one_below(all_, value, keep):
    tail = Tail.of(all_, keep)
    found = tail.log10_p(value)
    if len(all_) <= keep or value > tail.largest[0]:
        assert math.isclose(10**found, conformal_p(value, np.array(all_)))
    else:
        assert found == 0.0
    assert found >= tail.floor - 1e-12


@given(scores)
def test_above_all_controls_is_the_floor(all_):
    tail = Tail.of(all_, 5)
    assert tail.log10_p(2.0) == pytest.approx(tail.floor)
    assert tail.maximum == max(all_)


def test_no_controls_know_nothing():
    assert Tail(0, ()).log10_p(1.0) == 0.0
    assert Tail(0, ()).maximum is None


@pytest.mark.parametrize("bad", [(1, (0.1, 0.2)), (3, (0.2, 0.1))])
def test_impossible_tails_are_refused(bad):
    with pytest.raises(ValueError, match="controls"):
        Tail(*bad)
