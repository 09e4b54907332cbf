# SPDX-License-Identifier: Apache-2.0
"""Statistics behind the descriptions of descent, on data made to known recipes."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.stats.affine_fit import (
    correlations,
    intervals,
    products,
    solve,
    spread,
)
from parentage.stats.patterns import random_drops, top_changes
from parentage.stats.rounding import Grid, find_grid, residual, rounded, spacing
from parentage.stats.spectrum import spectrum
from parentage.stats.uniform_share import uniform_share

SHAPE = (48, 64)


def bf16(values):
    """Values as two-byte floats hold them."""
    return np.asarray(values).astype(ml_dtypes.bfloat16).astype(np.float32)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_fit_agrees_with_least_squares_over_everything(seed, number):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, number, 50))
    y = rng.standard_normal((3, 50))
    pieces = [products(t, list(r)) for t, r in zip(y, x, strict=True)]
    whole = np.concatenate(list(x), axis=1)
    expected, *_ = np.linalg.lstsq(whole.T, y.ravel(), rcond=None)
    found = solve(pieces)
    assert np.allclose(found.weights, expected)
    left = y.ravel() - expected @ whole
    assert found.residual == pytest.approx(left @ left)
    assert 0 <= found.unexplained <= 1


def test_regressors_of_zeros_and_copies_do_no_harm():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(100)
    found = solve([products(2 * x, [x, x, np.zeros(100)])])
    assert found.residual < 1e-9
    assert np.allclose(found.weights, [1, 1, 0])
    assert solve([products(np.zeros(3), [np.zeros(3)])]).unexplained == 0


def test_intervals_cover_the_weight_about_as_often_as_they_say():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(100):
        pieces = []
        for _ in range(20):
            x, weight = rng.standard_normal(60), 0.4 + 0.1 * rng.standard_normal()
            pieces.append(products(weight * x + rng.standard_normal(60), [x]))
        low, high = intervals(pieces, rng=rng, draws=200)[0]
        hits += low <= 0.4 <= high
    assert 82 <= hits <= 99


def test_correlations_are_cosines_over_all_pieces():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 500))
    y = 0.8 * x[0] + 0.6 * x[1]
    near = correlations([products(x[0], [x[0], y])])
    assert near[0, 1] == pytest.approx(
        x[0] @ y / np.linalg.norm(x[0]) / np.linalg.norm(y)
    )


def test_spread_weighs_by_energy():
    mean, sd = spread(np.array([1.0, 3.0]), np.array([3.0, 1.0]))
    assert mean == pytest.approx(1.5)
    assert sd == pytest.approx(np.sqrt(0.75))
    assert spread(np.zeros(2), np.zeros(2)) == (0.0, 0.0)


@pytest.mark.parametrize("rank", [1, 4, 16, 64])
def test_rank_of_an_update_is_seen_through_bf16_rounding(rank):
    rng = np.random.default_rng(rank)
    start = bf16(0.05 * rng.standard_normal((320, 256)))
    update = rng.standard_normal((320, rank)) @ rng.standard_normal((rank, 256))
    after = bf16(start + 0.01 * update / np.sqrt(rank))
    noise = spacing(after, 8, -133) / np.sqrt(12)
    found = spectrum(after - start, noise)
    assert found.rank == rank
    assert found.full == 256
    assert found.drop > 2
    assert found.effective <= rank + 1


def test_noise_alone_has_no_rank():
    rng = np.random.default_rng(0)
    noise = rng.uniform(-0.5, 0.5, (300, 200))
    found = spectrum(noise, 1 / np.sqrt(12))
    assert found.rank == 0
    assert found.drop == 1.0


@pytest.mark.parametrize("stored", ["f32", "bf16"])
@pytest.mark.parametrize("group", [32, 64, 0])
@pytest.mark.parametrize("bits", [3, 4, 8])
def test_integer_grids_are_found_with_bits_and_group(bits, group, stored):
    rng = np.random.default_rng(bits)
    weights = (0.1 * rng.standard_normal((64, 256))).astype(np.float32)
    copied = rounded(weights, Grid(f"int{bits}", group, 0))
    digits = (24, -149)
    if stored == "bf16":
        copied, digits = bf16(copied), (8, -133)
    found = find_grid(copied, *digits)
    assert found is not None
    assert (found.scheme, found.group) == (f"int{bits}", group)
    total, number = residual(copied, weights, found)
    assert total / number == pytest.approx(1.0, abs=0.15)
    kin = weights + (0.05 * rng.standard_normal(weights.shape)).astype(np.float32)
    assert residual(copied, kin, found)[0] > 1.5 * total


@pytest.mark.parametrize("scheme", ["fp8-e4m3", "fp8-e5m2"])
def test_eight_bit_floats_are_found(scheme):
    rng = np.random.default_rng(0)
    weights = bf16(0.3 * rng.standard_normal((32, 64)))
    found = find_grid(rounded(weights, Grid(scheme, 0, 0)), 8, -133)
    assert found is not None
    assert found.scheme == scheme


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from(["normal", "uniform", "laplace"]))
def test_unrounded_weights_have_no_grid(seed, law):
    rng = np.random.default_rng(seed)
    weights = getattr(rng, law)(size=(40, 128)) * 0.02
    assert find_grid(bf16(weights), 8, -133) is None
    assert find_grid(weights.astype(np.float32), 24, -149) is None


def test_spacing_is_the_gap_to_the_next_number():
    values = np.array([1.0, 1.5, 0.3, -7.0, 1e-3], dtype=np.float32)
    expected = np.spacing(np.abs(values))
    assert np.array_equal(spacing(values, 24, -149), expected)


@pytest.mark.parametrize("density", [0.3, 0.5, 0.8])
def test_random_drops_give_back_weights_and_densities(density):
    rng = np.random.default_rng(5)
    parents = rng.standard_normal((2, 40_000))
    masks = rng.random(parents.shape) < density
    change = (np.array([[0.3], [0.6]]) * masks * parents / density).sum(0)
    found = random_drops(change, parents, np.full(40_000, 1e-4))
    assert found.explained > 0.98
    assert np.allclose(found.weights, [0.3, 0.6], atol=0.02)
    assert np.allclose(found.densities, density, atol=0.03)
    assert np.allclose(found.by_size, 0.5, atol=0.03)


@pytest.mark.parametrize("density", [0.2, 0.5, 1.0])
def test_top_changes_give_back_the_density(density):
    rng = np.random.default_rng(6)
    parents = [rng.standard_normal((3, 4000)) for _ in range(4)]
    changes = []
    for p in parents:
        kept = np.stack(
            [
                np.where(np.abs(d) >= np.quantile(np.abs(d), 1 - density), d, 0)
                for d in p
            ]
        )
        sign = np.sign(kept.sum(0))
        agree = (np.sign(kept) == sign) & (kept != 0)
        changes.append((kept * agree).sum(0) / np.maximum(agree.sum(0), 1))
    found = top_changes(changes, parents, [np.full(4000, 1e-4)] * 4)
    assert found.density == pytest.approx(density, abs=0.011)
    assert found.scale == pytest.approx(1, abs=1e-3)
    assert found.explained > 0.98


def test_unrelated_changes_are_not_explained():
    rng = np.random.default_rng(7)
    parents = rng.standard_normal((2, 20_000))
    change = rng.standard_normal(20_000)
    step = np.full(20_000, 1e-3)
    assert random_drops(change, parents, step).explained < 0.1
    assert top_changes([change], [parents], [step]).explained < 0.1
    still = np.where(rng.random(20_000) < 0.97, 0.0, change)
    assert random_drops(still, parents, step).explained < 0.5


def test_more_than_four_parents_are_refused():
    with pytest.raises(ValueError, match="at most 4"):
        random_drops(np.zeros(5), np.zeros((5, 5)), np.ones(5))


def low_rank(rng, shape=SHAPE):
    values = np.diag(1.0 / np.arange(1, 49))
    left = np.linalg.qr(rng.standard_normal((48, 48)))[0]
    right = np.linalg.qr(rng.standard_normal((shape[1], shape[1])))[0][:48]
    return left @ values @ right


def test_averaging_leaves_one_share_everywhere():
    rng = np.random.default_rng(8)
    directions = [low_rank(rng) for _ in range(12)]
    targets = [0.4 * d + 0.6 * low_rank(rng) for d in directions]
    found = uniform_share(directions, targets)
    assert found.mean == pytest.approx(0.4, abs=0.05)
    assert found.ratio < 1.4


def test_likeness_in_strong_directions_alone_is_no_uniform_share():
    rng = np.random.default_rng(9)
    directions = [low_rank(rng) for _ in range(12)]
    targets = []
    for d in directions:
        left, values, right = np.linalg.svd(d, full_matrices=False)
        kept = left @ np.diag(values * np.linspace(0.9, 0.1, 48)) @ right
        targets.append(kept + 0.1 * low_rank(rng))
    found = uniform_share(directions, targets)
    assert found.ratio > 1.4
    assert found.excess > 0.03


def test_share_of_vectors_is_not_measured():
    assert uniform_share([np.ones((1, 5))], [np.ones((1, 5))]) is None
