# SPDX-License-Identifier: Apache-2.0
"""Schemes of frameworks are recognised from draws, and from nothing else."""

import numpy as np
import pytest

from parentage.stats.initial import initial
from parentage.training.initialisers import Drawn, recognise, schemes

WIDTH, LAYERS, HIDDEN, VOCABULARY = 128, 6, 320, 1000

TENSORS = [
    ("token_embedding", None, (VOCABULARY, WIDTH), WIDTH),
    ("lm_head", None, (VOCABULARY, WIDTH), WIDTH),
    *(
        (role, layer, shape, fan_in)
        for layer in range(LAYERS)
        for role, shape, fan_in in (
            ("q_proj", (WIDTH, WIDTH), WIDTH),
            ("o_proj", (WIDTH, WIDTH), WIDTH),
            ("up_proj", (HIDDEN, WIDTH), WIDTH),
            ("down_proj", (HIDDEN, WIDTH), HIDDEN),
        )
    ),
]


def deviations(scheme):
    """Family and deviation of every tensor, written again from the sources."""
    for role, layer, _, fan_in in TENSORS:
        out = role in ("o_proj", "down_proj")
        depth = (layer or 0) + 1
        yield {
            "transformers": ("normal", 0.006),
            "scaled-output": ("normal", 0.02 / (2 * LAYERS) ** 0.5 if out else 0.02),
            "torch-default": ("normal", 1.0)
            if role == "token_embedding"
            else ("uniform", (1 / fan_in / 3) ** 0.5),
            "torchtitan": ("normal", 1.0)
            if role == "token_embedding"
            else ("cut", WIDTH**-0.5)
            if role == "lm_head"
            else ("normal", 0.02 / (2 * depth) ** 0.5 if out else 0.02),
            "mitchell": ("cut", (2 * WIDTH * depth) ** -0.5 if out else WIDTH**-0.5),
            "normal-by-fan-in": ("normal", 3.0)
            if role == "token_embedding"
            else ("normal", 0.7 / WIDTH)
            if role == "lm_head"
            else ("normal", 0.5 * fan_in**-0.5),
        }[scheme]


def draw(family, std, size, rng):
    if family == "uniform":
        return rng.uniform(-(3**0.5), 3**0.5, size) * std
    values = rng.standard_normal(size)
    if family == "cut":
        while (far := np.abs(values) > 3).any():
            values[far] = rng.standard_normal(int(far.sum()))
    return values * std


def measured(scheme, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for (role, layer, size, fan_in), (family, std) in zip(
        TENSORS, deviations(scheme), strict=True
    ):
        item = initial(draw(family, std, size, rng), None, rng=rng)
        error = 0.71 / np.sqrt(np.prod(size))
        found.append(Drawn(role, layer, fan_in, item.shape, item.std, error))
    return found


@pytest.mark.parametrize("scheme", schemes())
def test_every_scheme_is_recognised_from_draws(scheme):
    first, *rest = recognise(measured(scheme), width=WIDTH, layers=LAYERS)
    assert first.scheme == scheme
    assert first.agree == first.tensors == len(TENSORS)
    assert all(fit.agree < fit.tensors for fit in rest)


def test_factor_of_a_free_scale_is_found():
    first = recognise(measured("transformers"), width=WIDTH, layers=LAYERS)[0]
    assert first.factor == pytest.approx(0.006, rel=0.01)


def test_one_tensor_drawn_otherwise_is_named():
    drawn = measured("transformers")
    odd = drawn[3]
    drawn[3] = Drawn(odd.role, odd.layer, odd.fan_in, odd.shape, odd.std * 2, odd.error)
    first = recognise(drawn, width=WIDTH, layers=LAYERS)[0]
    assert first.agree == first.tensors - 1
    assert first.worst[0] == odd.role
    assert first.worst[1] == pytest.approx(1, abs=0.05)


def test_sources_and_titles_are_stated():
    assert all(s.title and s.source for s in schemes().values())
    assert recognise([], width=1, layers=1) == ()
