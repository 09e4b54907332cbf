# SPDX-License-Identifier: Apache-2.0
"""Sigma-curves: how the spread of attention weights changes with depth.

"Intrinsic Fingerprint of LLMs" (2507.03014): the standard deviation of W_Q, W_K, W_V
and W_O of each layer, normalised over depth, Pearson correlation of the two curves,
averaged over the four. Equal depths are needed. Latent attention (DeepSeek) is
multiplied out first, which the paper does not treat.
"""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.baselines.assignment import cosine
from benchmarks.accuracy.baselines.loaded import (
    Floats,
    Loaded,
    UndefinedError,
    attention,
    scored,
    trunk,
    trunks,
)


def curves(loaded: Loaded) -> Floats:
    """Standard deviations, one row each for Q, K, V and O."""
    module = trunk(loaded)
    rows = [attention(loaded, module, i) for i in range(module.layers)]
    return np.array([[layer[name].std() for layer in rows] for name in "qkvo"])


@scored("none in the paper, which reads 0.93 as proof; 0.6 in TensorLock")
def score(candidate: Loaded, reference: Loaded) -> float:
    """Mean correlation of the four curves."""
    own, other = trunks(candidate, reference)
    if own.layers != other.layers or own.layers < 3:
        message = f"depths of {own.layers} and {other.layers}: equal, 3 or more needed"
        raise UndefinedError(message)
    return float(
        np.mean(
            [
                cosine(a - a.mean(), b - b.mean())
                for a, b in zip(curves(candidate), curves(reference), strict=True)
            ]
        )
    )
