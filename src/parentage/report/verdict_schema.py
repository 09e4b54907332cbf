# SPDX-License-Identifier: Apache-2.0
"""The JSON schemas of verdicts, declarations and licences, as they ship."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from parentage.report.schemas import model_schema
from parentage.report.verdict_declared import DeclaredDocument
from parentage.report.verdict_diff import DiffDocument
from parentage.report.verdict_document import VerdictDocument
from parentage.report.verdict_licences import LicencesDocument
from parentage.report.verdict_profiles import ProfilesDocument
from parentage.verdict.manifest import Manifest
from parentage.verdict.profile import Profile

DOCUMENTS: Final[Mapping[str, type[BaseModel]]] = {
    "verdict-1.schema.json": VerdictDocument,
    "declared-1.schema.json": DeclaredDocument,
    "changes-1.schema.json": DiffDocument,
    "licences-1.schema.json": LicencesDocument,
    "profiles-1.schema.json": ProfilesDocument,
}
"""Schema file -> the document that it describes."""

INPUTS: Final[Mapping[str, type[BaseModel]]] = {
    "manifest-1.schema.json": Manifest,
    "profile-1.schema.json": Profile,
}
"""Schema file -> what people write: for editors; the package's own checks say more."""


def schema_text(name: str) -> str:
    """The JSON schema of the current model, as the file ``name`` must hold it."""
    return model_schema({**DOCUMENTS, **INPUTS}[name])
