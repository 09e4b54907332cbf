# SPDX-License-Identifier: Apache-2.0
"""Compare two tokenizers, or all pairs of many, on hashes of their tokens.

All hashes are numbered once. Which tokens two tokenizers share is then one lookup in
a table, so that a pair of 100,000 tokens each takes milliseconds.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

import numpy as np

from parentage.evidence.tokenizer.comparison import (
    PARTS,
    Block,
    MergeOverlap,
    Only,
    ScriptOverlap,
    SpecialOverlap,
    TokenizerComparison,
)
from parentage.evidence.tokenizer.scripts import SCRIPTS
from parentage.evidence.tokenizer.vocabulary import Vocabulary, vocabulary
from parentage.stats.kendall import compare_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from parentage.model.tokenizer.description import Tokenizer

LARGEST_BLOCKS = 20
"""Blocks of tokens of one side alone that are listed; all are counted."""


def compare_tokenizers(
    a: Tokenizer | Vocabulary, b: Tokenizer | Vocabulary
) -> TokenizerComparison:
    """Compare a candidate's tokenizer with a reference's, down to blocks of ids."""
    pair = [v if isinstance(v, Vocabulary) else vocabulary(v) for v in (a, b)]
    return Book(pair).compare(0, 1, blocks=True)


def compare_all(
    vocabularies: Sequence[Vocabulary],
) -> Iterator[tuple[int, int, TokenizerComparison]]:
    """Compare every pair ``i < j``, without blocks of ids."""
    book = Book(vocabularies)
    for i, j in itertools.combinations(range(len(vocabularies)), 2):
        yield i, j, book.compare(i, j)


class Book:
    """Several vocabularies whose hashes are numbered together.

    Args:
        vocabularies: to be compared; hashes are cut to the fewest bits of any.
    """

    def __init__(self, vocabularies: Sequence[Vocabulary]) -> None:
        self.vocabularies = list(vocabularies)
        bits = min((v.bits for v in self.vocabularies), default=64)
        self._codes, self._distinct = _number(
            [v.shortened(bits) for v in self.vocabularies]
        )
        none = np.zeros(0, dtype=np.uint64)
        merges, self._distinct_merges = _number(
            [none if v.merges is None else v.merges for v in self.vocabularies]
        )
        self._merges = [np.unique(codes) for codes in merges]
        self._by_order = [_rows_by_order(v) for v in self.vocabularies]
        self._scripts = [_count_scripts(v.scripts) for v in self.vocabularies]
        self._open: int | None = None
        self._place = np.zeros(0, dtype=np.int32)
        self._has_merge = np.zeros(0, dtype=np.bool_)

    def rows_in(self, i: int, j: int) -> NDArray[np.int32]:
        """For each token of ``j`` its row in ``i``, or -1 where ``i`` has it not."""
        if self._open != i:
            codes = self._codes[i]
            self._place = np.full(self._distinct, -1, dtype=np.int32)
            # Backwards, so that of equal hashes the first row stays.
            self._place[codes[::-1]] = np.arange(len(codes), dtype=np.int32)[::-1]
            self._has_merge = np.zeros(self._distinct_merges, dtype=np.bool_)
            self._has_merge[self._merges[i]] = True
            self._open = i
        rows: NDArray[np.int32] = self._place[self._codes[j]]
        return rows

    def compare(self, i: int, j: int, *, blocks: bool = False) -> TokenizerComparison:
        """Compare vocabulary ``i`` (the candidate's) with ``j`` (the reference's)."""
        a, b = self.vocabularies[i], self.vocabularies[j]
        found = self.rows_in(i, j)
        rows_b = np.flatnonzero(found >= 0)
        rows_a = found[rows_b]
        in_a = np.zeros(a.size, dtype=np.bool_)
        in_a[rows_a] = True
        in_b = found >= 0
        difference = b.ids[rows_b] - a.ids[rows_a]
        offset, at_offset = _most_frequent(difference)
        shared_scripts = _count_scripts(b.scripts[rows_b])
        both_learned = a.learned and b.learned
        return TokenizerComparison(
            a=a.name,
            b=b.name,
            algorithms=(a.algorithm, b.algorithm),
            size_a=a.size,
            size_b=b.size,
            shared=len(rows_b),
            equal_ids=int(np.count_nonzero(difference == 0)),
            offset=offset,
            at_offset=at_offset,
            order_basis="learned" if both_learned else "ids",
            order=compare_order(_places(a, b, rows_a, rows_b)),
            learned_a=len(self._by_order[i]),
            learned_b=len(self._by_order[j]),
            profile_a=_profile(in_a[self._by_order[i]]),
            profile_b=_profile(in_b[self._by_order[j]]),
            merges=self._compare_merges(i, j),
            score_correlation=_correlation(a, b, rows_a, rows_b),
            specials=_compare_specials(a, b),
            pattern=_compare_patterns(a, b),
            scripts=tuple(
                ScriptOverlap(name, *counts)
                for name, *counts in zip(
                    SCRIPTS,
                    self._scripts[i],
                    self._scripts[j],
                    shared_scripts,
                    strict=True,
                )
            ),
            only_a=_only(a.ids, in_a) if blocks else None,
            only_b=_only(b.ids, in_b) if blocks else None,
        )

    def _compare_merges(self, i: int, j: int) -> MergeOverlap | None:
        first, second = (self.vocabularies[k].merges for k in (i, j))
        if first is None or second is None:
            return None
        shorter = min(len(first), len(second))
        differs = np.flatnonzero(first[:shorter] != second[:shorter])
        return MergeOverlap(
            a=len(self._merges[i]),
            b=len(self._merges[j]),
            common=int(np.count_nonzero(self._has_merge[self._merges[j]])),
            prefix=int(differs[0]) if len(differs) else shorter,
        )


def _number(
    arrays: Sequence[NDArray[np.uint64]],
) -> tuple[list[NDArray[np.int32]], int]:
    """Number all values from 0; equal values get equal numbers."""
    if not arrays:
        return [], 0
    distinct, codes = np.unique(np.concatenate(arrays), return_inverse=True)
    ends = np.cumsum([len(array) for array in arrays])
    parts = np.split(codes.astype(np.int32), ends[:-1])
    return parts, len(distinct)


def _rows_by_order(a: Vocabulary) -> NDArray[np.int32]:
    """Rows of the tokens that have a place, first learned first."""
    having = np.flatnonzero(a.order >= 0)
    rows = np.empty(len(having), dtype=np.int32)
    rows[a.order[having]] = having
    return rows


def _count_scripts(scripts: NDArray[np.uint8]) -> list[int]:
    return [int(count) for count in np.bincount(scripts, minlength=len(SCRIPTS))]


def _most_frequent(values: NDArray[np.int32]) -> tuple[int, int]:
    """The most frequent value (the smallest of several), and how often."""
    if not len(values):
        return 0, 0
    low = int(values.min())
    counts = np.bincount(values - low)
    best = int(counts.argmax())
    return best + low, int(counts[best])


def _places(
    a: Vocabulary, b: Vocabulary, rows_a: NDArray[np.int32], rows_b: NDArray[np.intp]
) -> NDArray[np.int32]:
    """Places in ``b``'s order of the shared tokens, in ``a``'s order."""
    first, second = a.order[rows_a], b.order[rows_b]
    both = (first >= 0) & (second >= 0)
    places = np.full(a.size, -1, dtype=np.int32)
    places[first[both]] = second[both]
    return places[places >= 0]


def _profile(contained: NDArray[np.bool_]) -> tuple[float, ...]:
    """Share of contained tokens in each part of an order."""
    if len(contained) < PARTS:
        return ()
    ends = [len(contained) * part // PARTS for part in range(PARTS + 1)]
    total = np.concatenate(([0], np.cumsum(contained)))
    return tuple(
        int(total[end] - total[start]) / (end - start)
        for start, end in itertools.pairwise(ends)
    )


def _correlation(
    a: Vocabulary, b: Vocabulary, rows_a: NDArray[np.int32], rows_b: NDArray[np.intp]
) -> float | None:
    if a.scores is None or b.scores is None or len(rows_a) < 2:
        return None
    x = a.scores[rows_a].astype(np.float64)
    y = b.scores[rows_b].astype(np.float64)
    x -= x.mean()
    y -= y.mean()
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / scale if np.isfinite(scale) and scale > 0 else None


def _compare_specials(a: Vocabulary, b: Vocabulary) -> SpecialOverlap:
    shared = a.specials.keys() & b.specials.keys()
    equal = sum(a.specials[text] == b.specials[text] for text in shared)
    return SpecialOverlap(len(a.specials), len(b.specials), len(shared), equal)


def _compare_patterns(
    a: Vocabulary, b: Vocabulary
) -> Literal["equal", "different", "not stated"]:
    if a.pattern is None or b.pattern is None:
        return "not stated"
    return "equal" if a.pattern == b.pattern else "different"


def _only(ids: NDArray[np.int32], shared: NDArray[np.bool_]) -> Only:
    """Blocks of ids whose tokens the other tokenizer has not."""
    alone = np.flatnonzero(~shared)
    if not len(alone):
        return Only(0, 0, ())
    breaks = np.flatnonzero(np.diff(alone) > 1)
    starts = np.concatenate(([0], breaks + 1))
    ends = np.concatenate((breaks, [len(alone) - 1]))
    counts = ends - starts + 1
    largest = np.sort(np.argsort(-counts, kind="stable")[:LARGEST_BLOCKS])
    last_row = len(ids) - 1
    found = tuple(
        Block(
            first=int(ids[alone[starts[k]]]),
            last=int(ids[alone[ends[k]]]),
            count=int(counts[k]),
            at_end=bool(alone[ends[k]] == last_row),
        )
        for k in largest.tolist()
    )
    return Only(len(alone), len(starts), found)
