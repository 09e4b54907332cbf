# SPDX-License-Identifier: Apache-2.0
"""What a comparison needs of a tokenizer, as arrays, without the tokens themselves."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from parentage.evidence.tokenizer.scripts import classify
from parentage.model.tokenizer.description import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from parentage.model.tokenizer.description import Tokenizer

BITS = 64
"""Bits of a token's hash in a vocabulary that was read from a tokenizer."""

SORTED_RUN = 16
"""Tokens that follow each other in order of their bytes this long were sorted, not
learned: by chance that happens once in 16! = 2e13 places."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The regular tokens of a tokenizer, each byte string once.

    Attributes:
        name: as shown to a reader.
        algorithm: ``bpe``, ``unigram``, ``wordpiece`` or ``word``.
        bits: how many leading bits of the hashes are kept; the others are 0.
        hashes: ``uint64``, a hash of the bytes of each token, by ascending id.
        ids: ``int32``, id of each token, ascending; the first where several ids have
            the same bytes.
        order: ``int32``, place of each token in the order of learning, -1 where it
            has none: bytes, single characters (some trainers sort these by code
            point), tokens that no merge builds, and runs that are sorted by their
            bytes (two sorted lists agree without having anything to do with each
            other).
        learned: whether ``order`` was learned (merges, scores); otherwise it is the
            order of ids.
        scripts: ``uint8``, class of each token (:data:`.scripts.SCRIPTS`).
        scores: ``float32`` of each token for Unigram, otherwise ``None``.
        merges: hashes of the merges in order, ``None`` where not stated.
        specials: ids of added and control tokens by their text.
        pattern: how text is cut first, as declared; ``None`` where not declared.
    """

    name: str
    algorithm: str
    bits: int
    hashes: NDArray[np.uint64]
    ids: NDArray[np.int32]
    order: NDArray[np.int32]
    learned: bool
    scripts: NDArray[np.uint8]
    scores: NDArray[np.float32] | None = None
    merges: NDArray[np.uint64] | None = None
    specials: Mapping[str, int] = field(default_factory=dict)
    pattern: str | None = None

    @property
    def size(self) -> int:
        """Number of different regular tokens."""
        return len(self.hashes)

    def shortened(self, bits: int) -> NDArray[np.uint64]:
        """The hashes with only their leading ``bits`` kept."""
        if bits >= self.bits:
            return self.hashes
        return self.hashes & ~np.uint64((1 << (BITS - bits)) - 1)


def vocabulary(tokenizer: Tokenizer, name: str | None = None) -> Vocabulary:
    """Reduce a tokenizer to the arrays that comparisons need."""
    # The index lists regular tokens by ascending id.
    tokens = list(tokenizer.index)
    ids = np.fromiter(tokenizer.index.values(), dtype=np.int32, count=len(tokens))
    scripts, lengths = classify(tokens)
    scores = None
    if tokenizer.algorithm == "unigram" and tokenizer.scores is not None:
        scores = tokenizer.scores[ids]
    place, learned = _places(tokenizer, ids, scores)
    place[(lengths < 2) | (tokenizer.kinds[ids] == Kind.BYTE)] = -1
    return Vocabulary(
        name=name or tokenizer.source,
        algorithm=tokenizer.algorithm,
        bits=BITS,
        hashes=tokenizer.hashes64()[ids],
        ids=ids,
        order=_dense(_without_sorted_runs(_dense(place), tokens)),
        learned=learned,
        scripts=scripts,
        scores=scores,
        merges=_merge_hashes(tokenizer),
        specials=_specials(tokenizer),
        pattern=tokenizer.pattern,
    )


def _places(
    tokenizer: Tokenizer,
    ids: NDArray[np.int32],
    scores: NDArray[np.float32] | None,
) -> tuple[NDArray[np.int32], bool]:
    """Place of each token in the order of learning, and whether it was learned."""
    if tokenizer.algorithm == "bpe" and tokenizer.ranks is not None:
        return tokenizer.ranks[ids].astype(np.int32), True
    place = np.arange(len(ids), dtype=np.int32)
    if scores is None:
        return place, False
    by_score = np.lexsort((place, -scores.astype(np.float64)))
    ranks = np.empty_like(place)
    ranks[by_score] = place
    return ranks, True


def _dense(place: NDArray[np.int32]) -> NDArray[np.int32]:
    """The same order without gaps; what has no place keeps -1."""
    order = np.full(len(place), -1, dtype=np.int32)
    having = np.flatnonzero(place >= 0)
    ranked = having[np.argsort(place[having], kind="stable")]
    order[ranked] = np.arange(len(ranked), dtype=np.int32)
    return order


def _without_sorted_runs(
    order: NDArray[np.int32], tokens: list[bytes]
) -> NDArray[np.int32]:
    """The order without tokens in long runs that are sorted by their bytes."""
    rows = np.flatnonzero(order >= 0)
    rows = rows[np.argsort(order[rows])]
    listed = [tokens[row] for row in rows.tolist()]
    falls = [i for i, (a, b) in enumerate(itertools.pairwise(listed), 1) if not a < b]
    lengths = np.diff(np.array([0, *falls, len(listed)]))
    kept = order.copy()
    kept[rows[np.repeat(lengths >= SORTED_RUN, lengths)]] = -1
    return kept


def _merge_hashes(tokenizer: Tokenizer) -> NDArray[np.uint64] | None:
    """A hash of each merge; the left side's length tells its two sides apart."""
    if tokenizer.merges is None:
        return None
    blake2b = hashlib.blake2b
    joined = b"".join(
        [
            blake2b(b"%d:%b%b" % (len(left), left, right), digest_size=8).digest()
            for left, right in tokenizer.merges
        ]
    )
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


def _specials(tokenizer: Tokenizer) -> dict[str, int]:
    """Every token that is not regular, by its text."""
    found: dict[str, int] = {}
    chosen = ~tokenizer.regular & (tokenizer.kinds != Kind.UNUSED)
    for number in np.flatnonzero(chosen).tolist():
        token = tokenizer.tokens[number]
        if token is not None:
            found.setdefault(token.decode("utf-8", "replace"), number)
    return found
