# SPDX-License-Identifier: Apache-2.0
"""The document about a case that was run, version 1.

Field names are stable within ``parentage.case/1``, whose JSON schema ships as
``case-1.schema.json``.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.claim_document import ClaimDocument
from parentage.report.document import FindingWord
from parentage.report.schemas import model_schema, schema_file
from parentage.verdict.case_file import CaseFile

CASE_SCHEMA: Final = "parentage.case/1"
SCHEMA_FILE: Final = "case-1.schema.json"

Role = Literal["reference", "positive", "negative"]
PairOutcome = Literal["found", "nothing-found", "inconclusive", "not-run"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ModuleItem(_Part):
    """A module of the first model with what was found about it."""

    name: str
    finding: FindingWord
    share_numerator: int
    share_denominator: int


class PairItem(_Part):
    """Two models of a case that were held against each other."""

    role: Role
    candidate: str
    reference: str
    why: str
    outcome: PairOutcome
    stand_in: bool = Field(description="true if a stand-in took a model's place")
    modules: tuple[ModuleItem, ...] = ()
    coverage: float | None = Field(
        default=None, description="share of the parameters that could be tested"
    )
    tokenizer: str | None = Field(
        default=None, description="how the tokenizers are related"
    )
    architecture: tuple[str, ...] = ()
    bytes_read: int = 0
    error: str | None = Field(
        default=None, description="why the pair could not be compared"
    )

    @property
    def as_known(self) -> bool:
        """Whether a control came out as it must; true of references."""
        wanted = {"positive": "found", "negative": "nothing-found"}
        return self.role == "reference" or self.outcome == wanted[self.role]


class CaseDocument(_Part):
    """A case with everything that running it gave."""

    schema_: Literal["parentage.case/1"] = Field(CASE_SCHEMA, alias="schema")
    parentage: str
    created: str
    command: tuple[str, ...]
    case: CaseFile
    read_from: str = Field(description="where models that are not local were read")
    pairs: tuple[PairItem, ...]
    claims: tuple[ClaimDocument, ...]

    @property
    def stand_ins(self) -> bool:
        """Whether any model was a stand-in: then nothing is said of the real ones."""
        return any(pair.stand_in for pair in self.pairs)

    def to_json(self) -> str:
        """The document as JSON text."""
        return self.model_dump_json(by_alias=True, indent=2)


def schema_text() -> str:
    """The JSON schema of the current model, as it ships."""
    return model_schema(CaseDocument)


def shipped_schema() -> str:
    """The JSON schema file that was installed with the package."""
    return schema_file(SCHEMA_FILE)
