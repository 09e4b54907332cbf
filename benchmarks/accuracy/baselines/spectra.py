# SPDX-License-Identifier: Apache-2.0
"""Singular-value spectra of attention products (GhostSpec), Wang et al. (2511.06390).

Per layer the singular values of the query-key and the value-output product, cut to
the smallest effective rank and min-max normalised. ``score``: mean squared differences
along an order-preserving alignment of the layers. ``score_correlation``: distance
correlation of the per-layer means, for equal depths.

Deviations: the products are ``W_Q' W_K`` and ``W_V' W_O'`` summed over heads, which is
defined for shared key heads where the printed ``W_Q W_K'`` is not; the gap penalty and
the two constants of the logistic are not known, so the penalty is the median
difference and the score is one minus the mean cost of the path, which the logistic
would only stretch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.baselines.loaded import (
    Loaded,
    UndefinedError,
    attention,
    scored,
    trunk,
    trunks,
)

Doubles = NDArray[np.float64]


def spectra(loaded: Loaded) -> list[list[Doubles]]:
    """Singular values of each layer, for query-key and value-output."""
    module = trunk(loaded)
    found: list[list[Doubles]] = [[], []]
    for layer in range(module.layers):
        part = {
            name: np.linalg.qr(value.T.astype(np.float64))[1]
            for name, value in attention(loaded, module, layer).items()
        }  # the product of two triangles has the singular values of the product
        for values, (a, b) in zip(found, (("q", "k"), ("v", "o")), strict=True):
            product = part[a] @ part[b].T
            values.append(np.linalg.svd(product, compute_uv=False))
    return found


def effective_rank(values: Doubles) -> int:
    """Exponential of the entropy of the normalised spectrum."""
    share = values[values > 0] / values.sum()
    return max(2, int(np.exp(-(share * np.log(share)).sum())))


def normalised(candidate: Loaded, reference: Loaded) -> list[tuple[Doubles, Doubles]]:
    """Spectra of both models, cut and normalised, one row a layer, for each kind."""
    trunks(candidate, reference)
    result = []
    for own, other in zip(spectra(candidate), spectra(reference), strict=True):
        rank = min(effective_rank(s) for s in [*own, *other])
        cut = [np.array([s[:rank] for s in side]) for side in (own, other)]
        low = [s.min(1, keepdims=True) for s in cut]
        span = [s.max(1, keepdims=True) - m for s, m in zip(cut, low, strict=True)]
        if min(float(s.min()) for s in span) <= 0:
            message = "a spectrum is constant"
            raise UndefinedError(message)
        a, b = ((s - m) / w for s, m, w in zip(cut, low, span, strict=True))
        result.append((a, b))
    return result


def path_cost(difference: Doubles) -> float:
    """Mean cost of the cheapest order-preserving alignment of the layers."""
    gap = float(np.median(difference))
    rows, columns = difference.shape
    cost = np.zeros((rows + 1, columns + 1))
    steps = np.zeros((rows + 1, columns + 1))
    for i in range(rows + 1):
        for j in range(columns + 1):
            options = []
            if i and j:
                matched = cost[i - 1, j - 1] + difference[i - 1, j - 1]
                options.append((matched, steps[i - 1, j - 1]))
            if i:
                options.append((cost[i - 1, j] + gap, steps[i - 1, j]))
            if j:
                options.append((cost[i, j - 1] + gap, steps[i, j - 1]))
            if options:
                best = min(options)
                cost[i, j], steps[i, j] = best[0], best[1] + 1
    return float(cost[-1, -1] / steps[-1, -1])


@scored("none usable: the paper picks its threshold on the pairs it reports")
def score(candidate: Loaded, reference: Loaded) -> float:
    """One minus the mean squared difference along the best alignment."""
    parts = [
        ((a[:, None] - b[None]) ** 2).mean(-1)
        for a, b in normalised(candidate, reference)
    ]
    return 1 - path_cost(np.mean(parts, axis=0))


def distance_correlation(a: Doubles, b: Doubles) -> float:
    """Distance correlation of two samples of points (Szekely et al. 2007)."""
    centred = []
    for points in (a, b):
        d = np.linalg.norm(points[:, None] - points[None], axis=-1)
        centred.append(d - d.mean(0) - d.mean(1, keepdims=True) + d.mean())
    product = float((centred[0] * centred[1]).mean())
    size = np.sqrt(float((centred[0] ** 2).mean() * (centred[1] ** 2).mean()))
    return float(np.sqrt(max(0.0, product / size))) if size else float("nan")


@scored("none usable: the paper picks its threshold on the pairs it reports")
def score_correlation(candidate: Loaded, reference: Loaded) -> float:
    """Distance correlation of the per-layer means of the spectra."""
    own, other = trunks(candidate, reference)
    if own.layers != other.layers or own.layers < 3:
        message = f"depths of {own.layers} and {other.layers}: equal, 3 or more needed"
        raise UndefinedError(message)
    means = [[s.mean(1) for s in pair] for pair in normalised(candidate, reference)]
    left, right = (np.stack([pair[side] for pair in means], 1) for side in (0, 1))
    return distance_correlation(left, right)
