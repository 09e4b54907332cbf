# SPDX-License-Identifier: Apache-2.0
"""The JSON schemas of the documents on training records, as they ship."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from parentage.report.schemas import model_schema, schema_file
from parentage.report.training_check import TrainingCheck
from parentage.report.training_document import LogDocument, TrainingDocument
from parentage.training.manifest import Manifest

DOCUMENTS: Final[Mapping[str, type[BaseModel]]] = {
    "training-1.schema.json": TrainingDocument,
    "training-check-1.schema.json": TrainingCheck,
    "training-log-1.schema.json": LogDocument,
    "packet-1.schema.json": Manifest,
}
"""Schema file -> what it describes; ``packet-1`` is the manifest that teams write."""


def schema_text(name: str) -> str:
    """The JSON schema of the current model, as the file ``name`` must hold it."""
    return model_schema(DOCUMENTS[name])


def shipped_schema(name: str) -> str:
    """The JSON schema file that was installed with the package."""
    return schema_file(name)
