# SPDX-License-Identifier: Apache-2.0
"""Names of what was done to layers, from maps made by hand."""

import numpy as np
import pytest

from parentage.evidence.depth import depth
from parentage.evidence.layer_map import LayerMap

COINS = 200


def layer_map(agree, rows, columns, block="mlp"):
    """A map in which (row, column) pairs of ``agree`` have a correlation."""
    rng = np.random.default_rng(0)
    heads = rng.binomial(COINS, 0.5, (rows, columns))
    correlation = np.zeros((rows, columns))
    for (row, column), rho in agree.items():
        heads[row, column] = COINS
        correlation[row, column] = rho
    return LayerMap(
        "text_decoder",
        block,
        block,
        tuple(range(rows)),
        tuple(range(columns)),
        heads,
        np.full((rows, columns), COINS),
        correlation,
        np.ones((rows, columns)),
        (("GLU neuron", "sign", COINS, 50.0),),
        tuple((i, i) for i in range(min(rows, columns))),
        min(rows, columns),
    )


def named(order, columns, rho=0.9):
    """The name of a candidate whose layers came from these reference layers."""
    agree = {(i, j): rho for i, j in enumerate(order) if j is not None}
    return depth(
        [layer_map(agree, len(order), columns)], log10_level=-12, effect_floor=0.02
    )


@pytest.mark.parametrize(
    ("order", "columns", "kind"),
    [
        ([0, 1, 2, 3], 4, "in-place"),
        ([0, 1, 3], 4, "layers-removed"),
        ([0, 1], 4, "layers-removed"),
        ([0, 1, 2, 3, 1, 2, 3, 4], 5, "depth-up-scaled"),
        ([0, 0, 1, 1, 2, 2], 3, "depth-up-scaled"),
        ([0, None, 1, None, 2], 3, "layers-added"),
        ([0, 1, 2, None], 3, "layers-added"),
        ([3, 2, 1, 0], 4, "layers-reordered"),
        ([0, 2, 1, 3], 4, "layers-reordered"),
        ([None, 1, None, None], 4, "layers-taken"),
        ([None, None, 0, 1], 4, "layers-taken"),
    ],
)
def test_names(order, columns, kind):
    found = named(order, columns)
    assert found.kind == kind
    assert dict(found.layers) == {i: (j,) for i, j in enumerate(order) if j is not None}
    assert found.own == tuple(i for i, j in enumerate(order) if j is None)
    assert found.unused == tuple(j for j in range(columns) if j not in order)


def test_a_layer_between_two_neighbours_is_interpolated():
    half = 2**-0.5
    agree = {(0, 0): 1.0, (1, 0): half, (1, 1): half, (2, 1): 1.0, (3, 2): 1.0}
    found = depth([layer_map(agree, 4, 3)], log10_level=-12, effect_floor=0.02)
    assert found.kind == "layers-interpolated"
    assert dict(found.layers)[1] == (0, 1)


def test_a_layer_that_the_reference_holds_twice_is_not_interpolated():
    agree = {(0, 0): 1.0, (1, 1): 0.98, (1, 2): 0.97, (2, 3): 1.0}
    found = depth([layer_map(agree, 3, 4)], log10_level=-12, effect_floor=0.02)
    assert found.kind != "layers-interpolated"
    assert dict(found.layers)[1] == (1,)


def test_blocks_vote_with_their_coins():
    attention = layer_map({(0, 0): 0.9, (1, 1): 0.9}, 2, 2, "attention")
    mlp = layer_map({(0, 0): 0.9}, 2, 2)
    found = depth([attention, mlp], log10_level=-12, effect_floor=0.02)
    assert found.kind == "in-place"


def test_nothing_significant_has_no_name():
    assert named([None, None], 2) is None
    assert named([0, 1], 2, rho=0.01) is None


def test_runs_of_an_up_scaled_model():
    found = named([0, 1, 2, 3, 1, 2, 3, 4], 5)
    assert found.runs() == ((0, 0, 4), (4, 1, 4))
    assert found.repeated == (1, 2, 3)
