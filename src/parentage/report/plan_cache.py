# SPDX-License-Identifier: Apache-2.0
"""The document of ``parentage cache``."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_FILE: Final = "cache-1.schema.json"


class CacheEntry(BaseModel):
    """Something that is kept for later runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(description="evidence: results; ranges: bytes of remote files")
    key: str = Field(description="SHA-256 of what it was made from")
    note: str
    bytes: int
    used: int = Field(description="when it was last used, in seconds of the epoch")


class CacheDocument(BaseModel):
    """What is kept, what was found whole, or what was removed."""

    schema_: Literal["parentage.cache/1"] = Field("parentage.cache/1", alias="schema")
    root: str
    entries: tuple[CacheEntry, ...] | None = Field(
        default=None, description="of `ls`: everything that is kept"
    )
    whole: int | None = Field(default=None, description="of `verify`: whole entries")
    removed: tuple[CacheEntry, ...] | None = Field(
        default=None, description="of `rm` and `verify`: what was removed"
    )

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, without what the command did not ask."""
        return self.model_dump_json(by_alias=True, indent=2, exclude_none=True)
