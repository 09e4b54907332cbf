# SPDX-License-Identifier: Apache-2.0
"""All-tensor cosine: every tensor of the same place and shape, then the mean.

The plain weight comparison that most scripts make. Vectors count like matrices, so
norm gains lift it for independent models too; kept so, as it is commonly done.
"""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.baselines.assignment import cosine
from benchmarks.accuracy.baselines.loaded import Loaded, UndefinedError, scored


@scored("no threshold is published")
def score(candidate: Loaded, reference: Loaded) -> float:
    """Mean cosine over the tensors that both models have in the same shape."""
    own, other = candidate.slots(), reference.slots()
    same = [s for s in own if s in other and own[s].shape == other[s].shape]
    if not same:
        message = "no tensor of the same place and shape"
        raise UndefinedError(message)
    return float(
        np.mean([cosine(candidate.get(own[s]), reference.get(other[s])) for s in same])
    )
