# SPDX-License-Identifier: Apache-2.0
"""Collects what a format states about a tokenizer, checks it, and completes it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from parentage.artifact.entry import shown
from parentage.errors import TokenizerError
from parentage.model.tokenizer.description import AddedToken, Kind, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_IDS = 2**21
"""Most ids of one tokenizer; the largest published ones have about a million.

Ids index arrays, so this bounds the memory that one number in a file can ask for.
"""

MAX_MERGES = 2**21
"""Most merges; the largest published lists have about half a million."""

_ADVICE = "The file is damaged or not a tokenizer: download it again."
_ADDED = (Kind.UNKNOWN, Kind.CONTROL, Kind.USER_DEFINED)


class Draft:
    """A tokenizer while it is read.

    Args:
        label: the file, as shown to a reader.
        form: name of the format.
        algorithm: ``bpe``, ``unigram``, ``wordpiece`` or ``word``.

    Attributes:
        tokens, kinds: by id, see :class:`Tokenizer`.
        order: ids of learned tokens in the order in which BPE learned them.
        merges, scores, special, normalizer, pattern, template, notes: as in
            :class:`Tokenizer`.
    """

    def __init__(self, label: str, form: str, algorithm: str) -> None:
        self.label = label
        self.form = form
        self.algorithm = algorithm
        self.tokens: list[bytes | None] = []
        self.kinds = bytearray()
        self.order: Iterable[int] | None = None
        self.merges: tuple[tuple[bytes, bytes], ...] | None = None
        self.scores: Sequence[float] | None = None
        self.special: dict[str, int] = {}
        self.normalizer: str | None = None
        self.pattern: str | None = None
        self.template: str | None = None
        self.notes: list[str] = []
        self._replaced: list[int] = []

    def fail(
        self, message: str, expected: str, *, offset: int | None = None
    ) -> NoReturn:
        """Raise the error of a malformed tokenizer."""
        raise TokenizerError(
            message,
            file=self.label,
            offset=offset,
            expected=expected,
            advice=_ADVICE,
        )

    def check_id(self, found: object, what: str) -> int:
        """``found`` as the id of ``what``.

        Raises:
            TokenizerError: it is not an integer from 0 to the largest id.
        """
        if type(found) is not int or not 0 <= found < MAX_IDS:
            message = f"{shown(what)} has the id {shown(repr(found))}"
            self.fail(message, f"an integer from 0 to {MAX_IDS - 1}")
        return found

    def reserve(self, size: int) -> None:
        """Make room for ids below ``size``, as holes."""
        missing = size - len(self.tokens)
        if missing > 0:
            self.tokens.extend([None] * missing)
            self.kinds.extend(bytes([Kind.UNUSED]) * missing)

    def note_some(self, what: str, examples: Sequence[object]) -> None:
        """Note how many ``examples`` of something odd there are, and the first."""
        if examples:
            first = ", ".join(shown(repr(example)) for example in examples[:3])
            more = ", ..." if len(examples) > 3 else ""
            self.notes.append(f"{len(examples)} {what}: {first}{more}")

    def mark(self, number: int, text: str, kind: Kind) -> None:
        """Put an added token at an id, over what the vocabulary says there."""
        self.reserve(number + 1)
        data = text.encode()
        there = self.tokens[number]
        if there is not None and there != data and there.strip(b" ") != data:
            self._replaced.append(number)
        self.tokens[number] = data
        self.kinds[number] = kind

    def finish(self) -> Tokenizer:
        """The finished description."""
        kinds = np.frombuffer(bytes(self.kinds), dtype=np.uint8).copy()
        if not len(kinds) or not np.any((kinds == Kind.NORMAL) | (kinds == Kind.BYTE)):
            self.fail("holds no tokens", "a vocabulary")
        self._note_oddities()
        scores = None
        if self.scores is not None:
            scores = np.zeros(len(kinds), dtype=np.float32)
            with np.errstate(over="ignore"):
                scores[: len(self.scores)] = self.scores
            if not np.all(np.isfinite(scores)):
                self.fail("a score is too large", "scores in the range of float32")
        return Tokenizer(
            source=self.label,
            format=self.form,
            algorithm=self.algorithm,
            tokens=tuple(self.tokens),
            kinds=kinds,
            scores=scores,
            merges=self.merges,
            ranks=self._ranks(kinds),
            added=self._added(),
            special=self.special,
            normalizer=self.normalizer,
            pattern=self.pattern,
            chat_template=self.template,
            notes=tuple(self.notes),
        )

    def _ranks(self, kinds: np.ndarray) -> np.ndarray | None:
        if self.order is None:
            return None
        order = np.fromiter(self.order, dtype=np.int64)
        learned = order[kinds[order] == Kind.NORMAL]
        ranks = np.full(len(kinds), -1, dtype=np.int32)
        ranks[learned] = np.arange(len(learned), dtype=np.int32)
        return ranks

    def _added(self) -> tuple[AddedToken, ...]:
        found = []
        for number, (token, kind) in enumerate(
            zip(self.tokens, self.kinds, strict=True)
        ):
            if kind in _ADDED and token is not None:
                text = token.decode("utf-8", "replace")
                found.append(AddedToken(number, text, kind != Kind.USER_DEFINED))
        return tuple(found)

    def _note_oddities(self) -> None:
        what = "ids where an added token replaces another one"
        self.note_some(what, self._replaced)
        holes = self.tokens.count(None)
        if holes:
            self.notes.append(
                f"{holes} ids without a token, the first {self.tokens.index(None)}"
            )
        # A byte and a character may spell the same: that is how fallback works.
        count = Counter(
            token
            for token, kind in zip(self.tokens, self.kinds, strict=True)
            if token is not None and kind == Kind.NORMAL
        )
        if len(count) < count.total():
            twice = [token for token, times in count.items() if times > 1]
            self.note_some("byte strings that several ids share", twice)
