# SPDX-License-Identifier: Apache-2.0
"""Raw cosine of norm gains: the comparison behind several public accusations.

Told in methods.md 7.1. Gains start at one and stay positive, so independent models
score 0.94 to 0.99 and more. Kept as it was used; that is the point of the row.
"""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.baselines.assignment import cosine
from benchmarks.accuracy.baselines.loaded import Floats, Loaded, UndefinedError, scored


def gains(candidate: Loaded, reference: Loaded) -> list[tuple[Floats, Floats]]:
    """Norm gains of the residual stream that both models have at the same place.

    With different depths the layers of the same number, as in the public reports.
    """
    own, other = candidate.slots(), reference.slots()
    same = [s for s in own if s in other and s[1].endswith("_norm")]
    same = [s for s in same if own[s].axes == ("residual",)]
    if not same:
        message = "no norm vector at the same place in both models"
        raise UndefinedError(message)
    pairs = [(candidate.get(own[s]), reference.get(other[s])) for s in same]
    pairs = [(a, b) for a, b in pairs if a.shape == b.shape]
    if not pairs:
        message = "the norm vectors differ in width"
        raise UndefinedError(message)
    return pairs


@scored("none stated; 0.95 to 0.99 was published as proof")
def score(candidate: Loaded, reference: Loaded) -> float:
    """Mean cosine of norm vectors of the same layer."""
    return float(np.mean([cosine(a, b) for a, b in gains(candidate, reference)]))
