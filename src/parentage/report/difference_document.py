# SPDX-License-Identifier: Apache-2.0
"""The document of a full scan of two models, ``parentage.diff/1``.

Every tensor of both models stands in it once. Sums of groups leave gains and biases of
normalisations out of everything but counts: they are far from zero in every model, so
their cosine is high between unrelated ones and would drown the rest.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.document import Problem
from parentage.report.schemas import model_schema, schema_file

SCHEMA: Final = "parentage.diff/1"
SCHEMA_FILE: Final = "diff-1.schema.json"

Status = Literal["identical", "different", "not-comparable", "only-in-a", "only-in-b"]
Reason = Literal["shape", "format"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Numbers(_Part):
    """What was found over pairs of values; not finite ones count as pairs only."""

    pairs: int = Field(description="pairs of values")
    changed: int = Field(
        description="pairs with other stored bits; of two formats, with other values"
    )
    finite: int = Field(description="pairs of two finite values, all below is of them")
    cosine: float | None
    one_minus_cosine: float | None = Field(
        description="the same, with the digits that a cosine near 1 has not"
    )
    pearson: float | None = Field(description="null where one side is constant")
    relative_l2: float | None = Field(description="norm of a - b over norm of a")
    norm_ratio: float | None = Field(description="norm of b over norm of a")
    max_abs_difference: float | None
    nan: tuple[int, int]
    infinite: tuple[int, int]


class TensorItem(_Part):
    """One tensor in canonical form: fused ones are taken apart."""

    a: str | None = Field(description="stored name in a")
    b: str | None
    module: str
    block: str
    role: str
    layer: int | None
    expert: int | None
    shape_a: tuple[int, ...] | None
    shape_b: tuple[int, ...] | None
    dtype_a: str | None
    dtype_b: str | None
    paired_by: Literal["role", "name", "tied"] | None
    norm_gain: bool
    status: Status
    reason: Reason | None = None
    numbers: Numbers | None = None


class Counts(_Part):
    """Tensors of a group by status."""

    identical: int = 0
    different: int = 0
    not_comparable: int = 0
    only_in_a: int = 0
    only_in_b: int = 0


class Group(_Part):
    """Tensors together; ``numbers`` leaves gains of normalisations out."""

    tensors: Counts
    numbers: Numbers | None
    norm_gains: Numbers | None


class LayerGroup(Group):
    """A layer of a module; ``None``: what stands outside the layers."""

    layer: int | None


class ModuleGroup(Group):
    """A module with its layers."""

    name: str
    layers: tuple[LayerGroup, ...]


class FileItem(_Part):
    """A weight file as it was opened."""

    name: str
    size: int


class DiffModel(_Part):
    """A model as it was read."""

    name: str
    path: str
    parameters: int
    files: tuple[FileItem, ...]
    bytes_stored: int
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class Diff(BaseModel):
    """All of two models, tensor by tensor."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["parentage.diff/1"] = Field(default=SCHEMA, alias="schema")
    versions: dict[str, str]
    created: str
    seconds: float
    command: tuple[str, ...]
    kernel: str = Field(description="numpy, or the library whose kernel summed")
    a: DiffModel
    b: DiffModel
    identical: bool = Field(
        description="every weight was compared and is the same; constants do not count"
    )
    differs: bool = Field(
        description="a weight differs or is in one model only; if neither this nor "
        "identical, some could not be compared"
    )
    total: Group
    modules: tuple[ModuleGroup, ...]
    tensors: tuple[TensorItem, ...]

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)


def schema_text() -> str:
    """The JSON schema of the current model, as the shipped file must hold it."""
    return model_schema(Diff)


def shipped_schema() -> str:
    """The JSON schema file that was installed with the package."""
    return schema_file(SCHEMA_FILE)
