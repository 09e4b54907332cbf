# SPDX-License-Identifier: Apache-2.0
"""phi_U of the constrained setting, Zhu et al. (2502.12292), theorem 1.

``Spearman(LAP(cos(U, U')), identity)`` of the up projections of each layer, one-sided
p-value by the t law, layers combined by Fisher (valid: theorem 3). The one published
method with an exact p-value besides the permutation ranks of the same paper.

Deviations: without a GLU the first feed-forward matrix stands for U (the permutations
are the same); an expert is held against the expert of the same number.
"""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.baselines.assignment import (
    best_assignment,
    cosines,
    log10_p,
    spearman,
)
from benchmarks.accuracy.baselines.loaded import (
    Floats,
    Loaded,
    UndefinedError,
    feed_forward,
    scored,
    trunk,
    trunks,
)
from parentage.stats.tails import log10_fisher


def up_projections(loaded: Loaded) -> list[Floats]:
    """Up projections of all layers and experts."""
    module = trunk(loaded)
    return [
        block["up"]
        for layer in range(module.layers)
        for block in feed_forward(loaded, module, layer)
        if "up" in block
    ]


@scored("the paper fixes no level and reports p-values; about 1e-300 for its children")
def score(candidate: Loaded, reference: Loaded) -> float:
    """Minus log10 of Fisher's p-value over the layers."""
    trunks(candidate, reference)
    own, other = up_projections(candidate), up_projections(reference)
    if not own or [u.shape for u in own] != [u.shape for u in other]:
        message = "the feed-forward layers differ in number or shape"
        raise UndefinedError(message)
    ps = []
    for a, b in zip(own, other, strict=True):
        order = best_assignment(cosines(a, b))
        ps.append(log10_p(spearman(order, np.arange(len(order))), len(order)))
    return -log10_fisher(ps)
