# SPDX-License-Identifier: Apache-2.0
"""The document about a model's nearest known relatives, and an audit's lineage part."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, Field

from parentage.report.lineage_architecture import (
    ArchitectureInfo,
    ArchitecturePair,
    ComponentNearest,
)
from parentage.report.lineage_tokenizer import (
    Part,
    TokenizerInfo,
    TokenizerNearest,
    TokenizerPair,
)

NEAREST_SCHEMA: Final = "parentage.nearest/1"


class Missing(Part):
    """Why something was not compared: a value with a reason, never a dropped one."""

    code: Literal["none", "unreadable", "internal"]
    model: str
    detail: str = Field(default="", description="the error, in English")


class LineageItem(Part):
    """Tokenizer or architecture of an audit's candidate beside one reference's.

    Neither is evidence about weights, and neither changes an audit's findings.
    """

    kind: Literal["tokenizer", "architecture"]
    reference: str
    missing: tuple[Missing, ...] = Field(
        default=(), description="empty where it was compared"
    )
    tokenizer: TokenizerPair | None = None
    architecture: ArchitecturePair | None = None
    bytes_read: int = Field(
        default=0, description="read for this apart from the budget of the weights"
    )


class NearestDocument(Part):
    """The known tokenizers and architectures nearest to a model's."""

    schema_: Literal["parentage.nearest/1"] = Field(
        default="parentage.nearest/1", alias="schema"
    )
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    seconds: float
    command: tuple[str, ...]
    model: str
    path: str
    before: str = Field(description="families of this month or later are not asked")
    excluded: tuple[str, ...] = Field(description="organisations left out")
    tokenizer: TokenizerInfo | None
    tokenizer_nearest: TokenizerNearest | None
    architecture: ArchitectureInfo | None
    architecture_nearest: tuple[ComponentNearest, ...]
    missing: tuple[Missing, ...] = ()
    caveats: tuple[str, ...]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
