# SPDX-License-Identifier: Apache-2.0
"""The canonical architecture of a model: one list of fields, filled from any source."""

from parentage.model.architecture.architecture import (
    Architecture,
    Component,
    Contradiction,
    Filled,
    Problem,
)
from parentage.model.architecture.read import read_architecture
from parentage.model.architecture.schema import COMPONENTS, Field, fields

__all__ = [
    "COMPONENTS",
    "Architecture",
    "Component",
    "Contradiction",
    "Field",
    "Filled",
    "Problem",
    "fields",
    "read_architecture",
]
