# SPDX-License-Identifier: Apache-2.0
"""Licences from every reused component to the whole, version 1. Not legal advice.

Field names are stable within ``parentage.licences/1``.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, Field

from parentage.report.verdict_document import Part, Saying
from parentage.verdict.vocabulary import Component

LICENCES_SCHEMA: Final = "parentage.licences/1"

DutyWord = Literal[
    "attribution",
    "notice",
    "licence-copy",
    "state-changes",
    "naming",
    "display",
    "pass-on-terms",
    "use-limits",
    "commercial-threshold",
    "non-commercial",
    "no-competing-models",
    "geography",
    "change-of-terms",
    "termination",
    "outputs",
]


class LicenceItem(Part):
    """A licence as the table of model licences knows it."""

    id: str = Field(description="SPDX id, or LicenseRef-… where SPDX has none")
    title: str
    link: str
    verified: Literal["text", "summary", "unverified"] = Field(
        description="whether the entry was held against the licence's own text"
    )
    family: Literal["open", "copyleft", "restricted", "non-commercial", "unknown"]


class Duty(Part):
    """One term of one licence that reaches the candidate."""

    licence: str
    kind: DutyWord
    clause: str = Field(description="such as '4(b)'; empty where it is not known")
    text: str = Field(description="in English: what the clause asks, shortened")
    applies_to: tuple[str, ...] = Field(description="modules of the candidate")
    met: Literal["yes", "no", "unknown"]


class LicenceLink(Part):
    """A reused component and the licence that it came under."""

    component: Component
    module: str
    share: float
    reference: str
    stated: str | None = Field(description="licence of the reference, as written")
    where: str = Field(description="file and key that states it; empty if none does")
    licences: tuple[str, ...] = Field(description="ids of the expression's licences")


class Conflict(Part):
    """Two statements about licences that do not go together."""

    module: str
    reference: str
    licence: str
    whole: str | None
    clause: str
    say: Saying


class Licences(Part):
    """The chain, its duties and its conflicts."""

    whole: str | None = Field(description="the candidate's licence, as stated")
    chain: tuple[LicenceLink, ...]
    licences: tuple[LicenceItem, ...]
    duties: tuple[Duty, ...]
    conflicts: tuple[Conflict, ...]
    unknown: tuple[str, ...] = Field(
        default=(), description="licences that the table does not know"
    )
    caveat: Saying


class LicencesDocument(Part):
    """Licences of one stored report."""

    schema_: Literal["parentage.licences/1"] = Field(
        default="parentage.licences/1", alias="schema"
    )
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    command: tuple[str, ...]
    candidate: str
    digest: str
    report: str = Field(description="SHA-256 of the report's file")
    licences: Licences

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
