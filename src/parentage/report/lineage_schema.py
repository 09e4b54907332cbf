# SPDX-License-Identifier: Apache-2.0
"""The JSON schemas of the documents on lineage, as they ship."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Final

from pydantic import BaseModel

from parentage.report.lineage_architecture import ConfigDocument
from parentage.report.lineage_nearest import NearestDocument
from parentage.report.lineage_tokenizer import TokenizerDocument

DOCUMENTS: Final[Mapping[str, type[BaseModel]]] = {
    "tokenizer-1.schema.json": TokenizerDocument,
    "config-1.schema.json": ConfigDocument,
    "nearest-1.schema.json": NearestDocument,
}
"""Schema file -> the document that it describes."""


def schema_text(name: str) -> str:
    """The JSON schema of the current model, as the file ``name`` must hold it."""
    return model_schema(DOCUMENTS[name])


def model_schema(model: type[BaseModel]) -> str:
    """The JSON schema of a document as the text of a file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(by_alias=True, mode="validation"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def shipped_schema(name: str) -> str:
    """The JSON schema file that was installed with the package."""
    return resources.files("parentage.report").joinpath(name).read_text("utf-8")
