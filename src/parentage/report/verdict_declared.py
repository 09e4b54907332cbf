# SPDX-License-Identifier: Apache-2.0
"""What a model's maker says of it, row by row against the evidence, version 1.

Declarations are text that nobody vouches for: they never change a finding about
weights. Field names are stable within ``parentage.declared/1``.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, Field

from parentage.report.verdict_document import Part, Saying
from parentage.verdict.vocabulary import Class, Component

DECLARED_SCHEMA: Final = "parentage.declared/1"

AgreementWord = Literal["confirmed", "contradicted", "undeclared", "unverifiable"]


class DeclarationSource(Part):
    """A file that declarations were read from."""

    kind: Literal["card", "config", "gguf", "manifest"]
    file: str
    digest: str = Field(description="SHA-256 of the file; of GGUF, of its metadata")


class Initialisation(Part):
    """What a manifest or a card says of one component."""

    component: Component
    module: str | None
    source: str | None = Field(description="model that it is said to come from")
    provenance: Class = Field(description="the class that the words amount to")
    licence: str | None = Field(description="SPDX expression, as it was written")
    share: float | None = None
    steps: int | None = Field(default=None, description="training steps declared")
    where: str = Field(description="file and key")


class ReleaseItem(Part):
    """Something that is said to be published."""

    item: str
    licence: str | None
    link: str | None
    where: str


class DeclaredRow(Part):
    """One statement, or one finding that nothing was said about."""

    subject: str = Field(description="module of the candidate, or a key of the card")
    component: Component | None
    declared: str = Field(description="what is said; empty if nothing is")
    where: str = Field(description="file and key; empty if nothing is said")
    found: str = Field(description="what the evidence says, in English")
    outcome: AgreementWord
    reason: Saying


class Declared(Part):
    """Every declaration that was read, against the evidence."""

    sources: tuple[DeclarationSource, ...]
    rows: tuple[DeclaredRow, ...]
    statements: tuple[Initialisation, ...] = ()
    releases: tuple[ReleaseItem, ...] = ()
    withheld: tuple[str, ...] = Field(
        default=(), description="items that the maker says are not published"
    )
    own_models: tuple[str, ...] = Field(
        default=(), description="models that the maker calls its own"
    )
    licence: str | None = Field(
        default=None, description="of the whole, as the maker states it"
    )
    patch: str = Field(
        default="", description="unified diff that the evidence suggests for the card"
    )
    notes: tuple[Saying, ...] = ()


class DeclaredDocument(Part):
    """Declarations of a model against one stored report."""

    schema_: Literal["parentage.declared/1"] = Field(
        default="parentage.declared/1", alias="schema"
    )
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    command: tuple[str, ...]
    candidate: str
    digest: str
    report: str = Field(description="SHA-256 of the report's file")
    declared: Declared

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
