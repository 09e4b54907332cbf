# SPDX-License-Identifier: Apache-2.0
"""The rule that tells related tokenizers from independent ones, and its error rate.

Three shares are near 1 for tokenizers of one origin, whatever was added:

* **order**: neighbours in one order of learning that stand the same way round in the
  other. Tokenizers trained apart agree like fair coins, about one half.
* **tail**: the last tenth of one, in its own order, that the other has.
* **ids**: shared tokens at one constant difference of ids.

Each is compared with the largest value among pairs that are known to be independent.
The cuts follow from these controls alone, so that related pairs play no part in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parentage.evidence.tokenizer.comparison import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parentage.evidence.tokenizer.comparison import TokenizerComparison

FEATURES = ("order", "tail", "ids")
LINK = 0.5
"""A pair is linked if it is at least this far from the largest control towards 1."""
CLEAR = 0.25
"""A pair is clear if it is at most this far from the largest control towards 1."""

MIN_ORDER = 100
"""Shared tokens with a place in both orders, for the order to count."""
MIN_SHARED = 1000
"""Shared tokens for the ids to count."""

Link = Literal["linked", "clear", "unclear"]


LOW_TAIL = 0.5
"""A tail below this is far from a copy's, whatever the sizes."""


@dataclass(frozen=True)
class Scope:
    """Sizes at which controls share much of their tails, so that its limit is known.

    A small vocabulary holds frequent tokens only, which every large one has: beyond
    these sizes a large tail says nothing.

    Attributes:
        smallest, largest: fewest and most learned tokens of such a control.
        ratio: largest ratio of learned tokens within a pair of them.
    """

    smallest: int
    largest: int
    ratio: float

    def covers(self, comparison: TokenizerComparison) -> bool:
        """Whether a pair's sizes lie within those of the controls."""
        low = min(comparison.learned_a, comparison.learned_b)
        high = max(comparison.learned_a, comparison.learned_b)
        return max(self.smallest, PARTS) <= low and high <= min(
            self.largest, self.ratio * low
        )


def scope_of(controls: Iterable[TokenizerComparison]) -> Scope:
    """The sizes that independent pairs cover."""
    sizes = [
        sorted((c.learned_a, c.learned_b))
        for c in controls
        if c.tail is not None and c.tail >= LOW_TAIL
    ]
    return Scope(
        smallest=min(low for low, _ in sizes),
        largest=max(high for _, high in sizes),
        ratio=round(max(high / low for low, high in sizes) + 5e-4, 3),
    )


def features(comparison: TokenizerComparison, scope: Scope) -> dict[str, float | None]:
    """The three shares of a pair; ``None`` where one says nothing.

    Args:
        comparison: the pair.
        scope: sizes that the controls cover.
    """
    c = comparison
    learned = c.order_basis == "learned"
    order = c.order.agreement if learned and c.order.n >= MIN_ORDER else None
    known = c.tail is not None and (c.tail < LOW_TAIL or scope.covers(c))
    tail = c.tail if known else None
    ids = c.offset_share if c.shared >= MIN_SHARED else None
    return {"order": order, "tail": tail, "ids": ids}


@dataclass(frozen=True)
class Cut:
    """Where one share divides: the largest control, and the two cuts above it."""

    largest_control: float
    clear: float
    link: float


def fit(controls: Iterable[Mapping[str, float | None]]) -> dict[str, Cut]:
    """The cuts that follow from independent pairs.

    A share that no control has gets no cut, and says nothing.
    """
    cuts = {}
    rows = list(controls)
    for name in FEATURES:
        values = [v for row in rows if (v := row[name]) is not None]
        if values:
            top = max(values)
            room = 1.0 - top
            cuts[name] = Cut(top, top + CLEAR * room, top + LINK * room)
    return cuts


def judge(shares: Mapping[str, float | None], cuts: Mapping[str, Cut]) -> Link:
    """Whether a pair is linked, clear, or neither.

    Linked if any share is beyond its upper cut. Clear if the order and the tail, or
    the tail alone where no order can be compared, are below their lower cuts.
    """
    known = {
        name: (value, cuts[name])
        for name, value in shares.items()
        if value is not None and name in cuts
    }
    if any(value >= cut.link for value, cut in known.values()):
        return "linked"
    decisive = "order" in known or "tail" in known
    if decisive and all(value <= cut.clear for value, cut in known.values()):
        return "clear"
    return "unclear"


def linked_by(
    shares: Mapping[str, float | None], cuts: Mapping[str, Cut]
) -> tuple[str, ...]:
    """The shares that are beyond their upper cuts."""
    return tuple(
        name
        for name, value in shares.items()
        if value is not None and name in cuts and value >= cuts[name].link
    )
