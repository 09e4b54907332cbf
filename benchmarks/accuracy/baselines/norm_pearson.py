# SPDX-License-Identifier: Apache-2.0
"""Pearson correlation of norm gains: the centred answer to the raw cosine.

Told in methods.md 7.1 (the public re-analysis of the same models). No p-value is
formed: all vectors of a residual stream share one order of dims and are not
independent.
"""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.baselines.assignment import cosine
from benchmarks.accuracy.baselines.loaded import Loaded, UndefinedError, scored
from benchmarks.accuracy.baselines.norm_cosine import gains


@scored("no threshold is published; about 0 for independents, about 1 for children")
def score(candidate: Loaded, reference: Loaded) -> float:
    """Mean correlation of norm vectors of the same layer."""
    pairs = gains(candidate, reference)
    pairs = [(a, b) for a, b in pairs if np.ptp(a) > 0 and np.ptp(b) > 0]
    if not pairs:
        message = "every norm vector is constant"
        raise UndefinedError(message)
    return float(np.mean([cosine(a - a.mean(), b - b.mean()) for a, b in pairs]))
