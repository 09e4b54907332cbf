# SPDX-License-Identifier: Apache-2.0
"""The numbers of one pair of tokenizers, each count with what it is out of.

``a`` is the candidate's tokenizer, ``b`` the reference's. Only regular tokens count,
each byte string once; added and control tokens are compared apart.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from parentage.stats.kendall import Order

PARTS = 10
"""Parts into which the order of learning is cut for the profile of containment."""


@dataclass(frozen=True)
class MergeOverlap:
    """Merges of two tokenizers whose files state them.

    Attributes:
        a, b: different merges of each.
        common: merges that both have, joining the same two tokens.
        prefix: merges at the start of the lists that are the same.
    """

    a: int
    b: int
    common: int
    prefix: int


@dataclass(frozen=True)
class SpecialOverlap:
    """Added and control tokens: how many each has, share, and share with equal ids."""

    a: int
    b: int
    shared: int
    equal_ids: int


@dataclass(frozen=True)
class ScriptOverlap:
    """Regular tokens of one class of script: of each tokenizer, and of both."""

    script: str
    a: int
    b: int
    shared: int


@dataclass(frozen=True)
class Block:
    """Tokens that the other tokenizer has not, without one that it has in between.

    Attributes:
        first, last: ids.
        count: tokens.
        at_end: whether no shared token has a higher id.
    """

    first: int
    last: int
    count: int
    at_end: bool


@dataclass(frozen=True)
class Only:
    """The tokens of one side alone: how many, in how many blocks, the largest ones."""

    tokens: int
    blocks: int
    largest: tuple[Block, ...]


@dataclass(frozen=True)
class TokenizerComparison:
    """How much two tokenizers have in common.

    Attributes:
        a, b: names.
        algorithms: of ``a`` and ``b``.
        size_a, size_b: different regular tokens.
        shared: those that both have.
        equal_ids: shared tokens with the same id.
        offset: the difference (id in ``b`` minus id in ``a``) that most shared tokens
            have; the smallest one of several.
        at_offset: shared tokens with that difference.
        order_basis: ``learned`` if both state an order of learning, ``ids`` if the
            order of ids stands in for one of them.
        order: how the order of shared tokens in ``a`` looks in ``b``. Bytes and
            single characters are left out.
        learned_a, learned_b: tokens that have a place in each order.
        profile_a: share of ``a``'s tokens that ``b`` has, for each tenth of ``a``'s
            order, first learned first; empty if ``a`` has fewer tokens than tenths.
        profile_b: the same of ``b``'s tokens in ``a``.
        merges: overlap of merges, ``None`` unless both files state them.
        score_correlation: Pearson correlation of Unigram scores over shared tokens,
            ``None`` unless both are Unigram.
        specials: added and control tokens.
        pattern: whether the declared cuts of text are ``equal``, ``different`` or
            ``not stated`` on one side.
        scripts: overlap for each class of script.
        only_a, only_b: where the tokens of one side alone are; ``None`` if not asked.
    """

    a: str
    b: str
    algorithms: tuple[str, str]
    size_a: int
    size_b: int
    shared: int
    equal_ids: int
    offset: int
    at_offset: int
    order_basis: Literal["learned", "ids"]
    order: Order
    learned_a: int
    learned_b: int
    profile_a: tuple[float, ...]
    profile_b: tuple[float, ...]
    merges: MergeOverlap | None
    score_correlation: float | None
    specials: SpecialOverlap
    pattern: Literal["equal", "different", "not stated"]
    scripts: tuple[ScriptOverlap, ...]
    only_a: Only | None = None
    only_b: Only | None = None

    @property
    def union(self) -> int:
        """Tokens that at least one of them has."""
        return self.size_a + self.size_b - self.shared

    @property
    def jaccard(self) -> float:
        """Shared tokens out of those that at least one has."""
        return self.shared / self.union if self.union else 0.0

    @property
    def contained_a(self) -> float:
        """Share of ``a``'s tokens that ``b`` has."""
        return self.shared / self.size_a if self.size_a else 0.0

    @property
    def contained_b(self) -> float:
        """Share of ``b``'s tokens that ``a`` has."""
        return self.shared / self.size_b if self.size_b else 0.0

    @property
    def equal_id_share(self) -> float:
        """Share of shared tokens with equal ids."""
        return self.equal_ids / self.shared if self.shared else 0.0

    @property
    def offset_share(self) -> float:
        """Share of shared tokens at the most frequent offset."""
        return self.at_offset / self.shared if self.shared else 0.0

    @property
    def tail(self) -> float | None:
        """Share of one's last learned tenth that the other has; the larger share.

        Tokenizers of any origin share frequent tokens. The last ones learned are rare
        words and scraps that only the same corpus or a copy brings about.
        """
        ends = [profile[-1] for profile in (self.profile_a, self.profile_b) if profile]
        return max(ends) if ends else None

    def to_dict(self) -> dict[str, object]:
        """Plain data, derived shares included."""
        plain: dict[str, object] = asdict(self)
        for name in (
            "union",
            "jaccard",
            "contained_a",
            "contained_b",
            "equal_id_share",
            "offset_share",
            "tail",
        ):
            plain[name] = getattr(self, name)
        order = asdict(self.order)
        order["agreement"] = self.order.agreement
        plain["order"] = order
        return plain
