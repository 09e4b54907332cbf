# SPDX-License-Identifier: Apache-2.0
"""PCS: cosine of all weights, flattened into one vector.

Zeng et al. (HuRef, 2312.04828), the direct comparison before its invariant terms. The
two vectors must have one length, so models of different shapes have no value. Read as
weight matrices and biases: norm gains, all near one, are left out in the method's
favour.
"""

from __future__ import annotations

import math

from benchmarks.accuracy.baselines.loaded import Loaded, UndefinedError, scored


@scored("none in the paper; 0.8 and more is read as related by later papers")
def score(candidate: Loaded, reference: Loaded) -> float:
    """Cosine of the two parameter vectors."""
    own, other = candidate.slots(), reference.slots()
    if {s: t.shape for s, t in own.items()} != {s: t.shape for s, t in other.items()}:
        message = "the models have different tensors or shapes"
        raise UndefinedError(message)
    product = left = right = 0.0
    for slot, tensor in own.items():
        if slot[1].endswith("norm"):
            continue
        a = candidate.get(tensor).astype(float)
        b = reference.get(other[slot]).astype(float)
        product += float((a * b).sum())
        left += float((a * a).sum())
        right += float((b * b).sum())
    return product / math.sqrt(left * right) if left and right else math.nan
