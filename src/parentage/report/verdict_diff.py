# SPDX-License-Identifier: Apache-2.0
"""What changed between two reports, version 1: findings, shares, verdicts.

Numbers that differ from run to run (p-values, seconds, bytes read) are not changes.
Field names are stable within ``parentage.changes/1``.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, Field

from parentage.report.verdict_document import Part

DIFF_SCHEMA: Final = "parentage.changes/1"


class Side(Part):
    """One of the two reports."""

    file: str
    candidate: str
    digest: str
    created: str
    references: tuple[str, ...]


class Change(Part):
    """One thing that is not the same."""

    what: Literal["module", "finding", "class", "share", "rule", "outcome", "declared"]
    subject: str = Field(description="module, rule or profile")
    profile: str | None = None
    old: str = Field(description="empty where it was not there")
    new: str = Field(description="empty where it is not there any more")


class DiffDocument(Part):
    """Everything that changed, and nothing else."""

    schema_: Literal["parentage.changes/1"] = Field(
        default="parentage.changes/1", alias="schema"
    )
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    command: tuple[str, ...]
    old: Side
    new: Side
    profiles: tuple[str, ...] = Field(
        description="both reports were judged again under these"
    )
    changes: tuple[Change, ...]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
