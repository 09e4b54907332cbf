# SPDX-License-Identifier: Apache-2.0
"""The JSON schemas of verdicts, declarations and licences, as they ship."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from parentage.report.lineage_schema import model_schema
from parentage.report.verdict_declared import DeclaredDocument
from parentage.report.verdict_document import VerdictDocument
from parentage.report.verdict_licences import LicencesDocument

DOCUMENTS: Final[Mapping[str, type[BaseModel]]] = {
    "verdict-1.schema.json": VerdictDocument,
    "declared-1.schema.json": DeclaredDocument,
    "licences-1.schema.json": LicencesDocument,
}
"""Schema file -> the document that it describes."""


def schema_text(name: str) -> str:
    """The JSON schema of the current model, as the file ``name`` must hold it."""
    return model_schema(DOCUMENTS[name])
