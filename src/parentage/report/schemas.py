# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of documents: made from their models, shipped as files beside them."""

from __future__ import annotations

import json
from importlib import resources

from pydantic import BaseModel


def model_schema(model: type[BaseModel]) -> str:
    """The JSON schema of a document as the text of a file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(by_alias=True, mode="validation"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_file(name: str) -> str:
    """The JSON schema file that was installed with the package."""
    return resources.files("parentage.report").joinpath(name).read_text("utf-8")
