# SPDX-License-Identifier: Apache-2.0
"""The document on a stage evaluation, version 1: ``parentage.stage/1``.

``plan`` is the stage without its scores; ``result`` holds totals, ranks, gate outcomes
and who goes on, with every step; ``simulation`` what changes would do, if it was asked
for. Renderers compute nothing new.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.program.result import StageResult
from parentage.program.simulation import SimulationResult
from parentage.program.stage import Stage
from parentage.report.load import parse_document, read_text
from parentage.report.schemas import model_schema, schema_file

SCHEMA: Final = "parentage.stage/1"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class WindowItem(_Part):
    """When objections are taken, ISO 8601 with the offset from UTC."""

    opens: str
    closes: str


class StageDocument(_Part):
    """A stage that was scored."""

    schema_: Literal["parentage.stage/1"] = Field(SCHEMA, alias="schema")
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    command: tuple[str, ...]
    origin: str = Field(description="shipped, or the file of the stage")
    digest: str = Field(description="SHA-256 of the file of the stage")
    inputs: dict[str, str] = Field(
        default={}, description="file of scores or report -> SHA-256"
    )
    left_out: tuple[str, ...] = Field(
        default=(), description="sources and teams whose figures were left out"
    )
    plan: Stage = Field(description="without scores")
    objections: WindowItem | None = None
    result: StageResult
    simulation: SimulationResult | None = None

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)


def load_stage_document(path: str | Path) -> StageDocument:
    """A stored document.

    Raises:
        ReportError: the file cannot be read, or is no such document.
    """
    advice = "Give the file that `parentage program score --json` wrote."
    text = read_text(path, advice=advice)
    return parse_document(text, StageDocument, SCHEMA, file=str(path), advice=advice)


DOCUMENTS: Final[dict[str, type[BaseModel]]] = {
    "stage-1.schema.json": StageDocument,
    "stage-definition-1.schema.json": Stage,
}
"""Schema file -> what it describes; the second is the file that people write."""


def schema_text(name: str) -> str:
    """The JSON schema of the current model, as the file ``name`` must hold it."""
    return model_schema(DOCUMENTS[name])


def shipped_schema(name: str) -> str:
    """The JSON schema file that was installed with the package."""
    return schema_file(name)
