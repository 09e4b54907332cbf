# SPDX-License-Identifier: Apache-2.0
"""The document about profiles themselves: every rule with its source, version 1."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, Field

from parentage.report.verdict_document import Part
from parentage.verdict.profile import Profile

PROFILES_SCHEMA: Final = "parentage.profiles/1"


class ProfileEntry(Part):
    """A profile with what identifies its file."""

    digest: str = Field(description="SHA-256 of the profile's file")
    origin: str = Field(description="'shipped', or the file it was read from")
    profile: Profile


class ProfilesDocument(Part):
    """One or more profiles."""

    schema_: Literal["parentage.profiles/1"] = Field(
        default="parentage.profiles/1", alias="schema"
    )
    profiles: tuple[ProfileEntry, ...]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
