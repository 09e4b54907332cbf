# SPDX-License-Identifier: Apache-2.0
"""AWM: aligned W_Q and W_K, unbiased linear CKA. Zeng et al. (2510.06738).

The columns of the embeddings of shared tokens are matched by a linear assignment on
their absolute cosine, which gives a selection of residual dims and their signs; W_Q
and W_K of each layer are brought to that order and compared by unbiased linear CKA
over the residual dims; the mean over Q, K and layers. Layers of models of different
depth are matched by a second assignment.

Deviations: latent attention is multiplied out to W_Q and W_K; a vision encoder has
its patch filters for an embedding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmarks.accuracy.baselines.assignment import cosines
from benchmarks.accuracy.baselines.loaded import (
    Floats,
    Loaded,
    UndefinedError,
    attention,
    scored,
    shared_rows,
    trunk,
    trunks,
)

Doubles = NDArray[np.float64]


def align(own: Floats, other: Floats) -> tuple[NDArray[Any], NDArray[Any], Doubles]:
    """Matching dims of both models and the sign between them."""
    similarity = cosines(own.T, other.T)
    i, j = linear_sum_assignment(np.abs(similarity), maximize=True)
    return i, j, np.where(similarity[i, j] < 0, -1.0, 1.0)


def hsic(k: Doubles, m: Doubles) -> float:
    """Unbiased HSIC of two Gram matrices with zero diagonals (Song et al. 2012)."""
    n = len(k)
    a, b = k.sum(0), m.sum(0)
    total = float((k * m).sum()) + float(a.sum() * b.sum()) / ((n - 1) * (n - 2))
    return (total - 2 * float(a @ b) / (n - 2)) / (n * (n - 3))


def grams(loaded: Loaded, dims: NDArray[Any], sign: Doubles) -> list[list[Doubles]]:
    """Gram matrices over the residual dims of W_Q and W_K of each layer."""
    module = trunk(loaded)
    result = []
    for layer in range(module.layers):
        parts = attention(loaded, module, layer)
        both = []
        for name in "qk":
            x = parts[name][:, dims].T.astype(np.float64) * sign[:, None]
            gram = x @ x.T
            np.fill_diagonal(gram, 0.0)
            both.append(gram)
        result.append(both)
    return result


@scored("none in the paper, which prints |score - 0.00375| / 0.0028")
def score(candidate: Loaded, reference: Loaded) -> float:
    """Mean unbiased CKA of the aligned W_Q and W_K."""
    own, other = trunks(candidate, reference)
    _, _, a, b = shared_rows(candidate, reference)
    i, j, sign = align(a, b)
    if len(i) < 4:
        message = "too few residual dims"
        raise UndefinedError(message)
    left = grams(candidate, i, np.ones(len(i)))
    right = grams(reference, j, sign)
    size = [[[hsic(g, g) for g in layer] for layer in side] for side in (left, right)]
    table = np.array(
        [
            [
                np.mean(
                    [
                        hsic(left[x][p], right[y][p])
                        / np.sqrt(size[0][x][p] * size[1][y][p])
                        for p in range(2)
                    ]
                )
                for y in range(len(right))
            ]
            for x in range(len(left))
        ]
    )
    if own.layers == other.layers:
        return float(np.diag(table).mean())
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].mean())
