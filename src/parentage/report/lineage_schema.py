# SPDX-License-Identifier: Apache-2.0
"""The JSON schemas of the documents on lineage, as they ship."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from parentage.report.lineage_architecture import ConfigDocument
from parentage.report.lineage_nearest import NearestDocument
from parentage.report.lineage_tokenizer import TokenizerDocument
from parentage.report.schemas import model_schema, schema_file

DOCUMENTS: Final[Mapping[str, type[BaseModel]]] = {
    "tokenizer-1.schema.json": TokenizerDocument,
    "config-1.schema.json": ConfigDocument,
    "nearest-1.schema.json": NearestDocument,
}
"""Schema file -> the document that it describes."""


def schema_text(name: str) -> str:
    """The JSON schema of the current model, as the file ``name`` must hold it."""
    return model_schema(DOCUMENTS[name])


def shipped_schema(name: str) -> str:
    """The JSON schema file that was installed with the package."""
    return schema_file(name)
