# SPDX-License-Identifier: Apache-2.0
"""Two models that depend on each other only through the weights they began from.

Where both were trained from step 0, apart from each other, step 0 lies between them:
each is nearer to it than to the other, no later checkpoint of one is nearer to the
other, and the correlation of the two is about the product of their correlations with
step 0. A model that descends from the other's later weights is nearer to those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from parentage.evidence.checkpoint_path import Path, correlations, distances

APART: Final = 1.05
"""How much nearer a later checkpoint must be than step 0 to count as nearer: models
from one start that are trained on like data set out in like directions."""


@dataclass(frozen=True)
class Shared:
    """Where a reference stands towards the way from step 0 to the end.

    Attributes:
        between: step 0 lies between the reference and the end of the way.
        nearest: position of the point nearest to the reference.
        own, other, both: element correlation of step 0 with the end, of step 0 with
            the reference, and of the end with the reference.
    """

    between: bool
    nearest: int
    own: float
    other: float
    both: float

    @property
    def product(self) -> float:
        """What ``both`` is if the two share no more than their start."""
        return self.own * self.other


def shared_start(path: Path, modules: tuple[str, ...]) -> Shared | None:
    """Does a reference share only the start with a record?

    Args:
        path: step 0 first, then the checkpoints; the reference last.
        modules: those that link; all of them must agree.

    Returns:
        The answer over all these modules together, ``None`` if none has a matrix.
    """
    chosen = tuple(m for m in modules if m in path.modules)
    if not chosen or len(path.labels) < 3:
        return None
    between = True
    for module in chosen:
        far = distances(path.grams[module])
        a, b = len(far) - 2, len(far) - 1
        to_reference = far[b, :b]
        between &= bool(far[a, b] > max(far[0, a], far[0, b]))
        between &= bool(to_reference[0] <= APART * to_reference.min())
    total = path.gram(chosen)
    near, e = distances(total), correlations(total)
    a, b = len(e) - 2, len(e) - 1
    return Shared(
        between,
        int(np.argmin(near[b, :b])),
        float(e[0, a]),
        float(e[0, b]),
        float(e[a, b]),
    )
