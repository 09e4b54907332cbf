# SPDX-License-Identifier: Apache-2.0
"""The document of ``parentage explain``: how one module's correspondence was found."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.descent_document import DescentItem
from parentage.report.document import ModelInfo, ModuleResult

SCHEMA: Final = "parentage.explanation/1"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LayerView(_Part):
    """One tensor of one layer beside its counterpart in a reference."""

    reference: str
    role: str
    layer: int | None
    reference_layer: int | None
    matching: tuple[tuple[float, ...], ...] = Field(
        description="cosines of candidate units (rows) with reference units (columns)"
    )
    singular_values: tuple[float, ...] = Field(
        description="of the difference, over the largest value that rounding leads to"
    )
    edges: tuple[float, ...] = Field(
        description="of the histogram of differences, in units of the reference's size"
    )
    counts: tuple[int, ...]
    equal: float = Field(description="share of values that are the same")


class AlignedView(_Part):
    """Neurons of one layer before and after a relabelling was undone."""

    reference: str
    basis: str = Field(description="how one residual stream was laid in the other")
    layer: int | None
    expert: int | None
    reference_layer: int | None
    reference_expert: int | None
    role: str = Field(description="what is compared; it took no part in the matching")
    units: int = Field(description="neurons of the candidate that were read")
    matched: int
    in_place: int = Field(description="matched neurons of equal number")
    effect: float
    before: tuple[tuple[float, ...], ...] = Field(
        description="cosines by number; empty where widths differ"
    )
    after: tuple[tuple[float, ...], ...] = Field(
        description="cosines of matched neurons, in the common basis"
    )


class Explanation(_Part):
    """Everything about one module."""

    schema_: Literal["parentage.explanation/1"] = Field(SCHEMA, alias="schema")
    created: str
    command: tuple[str, ...]
    candidate: ModelInfo
    references: tuple[ModelInfo, ...]
    log10_alpha: float = Field(description="level after correction for the family")
    module: ModuleResult
    descent: DescentItem | None
    views: tuple[LayerView, ...]
    aligned: tuple[AlignedView, ...] = ()

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
