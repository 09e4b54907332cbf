# SPDX-License-Identifier: Apache-2.0
"""The order in which BPE learned its tokens, from what each format states."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from parentage.artifact.entry import shown
from parentage.model.tokenizer.draft import MAX_MERGES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from parentage.model.tokenizer.alphabet import Alphabet
    from parentage.model.tokenizer.draft import Draft

Pair = tuple[str, str]

_SPACE = re.compile(" ")
# Longest merge, in signs, that is cut by looking its sides up.
_LONGEST = 2000


def split_pair(draft: Draft, merge: object, vocabulary: Collection[str] = ()) -> Pair:
    """The two sides of a merge, written ``"a b"`` or ``["a", "b"]``.

    Where tokens hold spaces themselves, the cut is the first one that leaves two
    tokens of the vocabulary.

    Raises:
        TokenizerError: it has not two sides, or one of them is empty.
    """
    if isinstance(merge, str):
        left, _, right = merge.partition(" ")
        if " " in right:
            left, right = _cut(merge, vocabulary)
    elif isinstance(merge, list) and len(merge) == 2:
        left, right = merge
    else:
        left = right = ""
    both = isinstance(left, str) and isinstance(right, str)
    if not both or not left or not right:
        message = f"a merge is {shown(repr(merge))}"
        draft.fail(message, "two tokens that are not empty")
    return left, right


def _cut(merge: str, vocabulary: Collection[str]) -> Pair:
    for match in _SPACE.finditer(merge[:_LONGEST]):
        left, right = merge[: match.start()], merge[match.end() :]
        if left in vocabulary and right in vocabulary:
            return left, right
    return "", ""


def use_merges(
    draft: Draft,
    pairs: Sequence[Pair],
    vocabulary: Mapping[str, int],
    alphabet: Alphabet,
) -> None:
    """Take over merges, and the order of tokens that follows from them.

    Each side is longer than nothing, so every merge makes a longer token and no
    chain of merges can return to where it began.

    Args:
        draft: the tokenizer; its tokens are there already.
        pairs: the merges in order, in the alphabet of the file.
        vocabulary: id of each token, in the same alphabet.
        alphabet: how to undo it.

    Raises:
        TokenizerError: there are too many.
    """
    if len(pairs) > MAX_MERGES:
        draft.fail(f"lists {len(pairs)} merges", f"at most {MAX_MERGES}")
    prefix = len(alphabet.continuation)
    order: dict[int, None] = {}
    lost: list[str] = []
    bytes_of = {text: draft.tokens[number] for text, number in vocabulary.items()}
    merges = []
    for left, right in pairs:
        built = left + (right[prefix:] if prefix else right)
        number = vocabulary.get(built)
        if number is None:
            lost.append(built)
        else:
            order.setdefault(number)
        merges.append(
            (_bytes(left, bytes_of, alphabet), _bytes(right, bytes_of, alphabet))
        )
    draft.merges = tuple(merges)
    draft.order = order
    draft.note_some("merges build a token that is not in the vocabulary", lost)
    if len(set(pairs)) < len(pairs):
        draft.notes.append(f"{len(pairs) - len(set(pairs))} merges are listed twice")


def _bytes(text: str, known: Mapping[str, bytes | None], alphabet: Alphabet) -> bytes:
    found = known.get(text)
    if found is None:
        found = alphabet.undo(text)
    return text.encode() if found is None else found


def order_of_scores(scores: Sequence[float], learned: Sequence[int]) -> list[int]:
    """Ids by falling score, as BPE of SentencePiece prefers them; ties by id."""
    ids = np.asarray(learned, dtype=np.int64)
    values = np.asarray(scores, dtype=np.float64)[ids]
    return [int(number) for number in ids[np.lexsort((ids, -values))]]
