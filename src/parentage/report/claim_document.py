# SPDX-License-Identifier: Apache-2.0
"""The document about a published claim, version 1.

Every printed number keeps its text; beside it stands what was recomputed, or why
nothing could be. Field names are stable within ``parentage.claim/1``, whose JSON schema
ships as ``claim-1.schema.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.schemas import model_schema, schema_file
from parentage.verdict.claim_result import Judgement

if TYPE_CHECKING:
    from parentage.verdict.claim_file import ClaimFile

CLAIM_SCHEMA: Final = "parentage.claim/1"
SCHEMA_FILE: Final = "claim-1.schema.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClaimInfo(_Part):
    """What the claim file says of the claim."""

    id: str
    title: str
    candidate: str
    reference: str
    by: str | None
    date: str | None
    sources: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, claim: ClaimFile) -> ClaimInfo:
        """The part of a claim file that a reader needs."""
        return cls(**claim.model_dump(include=set(cls.model_fields)))


class FileItem(_Part):
    """A file or a model that was read."""

    name: str
    path: str
    bytes: int = Field(description="size of a file; bytes read of a model")
    sha256: str = Field(description="of a file; of a model, of what was read of it")

    @classmethod
    def of(cls, name: str, path: str, size: int, digest: str) -> FileItem:
        """A file by its parts."""
        return cls(name=name, path=path, bytes=size, sha256=digest)


class ClaimDocument(_Part):
    """Everything that checking a claim gave."""

    schema_: Literal["parentage.claim/1"] = Field(CLAIM_SCHEMA, alias="schema")
    parentage: str = Field(description="version that checked it")
    created: str
    command: tuple[str, ...]
    claim: ClaimInfo
    files: tuple[FileItem, ...]
    judgement: Judgement

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text."""
        return self.model_dump_json(by_alias=True, indent=2)


def schema_text() -> str:
    """The JSON schema of the current model, as it ships."""
    return model_schema(ClaimDocument)


def shipped_schema() -> str:
    """The JSON schema file that was installed with the package."""
    return schema_file(SCHEMA_FILE)
