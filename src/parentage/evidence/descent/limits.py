# SPDX-License-Identifier: Apache-2.0
"""Where one word ends and the next begins, each with the reason for its place.

Chosen on the ``choose`` part of the zoo alone; error rates on the rest and on replicas
are in ``docs/methods/descent.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Limits:
    """Limits of the descriptions.

    Attributes:
        light: relative change below which training is called light.
        heavy: relative change from which it is called heavy; between the two it is
            called moderate.
        low_rank: largest rank, as a share of the smaller side, of a low-rank update.
        cliff: how much the singular values must fall behind that rank.
        low_rank_share: share of the changed matrices that must show it.
        grid_share: share of the matrices inside layers that must lie on a grid.
        rounding: residual over what storage rounding leaves, up to which a mixture
            explains the candidate.
        pattern: share of elements that a sparse merge must explain to rounding.
        zeros: excess of values equal to the base that speaks of dropped changes.
        fraction: (least, most) share that is neither nothing nor a whole parent.
        ratio: variation of a share over chance up to which it is one share everywhere.
        excess: relative variation beyond chance that is allowed in any case.
        precision: relative variation by chance above which nothing is said.
        kin: cosine of two parents' changes beyond which their shares cannot be told.
        arc: share of the way from the chord to the arc, from which a merge keeps
            lengths (0 for linear merges, 1 for spherical ones).
    """

    light: float = 0.25
    heavy: float = 0.5
    low_rank: float = 0.5
    cliff: float = 2.0
    low_rank_share: float = 0.8
    grid_share: float = 0.8
    rounding: float = 3.0
    pattern: float = 0.9
    zeros: float = 0.05
    fraction: tuple[float, float] = (0.12, 0.88)
    ratio: float = 1.4
    excess: float = 0.03
    precision: float = 0.2
    kin: float = 0.95
    arc: float = 0.5


LIMITS: Final = Limits()
