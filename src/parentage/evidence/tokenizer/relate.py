# SPDX-License-Identifier: Apache-2.0
"""From the numbers of a pair to a relation, by the rule and its background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from parentage.evidence.tokenizer.comparison import Only
from parentage.evidence.tokenizer.finding import (
    Ancestor,
    Placed,
    Relation,
    TokenizerFinding,
)
from parentage.evidence.tokenizer.rule import features, judge, linked_by
from parentage.stats.rates import conformal_p, percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parentage.evidence.background.tokenizers import TokenizerBackground
    from parentage.evidence.tokenizer.comparison import TokenizerComparison
    from parentage.evidence.tokenizer.rule import Link

MOST = 0.5
"""Ids count as kept if most shared tokens have one constant difference."""


def relate(
    comparison: TokenizerComparison,
    background: TokenizerBackground,
    ancestors: Sequence[Ancestor] = (),
) -> TokenizerFinding:
    """What a comparison supports, judged against real pairs.

    Args:
        comparison: of the candidate (``a``) with the reference (``b``).
        background: real tokenizers and their pairs.
        ancestors: known tokenizers that both contain, see
            :func:`.nearest.common_ancestors`; they only name a common ancestor.
    """
    shares = features(comparison, background.scope)
    link = judge(shares, background.cuts)
    by = linked_by(shares, background.cuts)
    relation = classify(comparison, link, by, background.contained_cut)
    ids: Literal["equal", "offset", "changed"] = "changed"
    if comparison.equal_id_share > MOST:
        ids = "equal"
    elif comparison.offset_share > MOST:
        ids = "offset"
    return TokenizerFinding(
        a=comparison.a,
        b=comparison.b,
        relation=relation,
        link=link,
        linked_by=by,
        shares=tuple(_place(name, value, background) for name, value in shares.items()),
        ids=ids,
        offset=comparison.offset if ids == "offset" else 0,
        shared=comparison.shared,
        added=comparison.only_a or Only(comparison.size_a - comparison.shared, 0, ()),
        missing=comparison.only_b or Only(comparison.size_b - comparison.shared, 0, ()),
        specials=comparison.specials,
        ancestors=tuple(ancestors) if relation == "common-ancestor" else (),
        rates=background.rates,
    )


def same_tokenizer(comparison: TokenizerComparison) -> bool:
    """Whether tokens, ids and order of the regular tokens are all equal."""
    c = comparison
    return (
        c.shared == c.size_a == c.size_b == c.equal_ids
        and c.algorithms[0] == c.algorithms[1]
        and c.learned_a == c.learned_b == c.order.n == c.order.prefix
    )


def classify(
    comparison: TokenizerComparison,
    link: Link,
    by: Sequence[str],
    contained_cut: float,
) -> Relation:
    """Name the relation of a pair.

    Args:
        comparison: the pair.
        link: what the rule says.
        by: the shares that link the two.
        contained_cut: share of a vocabulary from which it counts as contained.
    """
    if same_tokenizer(comparison):
        return "identical"
    if link != "linked":
        return "trained-separately" if link == "clear" else "unclear"
    a_in_b = comparison.contained_a >= contained_cut
    b_in_a = comparison.contained_b >= contained_cut
    if not a_in_b and not b_in_a:
        return "common-ancestor" if {"order", "ids"} & set(by) else "unclear"
    moved = max(comparison.equal_id_share, comparison.offset_share) <= MOST
    in_order = "order" in by or "ids" in by
    if not in_order or (a_in_b and b_in_a and moved):
        return "re-ordered-copy"
    more = comparison.size_a >= comparison.size_b
    return "same-with-additions" if more else "truncated"


def _place(name: str, value: float | None, background: TokenizerBackground) -> Placed:
    cut = background.cuts[name]
    controls = background.independent[name]
    related = background.related[name]
    known = value is not None
    return Placed(
        name=name,
        value=value,
        independent=percentile(value, controls) if value is not None else None,
        related=percentile(value, related) if value is not None else None,
        conformal_p=conformal_p(value, controls)
        if known and value is not None
        else None,
        controls=len(controls),
        largest_control=cut.largest_control,
        clear=cut.clear,
        link=cut.link,
    )
