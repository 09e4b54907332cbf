# SPDX-License-Identifier: Apache-2.0
"""What kind of descent a module shows, as part of the document of an audit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.evidence.descent import Descent


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChangeItem(_Part):
    """Distance from one reference."""

    reference: str
    relative: float = Field(
        description="length of the difference over that of the reference"
    )
    equal: float = Field(description="share of values that are the same")
    frozen: float = Field(description="share of tensors that are the same throughout")
    elements: int
    layers: tuple[tuple[int | None, float], ...] = Field(
        description="(layer, relative change)"
    )


class LayerSourceItem(_Part):
    """References that hold a block of a layer value for value."""

    block: str
    layer: int | None
    references: tuple[str, ...]
    equal: float


class RoundingItem(_Part):
    """How well a reference fits as what was rounded."""

    reference: str
    residual: float = Field(description="in units of what rounding leaves; about 1")
    same: float = Field(description="share of values that rounding makes of it")
    on_grid: bool


class QuantisedItem(_Part):
    """A grid under the candidate's matrices."""

    scheme: str
    group: int
    share: float
    candidates: tuple[RoundingItem, ...]


class RanksItem(_Part):
    """Ranks of the differences."""

    rank: int
    full: int
    share: float
    effective: int
    matrices: int
    low: bool
    example: tuple[float, ...]


class ParentShareItem(_Part):
    """What one parent gave."""

    reference: str
    weight: float
    low: float = Field(description="lower end of the 95 % interval")
    high: float = Field(description="upper end of the 95 % interval")
    density: float | None = None


class MixtureItem(_Part):
    """The candidate as a mixture of references."""

    method: Literal["linear", "spherical", "ties", "dare", "unknown"]
    parents: tuple[ParentShareItem, ...]
    base: str | None
    unexplained: float
    floor: float
    explained: float | None
    layers: tuple[tuple[int | None, tuple[float, ...]], ...]
    arc: float | None
    kin: float
    elements: int
    notes: tuple[str, ...] = ()


class RemainderItem(_Part):
    """What no listed reference explains."""

    sign: Literal["share-of-whole", "share-of-change", "dropped-changes"]
    reference: str
    share: float
    excess: float
    ratio: float
    chance: float
    unexplained: float
    floor: float


class DescentItem(_Part):
    """What kind of descent; only for modules that exact tests found dependent."""

    module: str
    kind: Literal[
        "identical",
        "passthrough",
        "quantised",
        "merge",
        "low-rank",
        "merge-with-remainder",
        "trained",
        "not-described",
    ]
    nearest: str | None
    extent: Literal["none", "light", "moderate", "heavy"] | None
    changes: tuple[ChangeItem, ...] = ()
    sources: tuple[LayerSourceItem, ...] = ()
    quantised: QuantisedItem | None = None
    ranks: RanksItem | None = None
    mixture: MixtureItem | None = None
    remainder: RemainderItem | None = None
    weights: dict[str, float] = Field(
        default={}, description="sum-to-one fit, even where it explains little"
    )
    open_shares: tuple[ParentShareItem, ...] = Field(
        default=(),
        description="of a module that looks trained: references part of whose change "
        "it holds, which an unlisted parent or similar training would explain",
    )
    direction: Literal["undecided", "from-reference", "from-candidate"]
    direction_reason: str
    dates: tuple[str, str] | None = Field(
        default=None,
        description="dates given for the candidate and the nearest reference, where "
        "they say the direction",
    )
    reason: str | None = None
    notes: tuple[str, ...] = ()
    elements: int


def descent_items(found: list[Descent]) -> tuple[DescentItem, ...]:
    """Descriptions as items of a document."""
    return tuple(DescentItem.model_validate(asdict(d)) for d in found)
