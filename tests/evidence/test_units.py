# SPDX-License-Identifier: Apache-2.0
"""Sets of dims that flip together, and groups that share no tensor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.evidence.units import EMBEDDINGS, GROUPS, rotary_classes
from parentage.model.roles import ROLES


@given(st.integers(1, 64), st.data())
def test_rotary_classes_are_closed_under_both_conventions(half, data):
    head_dim = 2 * half
    rotary = 2 * data.draw(st.integers(0, half))
    label = rotary_classes(head_dim, rotary)
    assert label.shape == (head_dim,)
    for i in range(rotary // 2):
        assert label[i] == label[i + rotary // 2]
        assert label[2 * i] == label[2 * i + 1]
    for i in range(rotary, head_dim):
        assert (label == label[i]).sum() == 1


def test_rotary_classes_of_common_heads_are_fours():
    for head_dim in (64, 128):
        _, counts = np.unique(rotary_classes(head_dim, head_dim), return_counts=True)
        assert set(counts) == {4}


def test_unknown_rotary_dims_leave_one_set():
    assert set(rotary_classes(8, None)) == {0}


def test_every_tensor_serves_in_one_group_only():
    """Else coins of two groups would not be jointly fair."""
    members = [role for group in GROUPS for role in group.members]
    assert len(members) == len(set(members))
    assert not set(members) & set(EMBEDDINGS)


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.name)
def test_groups_speak_of_known_roles(group):
    assert {*group.members, *group.needs} <= ROLES.keys()
