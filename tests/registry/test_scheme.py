# SPDX-License-Identifier: Apache-2.0
"""Any two fingerprints hold values at the same places, whoever made them."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.model.rectangle import shape_of
from parentage.model.roles import ROLES
from parentage.registry.scheme import GRAIN, LEVELS, SCHEME, VERSIONS, Scheme

levels = st.integers(LEVELS[0], LEVELS[-1])
sizes = st.integers(1, 20_000)
MATRICES = sorted(role for role, axes in ROLES.items() if len(axes) > 1)


def indices(axis):
    return {i for a, b in axis for i in range(a, b)}


LABELS = ["neuron", "vocab", "residual", "head", "kv_head", "expert", "head_dim"]
FEW = {"head", "kv_head", "expert"}
short = st.one_of(st.integers(1, 40), sizes)


@given(st.integers(0, 99), short, short, short, st.sampled_from(LABELS))
def test_the_smaller_window_lies_in_the_larger(seed, size, one, other, label):
    scheme = Scheme(seed, LEVELS[0])
    few, many = sorted((one, other))
    inner, outer = scheme.window(label, size, few), scheme.window(label, size, many)
    assert 0 <= outer[0] <= inner[0] < inner[1] <= outer[1] <= size
    whole = few if label in FEW or few >= size else max(GRAIN, few // GRAIN * GRAIN)
    assert inner[1] - inner[0] == min(whole, size)
    if label not in FEW:
        assert inner[0] % GRAIN == 0


@given(st.integers(0, 99), st.integers(1, 500), st.integers(0, 9000))
def test_windows_of_long_axes_do_not_depend_on_their_length(seed, count, more):
    scheme = Scheme(seed, LEVELS[0])
    for label in ("residual", "vocab", "neuron"):
        assert scheme.window(label, 4096, count) == scheme.window(
            label, 4096 + more, count
        )


@given(
    st.sampled_from(MATRICES), levels, levels, st.lists(sizes, min_size=3, max_size=3)
)
def test_two_levels_have_values_in_common(role, one, other, shape):
    axes = ROLES[role]
    shape = tuple(shape[: len(axes)])
    group = 4 if shape[0] % 4 == 0 else 1
    cuts = [Scheme(3, level).cut(role, axes, shape, group) for level in (one, other)]
    for a, b in zip(*cuts, strict=True):
        assert indices(a) & indices(b)
    for cut in cuts:
        for axis, size in zip(cut, shape, strict=True):
            assert all(0 <= a < b <= size for a, b in axis)


@given(st.sampled_from(["up_proj", "down_proj", "o_proj", "q_proj"]), levels)
def test_a_level_holds_about_as_many_values_as_it_says(role, level):
    axes = ROLES[role]
    shape = (32, 128, 4096) if len(axes) == 3 else (11008, 4096)
    scheme = Scheme(0, level)
    held = math.prod(shape_of(scheme.cut(role, axes, shape)))
    assert held <= max(scheme.values, 256) * 1.3 or held == math.prod(shape)


def test_pairs_and_blocks_of_eight_stay_whole():
    for seed in range(20):
        for label in ("residual", "neuron"):
            begin, _ = Scheme(seed, 40).window(label, 5000, 64)
            assert begin % 8 == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_places_stay_what_they_are(version):
    """Fingerprints of years ago must stay comparable."""
    scheme = Scheme(0, 49, version)
    assert scheme.counts == (32, 152)
    assert scheme.cut("up_proj", ("neuron", "residual"), (14336, 4096)) == (
        ((376, 408),),
        ((112, 264),),
    )
    axes = ("head", "head_dim", "residual")
    assert scheme.cut("o_proj", axes, (32, 128, 4096), 4) == (
        ((0, 1),),
        ((0, 128),),
        ((112, 144),),
    )
    assert scheme.window("vocab", 128256, 128) == (1960, 2088)


@given(st.sampled_from(MATRICES), levels, st.lists(sizes, min_size=3, max_size=3))
def test_versions_differ_only_where_windows_of_few_indices_move_back(
    role, level, shape
):
    axes = ROLES[role]
    shape = tuple(shape[: len(axes)])
    old, new = (Scheme(3, level, v).cut(role, axes, shape) for v in VERSIONS)
    for label, a, b in zip(axes, old, new, strict=True):
        if label not in FEW:
            assert a == b


def test_where_version_1_was_wrong():
    """Of three key-value heads version 1 held others in small than in large files."""
    seed = next(
        s for s in range(99) if Scheme(s, 24, 1).window("kv_head", 99, 1)[0] == 2
    )
    old, new = Scheme(seed, 24, 1), Scheme(seed, 24)
    assert [old.window("kv_head", 3, n) for n in (1, 2)] == [(2, 3), (0, 2)]
    assert [new.window("kv_head", 3, n) for n in (1, 2)] == [(2, 3), (1, 3)]
    assert replace(old, version=SCHEME) == new
