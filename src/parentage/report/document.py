# SPDX-License-Identifier: Apache-2.0
"""The report document, version 1: everything a reader or a re-run needs, as data.

Field names are stable within ``parentage.report/1``. Numbers that can underflow are
``log10``; shares carry numerator and denominator; what could not be done is a value
with a reason. The JSON schema of this model ships as ``report-1.schema.json``.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.descent_document import DescentItem
from parentage.report.lineage_nearest import LineageItem
from parentage.report.reply_document import ReplyBlock
from parentage.report.training_document import TrainingDocument
from parentage.report.verdict_declared import Declared
from parentage.report.verdict_document import Verdict
from parentage.report.verdict_licences import Licences

SCHEMA: Final = "parentage.report/1"

FindingWord = Literal[
    "identical", "reused", "correspondence", "no-dependence-found", "not-testable"
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Problem(_Part):
    """Something odd about the files: it lowers trust or coverage, never hidden."""

    code: str
    severity: Literal["info", "warning", "error"]
    message: str
    file: str | None = None
    tensor: str | None = None
    offset: int | None = None


class Unrecognised(_Part):
    """A stored tensor that got no role."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    parameters: int


class ModuleInfo(_Part):
    """A module of a model: how many of the model's parameters it holds."""

    name: str
    family: str
    parameters: int
    share: float
    layers: int


class FileInfo(_Part):
    """A file of weights."""

    name: str = Field(description="relative to the model's path")
    size: int = Field(description="bytes")
    sha256: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="of the whole file; null where it is not known",
    )
    sha256_from: Literal["source", "bytes"] | None = Field(
        default=None,
        description="source: as the Hub states it, not checked here; bytes: taken of "
        "all of the file on this machine",
    )


class ModelInfo(_Part):
    """A model as it was read."""

    name: str
    path: str
    digest: str = Field(description="SHA-256 over names, shapes and bytes looked at")
    parameters: int
    dtypes: dict[str, int] = Field(description="stored format -> parameters")
    modules: tuple[ModuleInfo, ...]
    unrecognised: tuple[Unrecognised, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: tuple[FileInfo, ...] = ()
    bytes_stored: int
    bytes_read: int


class EvidenceItem(_Part):
    """The result of one test on one subject."""

    id: str
    method: str
    grade: Literal["exact", "calibrated", "descriptive"]
    reference: str
    reference_module: str
    block: str | None = None
    layer: int | None = None
    reference_layer: int | None = None
    statistic: str
    value: float | None
    n: int
    log10_p: float | None = None
    effect: float | None = None
    null_mean: float | None = None
    null_sd: float | None = None
    residual_group: bool = False
    reason: str | None = None
    details: dict[str, object] = {}


class LayerMapItem(_Part):
    """Coins of one block for all pairs of layers."""

    reference: str
    reference_module: str
    block: str
    reference_block: str
    rows: tuple[int | None, ...] = Field(description="candidate layers")
    columns: tuple[int | None, ...] = Field(description="reference layers")
    heads: tuple[tuple[int, ...], ...]
    trials: tuple[tuple[int, ...], ...]
    correlation: tuple[tuple[float, ...], ...]


class PartItem(_Part):
    """A part of a module that is called reused."""

    block: str
    layers: tuple[tuple[int | None, int | None], ...] = Field(
        description="(candidate layer, reference layer); empty for parts outside layers"
    )
    identical: bool
    log10_p: float
    effect: float


class Power(_Part):
    """What would have been found: the other half of every "nothing found"."""

    correlation: float | None = Field(
        description="smallest element correlation that would have been found"
    )
    probability: float
    log10_alpha: float = Field(description="level after correction for the family")


class NormCosine(_Part):
    """Raw cosine of norm gains, with what shuffling and centring leave of it."""

    module: str
    reference: str
    vectors: int
    cosine: float
    shuffled: float
    pearson: float


class DepthItem(_Part):
    """Where the candidate's layers came from, and what that is called."""

    kind: Literal[
        "in-place",
        "layers-removed",
        "depth-up-scaled",
        "layers-added",
        "layers-reordered",
        "layers-taken",
        "layers-interpolated",
    ]
    layers: tuple[tuple[int, tuple[int, ...]], ...] = Field(
        description="candidate layer -> its one or two reference layers"
    )
    own: tuple[int, ...] = Field(description="candidate layers without a partner")
    unused: tuple[int, ...] = Field(description="reference layers that nothing is from")
    repeated: tuple[int, ...] = Field(
        description="reference layers that several candidate layers came from"
    )


class Outcome(_Part):
    """What the evidence says about a module against one reference."""

    reference: str
    reference_module: str | None
    finding: FindingWord
    log10_p: float | None = Field(description="smallest, uncorrected")
    log10_p_adjusted: float | None = Field(description="corrected for the family")
    effect: float | None = Field(description="element correlation")
    parts: tuple[PartItem, ...] = ()
    depth: DepthItem | None = None
    whole: bool = False
    power: Power
    reason: str | None = None
    elements: int = 0
    truncated: tuple[str, ...] = Field(
        default=(), description="roles of other shape: common index range compared"
    )


class ModuleResult(_Part):
    """A module of the candidate with its finding, evidence and power."""

    name: str
    parameters: int
    share: float
    share_numerator: int
    share_denominator: int
    finding: FindingWord
    reference: str | None
    log10_p: float | None
    log10_p_adjusted: float | None
    effect: float | None
    power: Power
    reason: str | None = None
    sentence: str
    outcomes: tuple[Outcome, ...]
    evidence: tuple[EvidenceItem, ...]
    layer_maps: tuple[LayerMapItem, ...] = ()


class Settings(_Part):
    """Everything that decides the numbers, apart from the weights."""

    seed: int
    budget: int
    log10_alpha: float
    log10_correspondence: float
    effect_floor: float
    shared_basis_ratio: float
    coupled_ratio: float
    undo_budget: int = 0
    descent_budget: int = 0
    aligned_floor: float | None = None
    token_floor: float | None = None
    log10_calibrated: float | None = None
    family: int = Field(description="number of exact tests corrected for")
    sequential: bool = Field(
        default=False, description="reading stopped where a module was decided"
    )
    plan: str | None = Field(
        default=None, description="digest of the plan that the audit was held to"
    )


class Assumption(_Part):
    """What the exact p-values rest on."""

    id: str
    text: str


class Report(_Part):
    """A whole audit."""

    schema_: Literal["parentage.report/1"] = Field(SCHEMA, alias="schema")
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    seconds: float
    command: tuple[str, ...]
    settings: Settings
    candidate: ModelInfo
    references: tuple[ModelInfo, ...]
    finding: FindingWord
    headline: str
    modules: tuple[ModuleResult, ...]
    norm_cosines: tuple[NormCosine, ...] = ()
    lineage: tuple[LineageItem, ...] = Field(
        default=(),
        description="tokenizer and architecture beside each reference's; no evidence",
    )
    descents: tuple[DescentItem, ...] = Field(
        default=(),
        description="kind of descent of modules that exact tests found dependent",
    )
    training: TrainingDocument | None = Field(
        default=None,
        description="what the candidate's training record supports, if one was given",
    )
    declared: Declared | None = Field(
        default=None, description="what the maker says, against the evidence"
    )
    licences: Licences | None = Field(
        default=None, description="from reused modules to the whole; no legal advice"
    )
    verdicts: tuple[Verdict, ...] = Field(
        default=(), description="the findings under each profile that was asked for"
    )
    replies: tuple[ReplyBlock, ...] = Field(
        default=(),
        description="what named parties say to it; no part of the report's digest",
    )
    assumptions: tuple[Assumption, ...]
    coverage: float = Field(
        description="share of parameters in modules that were tested"
    )

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)

    def _repr_html_(self) -> str:
        """A small table for notebooks."""
        from parentage.report.page_notebook import notebook_html  # noqa: PLC0415

        return notebook_html(self)
