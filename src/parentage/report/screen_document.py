# SPDX-License-Identifier: Apache-2.0
"""The documents of fingerprints, registries and screenings, version 1.

Field names are stable within a version. The JSON schemas of these models ship beside
this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.document import DepthItem, FindingWord, PartItem, Power
from parentage.report.schemas import model_schema, schema_file


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Document(_Part):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)


class FingerprintModule(_Part):
    """A module of a fingerprinted model, with what is held of it."""

    name: str
    parameters: int
    share: float
    layers: int
    values: int = Field(description="values held")


class FingerprintInfo(_Document):
    """A fingerprint."""

    schema_: Literal["parentage.fingerprint-info/1"] = Field(
        "parentage.fingerprint-info/1", alias="schema"
    )
    name: str
    revision: str
    digest: str = Field(description="SHA-256 of its content")
    model_digest: str = Field(
        description="SHA-256 over names, shapes and all values read of the model"
    )
    file: str = ""
    size: int = Field(description="bytes of the file")
    seed: int
    level: int
    parameters: int
    bytes_stored: int = Field(description="bytes of the model's weights")
    tokenizer: bool
    modules: tuple[FingerprintModule, ...]
    notes: tuple[str, ...] = ()


class RegistryRow(_Part):
    """A fingerprint as a registry lists it."""

    digest: str
    name: str
    revision: str
    model_digest: str
    parameters: int
    seed: int
    level: int
    size: int
    added: str


class RegistryDocument(_Document):
    """What a registry holds, or what was done to it."""

    schema_: Literal["parentage.registry/1"] = Field(
        "parentage.registry/1", alias="schema"
    )
    registry: str = Field(description="where it is, without a password")
    count: int
    action: str
    changed: int = Field(
        default=0, description="fingerprints added, removed or exported"
    )
    rows: tuple[RegistryRow, ...] = ()
    problems: tuple[str, ...] = ()


class ScreenModule(_Part):
    """A module of the candidate against one fingerprint, or its nearest one."""

    name: str
    parameters: int
    share: float
    finding: FindingWord
    reference: str | None = None
    reference_module: str | None = None
    log10_p: float | None = Field(default=None, description="smallest, uncorrected")
    log10_p_adjusted: float | None = Field(
        default=None, description="corrected for all tests against the whole registry"
    )
    effect: float | None = Field(default=None, description="element correlation")
    parts: tuple[PartItem, ...] = ()
    depth: DepthItem | None = None
    whole: bool = False
    power: Power
    reason: str | None = None


class ScreenMatch(_Part):
    """A fingerprint that exact tests were run against."""

    name: str
    digest: str
    revision: str
    score: float = Field(description="of the search: orders, but is no p-value")
    passed: bool = Field(description="whether the score let it pass")
    finding: FindingWord
    reused_share: float = Field(
        description="share of the candidate's parameters in modules called reused"
    )
    modules: tuple[ScreenModule, ...]
    tokenizer: str | None = Field(
        default=None, description="relation of the tokenizers"
    )
    architecture: dict[str, str] = Field(
        default={}, description="component -> relation of the architectures"
    )


class ScreenSettings(_Part):
    """Everything that decides the numbers, apart from the fingerprints."""

    seed: int
    log10_alpha: float
    log10_correspondence: float
    effect_floor: float
    shared_basis_ratio: float
    coupled_ratio: float
    family: int = Field(description="bound on the tests against the whole registry")
    threshold: float = Field(description="score from which a fingerprint is tested")
    limit: int = Field(description="fingerprints tested at most")


class ScreenDocument(_Document):
    """A screening of one model against everything in a registry."""

    schema_: Literal["parentage.screen/1"] = Field("parentage.screen/1", alias="schema")
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    seconds: float
    command: tuple[str, ...]
    registry: str
    candidate: FingerprintInfo
    known_as: str | None = Field(
        default=None, description="name under which this very fingerprint is registered"
    )
    looked_at: int = Field(description="fingerprints in the registry")
    comparable: int = Field(description="that share a block's shape")
    passed: int = Field(description="whose score let them pass")
    tested: int = Field(description="that exact tests were run against")
    settings: ScreenSettings
    finding: FindingWord
    modules: tuple[ScreenModule, ...] = Field(description="each with its nearest")
    matches: tuple[ScreenMatch, ...] = Field(description="nearest first")
    coverage: float = Field(
        description="share of parameters in modules that were tested"
    )
    caveats: tuple[str, ...]


class PairItem(_Part):
    """Two models of a list."""

    candidate: str
    reference: str
    finding: FindingWord
    reused_share: float
    log10_p_adjusted: float | None
    modules: dict[str, FindingWord]


class PairsDocument(_Document):
    """All pairs of a list of models."""

    schema_: Literal["parentage.pairs/1"] = Field("parentage.pairs/1", alias="schema")
    versions: dict[str, str]
    created: str
    seconds: float
    command: tuple[str, ...]
    models: tuple[FingerprintInfo, ...]
    family: int
    pairs: tuple[PairItem, ...]
    failed: dict[str, str] = Field(default={}, description="model -> why")


class BatchRow(_Part):
    """One model of a list."""

    model: str
    finding: FindingWord | None = None
    nearest: str | None = None
    file: str | None = None
    error: str | None = None


class BatchDocument(_Document):
    """A list of models that was worked through."""

    schema_: Literal["parentage.batch/1"] = Field("parentage.batch/1", alias="schema")
    versions: dict[str, str]
    created: str
    seconds: float
    command: tuple[str, ...]
    task: str
    rows: tuple[BatchRow, ...]


DOCUMENTS: Final[Mapping[str, type[BaseModel]]] = {
    "fingerprint-info-1.schema.json": FingerprintInfo,
    "registry-1.schema.json": RegistryDocument,
    "screen-1.schema.json": ScreenDocument,
    "pairs-1.schema.json": PairsDocument,
    "batch-1.schema.json": BatchDocument,
}
"""Schema file -> the document that it describes."""


def schema_text(name: str) -> str:
    """The JSON schema of the current model, as the file ``name`` must hold it."""
    return model_schema(DOCUMENTS[name])


def shipped_schema(name: str) -> str:
    """The JSON schema file that was installed with the package."""
    return schema_file(name)
