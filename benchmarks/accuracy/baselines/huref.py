# SPDX-License-Identifier: Apache-2.0
"""HuRef invariant terms (ICS), Zeng et al. (2312.04828).

For embedding rows E of K common tokens: ``M_a = E W_Q' W_K E'``,
``M_b = E W_V' W_O' E'`` and ``M_f = E W_1' W_2' E'`` of the last two layers, each
standardised; the cosine of the flattened terms.

Deviations: the K = 4096 tokens are the first by number in the reference, not the
most frequent of a corpus (small vocabularies enter whole); W_1 of a GLU is its up
projection; a mixture of experts enters as the sum over its experts, and a vision
encoder with its patch filters as E. The paper multiplies the cosine by 100.
"""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.baselines.assignment import cosine
from benchmarks.accuracy.baselines.loaded import (
    Floats,
    Loaded,
    attention,
    feed_forward,
    scored,
    shared_rows,
    trunk,
    trunks,
)

TOKENS = 4096
LAYERS = 2


def invariants(loaded: Loaded, embedding: Floats) -> list[Floats]:
    """Standardised M_a, M_b and M_f of the last layers."""
    module = trunk(loaded)
    terms = []
    for layer in range(max(0, module.layers - LAYERS), module.layers):
        heads = {
            name: embedding @ part.T
            for name, part in attention(loaded, module, layer).items()
        }
        terms += [heads["q"] @ heads["k"].T, heads["v"] @ heads["o"].T]
        neurons = np.zeros_like(terms[-1])
        for part in feed_forward(loaded, module, layer):
            neurons += (embedding @ part["up"].T) @ (embedding @ part["down"].T).T
        terms.append(neurons)
    return [np.asarray((m - np.mean(m)) / (np.std(m) or 1.0)) for m in terms]


@scored("none in the paper; 0.8 and more is read as related by later papers")
def score(candidate: Loaded, reference: Loaded) -> float:
    """Cosine of the invariant terms of both models."""
    trunks(candidate, reference)
    _, _, own, other = shared_rows(candidate, reference, TOKENS)
    left, right = invariants(candidate, own), invariants(reference, other)
    return cosine(np.array(left), np.array(right))
