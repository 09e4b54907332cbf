# SPDX-License-Identifier: Apache-2.0
"""The known tokenizers that are nearest to one, and those that two have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parentage.evidence.tokenizer.compare import Book
from parentage.evidence.tokenizer.finding import Ancestor
from parentage.evidence.tokenizer.relate import relate, same_tokenizer
from parentage.evidence.tokenizer.rule import features, judge
from parentage.evidence.tokenizer.vocabulary import Vocabulary, vocabulary

if TYPE_CHECKING:
    from parentage.evidence.background.tokenizers import TokenizerBackground
    from parentage.evidence.tokenizer.comparison import TokenizerComparison
    from parentage.evidence.tokenizer.finding import TokenizerFinding
    from parentage.model.tokenizer.description import Tokenizer


@dataclass(frozen=True)
class Neighbour:
    """A known tokenizer and how the asked one is related to it.

    Attributes:
        name, title: of the known tokenizer.
        comparison: its numbers; the asked tokenizer is ``a``.
        finding: what they support.
    """

    name: str
    title: str
    comparison: TokenizerComparison
    finding: TokenizerFinding


def nearest(
    tokenizer: Tokenizer | Vocabulary,
    background: TokenizerBackground,
    k: int = 5,
) -> tuple[Neighbour, ...]:
    """The ``k`` known tokenizers with the largest Jaccard overlap, largest first.

    Every known tokenizer is compared in full; ties go to the one listed first. Exact
    up to chance equality of hashes of ``background.bits`` bits.
    """
    asked = _vocabulary(tokenizer)
    book = Book([asked, *background.vocabularies])
    found = [book.compare(0, i + 1) for i in range(len(background.entries))]
    ranked = sorted(range(len(found)), key=lambda i: (-found[i].jaccard, i))
    return tuple(
        Neighbour(
            name=background.entries[i].name,
            title=background.entries[i].title,
            comparison=found[i],
            finding=relate(found[i], background),
        )
        for i in ranked[: max(k, 0)]
    )


def common_ancestors(
    a: Tokenizer | Vocabulary,
    b: Tokenizer | Vocabulary,
    background: TokenizerBackground,
) -> tuple[Ancestor, ...]:
    """Known tokenizers that both contain and keep in order, widest cover first.

    A tokenizer that is one of the two is no ancestor of both.
    """
    first, second = _vocabulary(a), _vocabulary(b)
    book = Book([*background.vocabularies, first, second])
    n = len(background.entries)
    rows = book.rows_in(n, n + 1)
    shared = np.sort(second.shortened(background.bits)[rows >= 0])
    found = []
    for i, entry in enumerate(background.entries):
        pair = [book.compare(i, n), book.compare(i, n + 1)]
        if any(same_tokenizer(p) for p in pair):
            continue
        if all(_contains(p, background) for p in pair):
            own = background.vocabularies[i].hashes
            covered = np.isin(shared, own).mean() if len(shared) else 0.0
            found.append(Ancestor(entry.name, entry.title, float(covered)))
    return tuple(sorted(found, key=lambda ancestor: -ancestor.covered))


def _contains(pair: TokenizerComparison, background: TokenizerBackground) -> bool:
    """Whether ``b`` of the pair contains ``a``, the known one, in its order."""
    shares = features(pair, background.scope)
    inside = pair.contained_a >= background.contained_cut
    ordered = {**shares, "tail": None}
    return inside and judge(ordered, background.cuts) == "linked"


def _vocabulary(tokenizer: Tokenizer | Vocabulary) -> Vocabulary:
    return tokenizer if isinstance(tokenizer, Vocabulary) else vocabulary(tokenizer)
