# SPDX-License-Identifier: Apache-2.0
"""The document of ``parentage training check``: what a packet lacks."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.training_document import PieceItem, RecordItem

SCHEMA: Final = "parentage.training-check/1"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FileItem(_Part):
    """A file that the manifest names and that cannot be used."""

    field: str
    file: str
    problem: Literal["absent", "unsafe", "empty"]


class TrainingCheck(_Part):
    """Whether a packet is well formed, and which pieces it has."""

    schema_: Literal["parentage.training-check/1"] = Field(SCHEMA, alias="schema")
    versions: dict[str, str]
    created: str
    seconds: float
    command: tuple[str, ...]
    packet: str
    model: str
    written: bool = Field(description="whether a template was written just now")
    mistakes: tuple[str, ...] = Field(description="what is wrong with the manifest")
    files: tuple[FileItem, ...] = ()
    pieces: tuple[PieceItem, ...] = ()
    evidence: tuple[RecordItem, ...] = Field(
        (), description="digests and signature, where a key or identity was given"
    )

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, and a signature that was asked about counts."""
        return not (
            self.mistakes
            or self.files
            or any(e.outcome != "verified" for e in self.evidence)
        )

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
