# SPDX-License-Identifier: Apache-2.0
"""The comparison document: an audit's evidence about two models, without judgement."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.document import (
    Assumption,
    EvidenceItem,
    LayerMapItem,
    ModelInfo,
    NormCosine,
    Power,
    Report,
)


class ComparedModule(BaseModel):
    """A module of the first model with its evidence and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    parameters: int
    share: float
    share_numerator: int
    share_denominator: int
    power: Power
    evidence: tuple[EvidenceItem, ...]
    layer_maps: tuple[LayerMapItem, ...] = ()


class Comparison(BaseModel):
    """Evidence about two models; no finding, no headline."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["parentage.comparison/1"] = Field(
        default="parentage.comparison/1", alias="schema"
    )
    versions: dict[str, str]
    created: str
    seconds: float
    command: tuple[str, ...]
    seed: int
    budget: int
    family: int = Field(description="number of exact tests")
    models: tuple[ModelInfo, ModelInfo]
    modules: tuple[ComparedModule, ...]
    norm_cosines: tuple[NormCosine, ...] = ()
    assumptions: tuple[Assumption, ...]

    @classmethod
    def from_report(cls, report: Report) -> Comparison:
        """Take the evidence out of an audit of one candidate and one reference."""
        return cls(
            versions=report.versions,
            created=report.created,
            seconds=report.seconds,
            command=report.command,
            seed=report.settings.seed,
            budget=report.settings.budget,
            family=report.settings.family,
            models=(report.candidate, report.references[0]),
            modules=tuple(
                ComparedModule(
                    name=module.name,
                    parameters=module.parameters,
                    share=module.share,
                    share_numerator=module.share_numerator,
                    share_denominator=module.share_denominator,
                    power=module.power,
                    evidence=module.evidence,
                    layer_maps=module.layer_maps,
                )
                for module in report.modules
            ),
            norm_cosines=report.norm_cosines,
            assumptions=report.assumptions,
        )

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
