# SPDX-License-Identifier: Apache-2.0
"""What a model consists of, from headers and config alone."""

from __future__ import annotations

from parentage.artifact.source.locate import Reference
from parentage.report.document import ModelInfo
from parentage.run.audit import open_model
from parentage.run.document import model_info


def inspect_model(path: Reference) -> ModelInfo:
    """Modules, parameters, shares, formats and what was not recognised.

    Raises:
        ParentageError: the files cannot be used; see its subclasses.
    """
    opened = open_model(path)
    with opened.checkpoint:
        return model_info(opened)
