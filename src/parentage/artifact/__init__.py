# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of a model live and how they are encoded.

::

    with open_checkpoint("path/to/model") as model:
        entry = model.entries["model.embed_tokens.weight"]
        rows, width = entry.shape
        some = model.read_float32(entry.name, (rows, width), ((0, 64), (0, width)))
"""

from parentage.artifact.checkpoint import Checkpoint, open_checkpoint
from parentage.artifact.dtypes import (
    DTYPES,
    QUANTISED,
    SAFETENSORS,
    Dtype,
    count_non_finite,
    rounds_to,
    to_float32,
)
from parentage.artifact.entry import Entry, Problem, Severity, shown
from parentage.artifact.format.safetensors import Header, read_header
from parentage.artifact.source.local import LocalFile

__all__ = [
    "DTYPES",
    "QUANTISED",
    "SAFETENSORS",
    "Checkpoint",
    "Dtype",
    "Entry",
    "Header",
    "LocalFile",
    "Problem",
    "Severity",
    "count_non_finite",
    "open_checkpoint",
    "read_header",
    "rounds_to",
    "shown",
    "to_float32",
]
