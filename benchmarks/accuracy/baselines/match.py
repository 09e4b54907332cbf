# SPDX-License-Identifier: Apache-2.0
"""MATCH: do gate and up projections agree on which neuron is which?

Zhu et al. (2502.12292), unconstrained setting, algorithms 2 to 4:
``Spearman(LAP(cos(G X, G' X')), LAP(cos(U X, U' X')))`` per block, p-value by the t
law, blocks combined by Fisher. Models of different depth are compared by all pairs of
layers; the smallest p-value, times their number, stands for the pair.

Variants, each with the p-value (minus its decimal logarithm) and with rho:

* inputs ``gaussian``: X is Gaussian noise (the paper draws from a distribution in its
  algorithm 5), times each model's own norm gain. Weights only, needs equal widths and
  one common residual basis;
* inputs ``hidden``: X are the hidden states of the running models on the same text,
  as in the paper (WikiText-103 there, the zoo's grammars here), Llama shapes only;
* sign fix (methods.md 2.8): |cos| for the up projection, because the sign of a
  neuron's up row is free in a GLU and flipping it defeats the published form.

Deviations: experts of a mixture are matched to the experts of the same number, or
each to the one block of a dense reference. The paper fits a GLU to networks without
one by 10 000 and more steps of training; that is not done, they have no value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.baselines.assignment import (
    best_assignment,
    cosines,
    log10_p,
    spearman,
)
from benchmarks.accuracy.baselines.forward import feed_forward_inputs
from benchmarks.accuracy.baselines.loaded import (
    Floats,
    Loaded,
    Method,
    UndefinedError,
    feed_forward,
    roles,
    scored,
    trunks,
    width,
)
from benchmarks.accuracy.baselines.passages import tokens
from parentage.model.description import Module
from parentage.stats.tails import log10_fisher

Inputs = Literal["gaussian", "hidden"]
Block = tuple[Floats, Floats]
"""Pre-activations of gate and up, one row per neuron."""

SAMPLES = 1024
RULE = "related if the p-value is below 1e-4 (the paper; 1e-6 in its code)"


@dataclass(frozen=True)
class Matches:
    """Result for each pair of blocks, and whether blocks were paired by number."""

    rho: list[float]
    log10_p: list[float]
    paired: bool


@lru_cache(maxsize=4)  # the p-value and rho are asked for one after the other
def compare(
    candidate: Loaded, reference: Loaded, inputs: Inputs, *, sign_fix: bool
) -> Matches:
    """MATCH on every pair of blocks."""
    own, other = trunks(candidate, reference)
    if inputs == "gaussian":
        left, right = _gaussian(candidate, own), _gaussian(reference, other)
        if left[0].shape != right[0].shape:
            message = "one Gaussian input needs equal widths"
            raise UndefinedError(message)
    else:
        i, j = tokens(candidate, reference)
        left = feed_forward_inputs(candidate, i)
        right = feed_forward_inputs(reference, j)
    blocks = [
        [activations(model, module, n, x) for n, x in enumerate(side)]
        for model, module, side in ((candidate, own, left), (reference, other, right))
    ]
    paired = own.layers == other.layers
    rho, p = [], []
    for a, b in _pairs(*blocks, paired=paired):
        r, n = match(a, b, sign_fix=sign_fix)
        rho.append(r)
        p.append(log10_p(r, n))
    if not rho:
        message = "the layers have different numbers of experts"
        raise UndefinedError(message)
    return Matches(rho, p, paired)


def match(a: Block, b: Block, *, sign_fix: bool) -> tuple[float, int]:
    """Spearman's rho of the two matchings of a pair of blocks, and their length."""
    gate, up = (_square(cosines(x, y)) for x, y in zip(a, b, strict=True))
    chosen = best_assignment(np.abs(up) if sign_fix else up)
    return spearman(best_assignment(gate), chosen), len(gate)


def _square(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pad with the zero similarity of the paper's zero rows."""
    n = max(similarity.shape)
    rows, columns = similarity.shape
    return np.pad(similarity, ((0, n - rows), (0, n - columns)))


def _gaussian(loaded: Loaded, module: Module) -> list[Floats]:
    noise = np.random.default_rng(0).standard_normal(
        (width(loaded, module), SAMPLES), dtype=np.float32
    )
    result = []
    for layer in range(module.layers):
        gain = roles(module, layer).get("pre_feedforward_norm")
        result.append(noise if gain is None else noise * loaded.get(gain)[:, None])
    return result


def activations(loaded: Loaded, module: Module, layer: int, x: Floats) -> list[Block]:
    """Gate and up pre-activations of each feed-forward block of a layer."""
    blocks = feed_forward(loaded, module, layer)
    if not blocks or any("gate" not in block for block in blocks):
        message = f"{loaded.name}: no GLU (fitting one to each layer is not done here)"
        raise UndefinedError(message)
    return [(block["gate"] @ x, block["up"] @ x) for block in blocks]


def _pairs(
    left: list[list[Block]], right: list[list[Block]], *, paired: bool
) -> Iterator[tuple[Block, Block]]:
    layers = (
        zip(left, right, strict=True)
        if paired
        else ((a, b) for a in left for b in right)
    )
    for a, b in layers:
        if len(a) == len(b):
            yield from zip(a, b, strict=True)
        elif 1 in (len(a), len(b)):
            yield from ((x, y) for x in a for y in b)


def _p_value(inputs: Inputs, *, sign_fix: bool) -> Method:
    @scored(RULE)
    def score(candidate: Loaded, reference: Loaded) -> float:
        found = compare(candidate, reference, inputs, sign_fix=sign_fix)
        if found.paired:
            return -log10_fisher(found.log10_p)
        return max(0.0, -min(found.log10_p) - math.log10(len(found.log10_p)))

    return score


def _rho(inputs: Inputs, *, sign_fix: bool) -> Method:
    @scored("none in the paper; methods.md 2.8 ask for at least 0.1 to 0.2")
    def score(candidate: Loaded, reference: Loaded) -> float:
        found = compare(candidate, reference, inputs, sign_fix=sign_fix)
        return float(np.mean(found.rho) if found.paired else max(found.rho))

    return score


score = _p_value("gaussian", sign_fix=False)
score_rho = _rho("gaussian", sign_fix=False)
score_sign_fix = _p_value("gaussian", sign_fix=True)
score_sign_fix_rho = _rho("gaussian", sign_fix=True)
score_hidden = _p_value("hidden", sign_fix=False)
score_hidden_rho = _rho("hidden", sign_fix=False)
score_hidden_sign_fix = _p_value("hidden", sign_fix=True)
score_hidden_sign_fix_rho = _rho("hidden", sign_fix=True)
