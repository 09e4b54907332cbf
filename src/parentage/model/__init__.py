# SPDX-License-Identifier: Apache-2.0
"""What the bytes mean: modules, layers, roles and canonical views.

:func:`describe` turns names, shapes and a config into a :class:`Model`. It reads no
weights and needs no other library to know the model.
"""

from parentage.model.description import (
    Attention,
    Model,
    Module,
    Range,
    Stored,
    Tensor,
    View,
)
from parentage.model.resolve import describe
from parentage.model.roles import ROLES

__all__ = [
    "ROLES",
    "Attention",
    "Model",
    "Module",
    "Range",
    "Stored",
    "Tensor",
    "View",
    "describe",
]
