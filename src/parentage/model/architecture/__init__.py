# SPDX-License-Identifier: Apache-2.0
"""The canonical architecture of a model: one list of fields, filled from any source.

* :func:`read_architecture` reads a config of any dialect, :func:`read_gguf` GGUF
  metadata, :func:`architecture_of_model` the shapes of a described model, which win
  over its config;
* :func:`count_parameters` recomputes the parameters from the fields alone.
"""

from parentage.model.architecture.architecture import (
    Architecture,
    Component,
    Contradiction,
    Filled,
    Problem,
)
from parentage.model.architecture.count import Count, NotCounted, count_parameters
from parentage.model.architecture.gguf import read_gguf
from parentage.model.architecture.read import read_architecture
from parentage.model.architecture.schema import COMPONENTS, Field, fields
from parentage.model.architecture.shapes import architecture_of_model, count_stored

__all__ = [
    "COMPONENTS",
    "Architecture",
    "Component",
    "Contradiction",
    "Count",
    "Field",
    "Filled",
    "NotCounted",
    "Problem",
    "architecture_of_model",
    "count_parameters",
    "count_stored",
    "fields",
    "read_architecture",
    "read_gguf",
]
