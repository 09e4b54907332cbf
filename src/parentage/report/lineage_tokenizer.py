# SPDX-License-Identifier: Apache-2.0
"""The document about two tokenizers, version 1.

``a`` is the candidate's tokenizer, ``b`` the reference's. Every count names what it is
out of; a relation comes with its place among known pairs and with measured error
rates. Field names are stable within ``parentage.tokenizer/1``.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

TOKENIZER_SCHEMA: Final = "parentage.tokenizer/1"

RelationWord = Literal[
    "identical",
    "same-with-additions",
    "truncated",
    "re-ordered-copy",
    "common-ancestor",
    "trained-separately",
    "unclear",
]


class Part(BaseModel):
    """What all parts of these documents share: fixed fields, no changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenText(Part):
    """A token: its id, and its bytes as text; bytes that are no text are escaped."""

    id: int
    text: str


class TokenizerInfo(Part):
    """A tokenizer as it was read."""

    name: str
    path: str
    source: str = Field(description="the files it was read from")
    format: str
    algorithm: str
    ids: int = Field(description="number of ids, unused ones included")
    regular: int = Field(description="different tokens that stand for text")
    learned: int = Field(description="tokens with a place in the order of learning")
    merges: int | None = Field(description="null where the format states none")
    added: int = Field(description="added and control tokens")
    byte_level: bool
    roles: dict[str, TokenText] = Field(description="bos_token and the like")
    normalizer: str | None
    pattern: str | None
    template_sha256: str | None = Field(description="of the template of conversations")
    digest: str
    vocabulary_digest: str
    notes: tuple[str, ...] = ()
    bytes_read: int | None = Field(description="size of the files; null for GGUF")


class Ratio(Part):
    """A count and what it is out of."""

    id: str
    count: int
    out_of: int
    of: str = Field(description="what the denominator counts")

    @property
    def share(self) -> float | None:
        """Count over denominator, ``None`` where there is nothing to divide by."""
        return self.count / self.out_of if self.out_of else None


class ScriptItem(Part):
    """Regular tokens of one class of script: of each tokenizer, and of both."""

    script: str
    a: int
    b: int
    shared: int


class BlockItem(Part):
    """Tokens of one side alone whose ids follow each other among regular tokens."""

    first: int
    last: int
    count: int
    at_end: bool
    tokens: tuple[TokenText, ...] = Field(description="some, evenly spaced")


class OnlyItem(Part):
    """The tokens of one side alone; the largest blocks are listed."""

    tokens: int
    blocks: int
    largest: tuple[BlockItem, ...]
    added: tuple[TokenText, ...] = Field(
        description="first added or control tokens that the other side has not"
    )


class PlacedItem(Part):
    """A share of this pair and its place among pairs whose relation is known."""

    name: Literal["order", "tail", "ids"]
    value: float | None
    independent: float | None = Field(description="per cent of independent pairs below")
    related: float | None = Field(description="per cent of related pairs below")
    conformal_p: float | None
    controls: int
    largest_control: float
    clear: float
    link: float


class BackgroundItem(Part):
    """The known pairs that a share is placed among, sorted."""

    name: Literal["order", "tail", "ids"]
    independent: tuple[float, ...] = Field(
        description="largest share of each pair of independent families"
    )
    related: tuple[float, ...]


class AncestorItem(Part):
    """A known tokenizer that both contain, in its order."""

    name: str
    title: str
    covered: float = Field(description="share of the shared tokens that are its own")


class SpecialsItem(Part):
    """Added and control tokens, as far as the files state them."""

    a: int
    b: int
    shared: int
    equal_ids: int


class RateItem(Part):
    """Errors of the rule on families left out of its fit, bounds at 95 %."""

    events: int
    trials: int
    rate: float | None
    low: float
    high: float


class RelationItem(Part):
    """What the numbers of a pair support. Never evidence about weights."""

    relation: RelationWord
    link: Literal["linked", "clear", "unclear"]
    linked_by: tuple[str, ...]
    shares: tuple[PlacedItem, ...]
    ids: Literal["equal", "offset", "changed"]
    offset: int
    shared: int
    added: int
    missing: int
    specials: SpecialsItem
    ancestors: tuple[AncestorItem, ...]
    rates: dict[str, RateItem]
    sentences: tuple[str, ...] = Field(description="in English; the last is the caveat")


class TokenizerPair(Part):
    """Two tokenizers, their numbers and what these support."""

    a: TokenizerInfo
    b: TokenizerInfo
    finding: RelationItem
    numbers: tuple[Ratio, ...]
    offset: int = Field(description="most frequent difference, id in b less id in a")
    order_basis: Literal["learned", "ids"]
    tau: float | None = Field(description="Kendall's tau of the two orders")
    score_correlation: float | None
    pattern: Literal["equal", "different", "not stated"]
    scripts: tuple[ScriptItem, ...]
    profile_a: tuple[float, ...] = Field(
        description="share of a's tokens that b has, by tenths of a's order"
    )
    profile_b: tuple[float, ...]
    points: tuple[tuple[int, int], ...] = Field(
        description="places of sampled shared tokens in both orders"
    )
    only_a: OnlyItem
    only_b: OnlyItem
    background: tuple[BackgroundItem, ...]


class TokenizerNeighbour(Part):
    """A known tokenizer near the one asked about, which is ``a`` of the relation."""

    name: str
    title: str
    owner: str
    size: int
    shared: int
    jaccard: float
    contained: float = Field(description="share of the asked one's tokens that it has")
    neighbours: float | None = Field(description="of learned order, same way round")
    relation: RelationWord


class TokenizerNearest(Part):
    """The known tokenizers nearest to one, by Jaccard overlap, largest first."""

    name: str
    known: int
    nearest: tuple[TokenizerNeighbour, ...]


class TokenizerDocument(Part):
    """A whole comparison of two tokenizers."""

    schema_: Literal["parentage.tokenizer/1"] = Field(
        default="parentage.tokenizer/1", alias="schema"
    )
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    seconds: float
    command: tuple[str, ...]
    pair: TokenizerPair
    nearest: tuple[TokenizerNearest, TokenizerNearest]
    caveat: str

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
