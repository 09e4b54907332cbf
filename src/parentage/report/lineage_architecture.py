# SPDX-License-Identifier: Apache-2.0
"""The document about two architectures, version 1.

Rarity is in bits: one bit is a value that every second independent maker of designs
has. Field names are stable within ``parentage.config/1``.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, Field

from parentage.report.lineage_tokenizer import Part, RateItem

CONFIG_SCHEMA: Final = "parentage.config/1"

ArchitectureWord = Literal["shared", "near", "common", "own", "unweighed"]
DifferenceWord = Literal["none", "quantitative", "module", "architecture"]
FieldValue = bool | int | float | str | tuple[int, ...]


class FieldItem(Part):
    """One field on both sides."""

    field: str
    group: str
    unit: str
    part: Literal["design", "vocabulary", "context"]
    relation: Literal[
        "equal", "different", "unclear", "only the candidate", "only the reference"
    ]
    candidate: FieldValue | None
    reference: FieldValue | None
    candidate_source: str = Field(
        description="stated, derived, defaulted, from shapes; empty where not filled"
    )
    reference_source: str
    bits: float = Field(description="rarity of the value; 0 where it is not weighed")
    difference: str = Field(description="class of difference, or empty")


class DerivedItem(Part):
    """Whether the two are one design in two sizes."""

    complete: bool = Field(description="the steps explain every differing field")
    steps: tuple[str, ...]
    scale: float | None = Field(description="the one ratio of the widths, if any")
    others: tuple[str, ...] = Field(description="fields that no step explains")


class ComponentItem(Part):
    """What the comparison of two components shows."""

    kind: str
    reference: str
    word: ArchitectureWord
    shared_bits: float
    different_bits: float
    information: float = Field(description="rarity of all of the candidate's values")
    needed_bits: float = Field(description="agreement from which 'shared' is said")
    needed_agreement: float = Field(description="share that must agree for 'near'")
    difference: DifferenceWord
    derived: DerivedItem
    fields: tuple[FieldItem, ...]


class CountItem(Part):
    """Parameters recomputed from the fields of one component alone."""

    kind: str
    parts: dict[str, int]
    total: int | None = Field(description="null where they cannot be counted")
    active: int | None = Field(description="those that take part for one token")
    mtp: int = Field(description="in layers of multi-token prediction, not in total")
    assumed: tuple[str, ...] = Field(description="fields taken as usual")
    reason: str | None = None


class StoredItem(Part):
    """Parameters of the stored tensors of the text model, by part."""

    parts: dict[str, int]
    total: int
    counted: int | None = Field(description="recomputed for the same parts")


class ComponentInfo(Part):
    """A component as it was read."""

    kind: str
    model_type: str
    sources: dict[str, int] = Field(description="fields by where their value is from")
    count: CountItem


class ValueProblem(Part):
    """A value that could not be used."""

    component: str
    field: str
    key: str
    found: str
    expected: str


class ContradictionItem(Part):
    """A field on which config and tensors disagree."""

    component: str
    field: str
    stated: FieldValue
    shapes: FieldValue


class ArchitectureInfo(Part):
    """A model's architecture as it was read."""

    name: str
    path: str
    read_from: Literal["config", "GGUF metadata", "tensors and config", "tensors"]
    components: tuple[ComponentInfo, ...]
    stored: StoredItem | None
    problems: tuple[ValueProblem, ...]
    contradictions: tuple[ContradictionItem, ...]
    bytes_read: int


class ArchitecturePair(Part):
    """Two architectures, component by component."""

    a: ArchitectureInfo
    b: ArchitectureInfo
    components: tuple[ComponentItem, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    sentences: tuple[str, ...] = Field(description="in English; the last is the caveat")


class ArchitectureNeighbour(Part):
    """A known architecture near the one asked about."""

    reference: str
    released: str = Field(description="month of its family's first release, or empty")
    word: ArchitectureWord
    shared_bits: float
    different_bits: float
    difference: DifferenceWord
    differing: tuple[str, ...]


class ComponentNearest(Part):
    """The known architectures nearest to one component, and what is said of it."""

    name: str
    kind: str
    word: ArchitectureWord
    information: float
    makers: int = Field(description="independent makers it was weighed against")
    nearest: tuple[ArchitectureNeighbour, ...]


class ArchitectureRates(Part):
    """Measured errors for one kind of component; pairs of makers count once."""

    kind: str
    unrelated: RateItem = Field(description="unrelated designs called shared or near")
    copies: RateItem = Field(description="copies of rare designs called shared or near")


class ConfigDocument(Part):
    """A whole comparison of two architectures."""

    schema_: Literal["parentage.config/1"] = Field(
        default="parentage.config/1", alias="schema"
    )
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    seconds: float
    command: tuple[str, ...]
    excluded: tuple[str, ...] = Field(description="organisations left out")
    pair: ArchitecturePair
    nearest: tuple[ComponentNearest, ...]
    rates: tuple[ArchitectureRates, ...]
    caveat: str

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
