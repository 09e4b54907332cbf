# SPDX-License-Identifier: Apache-2.0
"""What kind of descent: asked only once an exact test has shown dependence.

Nothing here says *whether* a module carries a reference's weights. Every number is
descriptive: how large the change is, what rank it has, whether it is a rounding, whose
weights were mixed and how much of it no reference explains.
"""

from parentage.evidence.descent.describe import Descent, LayerSource, describe
from parentage.evidence.descent.limits import LIMITS, Limits
from parentage.evidence.descent.pieces import Piece

__all__ = ["LIMITS", "Descent", "LayerSource", "Limits", "Piece", "describe"]
