# SPDX-License-Identifier: Apache-2.0
"""One description for every tokenizer: which bytes each id stands for, and its order.

Formats write the same vocabulary in different alphabets: byte-level BPE maps each
byte to a printable sign, SentencePiece writes a space as U+2581 and a byte as
``<0x41>``, WordPiece marks the continuation of a word, CLIP its end. Here all of
them are undone, so that equal tokens are equal bytes whatever the file.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt


_UTF8_BYTES = (*range(0x80), *range(0x80, 0xC0), *range(0xC2, 0xF5))


class Kind(IntEnum):
    """What a token is for; numbers as in SentencePiece and GGUF."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class AddedToken:
    """A token that was put beside the learned vocabulary.

    Attributes:
        id: its number.
        text: as it is written in the text.
        special: whether it controls the model rather than standing for text.
    """

    id: int
    text: str
    special: bool


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A tokenizer, independent of the format that it was stored in.

    Attributes:
        source: the files that it was read from, as shown to a reader.
        format: ``tokenizer.json``, ``sentencepiece``, ``tiktoken``, ``tekken``,
            ``vocab+merges``, ``gguf`` or ``wordlist``.
        algorithm: ``bpe``, ``unigram``, ``wordpiece`` or ``word``.
        tokens: bytes of each id, ``None`` where an id is not used. A space stands
            for every mark of a word's edge: before the word for U+2581 and for the
            start of a WordPiece word, after it for the ``</w>`` of CLIP. Tokens
            that are not regular keep their text in UTF-8.
        kinds: :class:`Kind` of each id, ``uint8``; UNUSED where there is no token.
        scores: ``float32`` for each id, where the format states scores.
        merges: the pairs that BPE joins, in order, where the format states them.
        ranks: ``int32`` for each id: place of the token in the order in which BPE
            learned its tokens, counted 0, 1, 2 ... over learned tokens only; -1 for
            tokens that were not learned by a merge. ``None`` if it is not BPE.
        added: tokens beside the learned vocabulary, by id.
        special: ids by role (``bos_token`` ...), where stated.
        normalizer: what is declared to happen to the text first.
        pattern: the regular expression that cuts text before BPE, as declared, or
            ``pre:NAME`` where the file states only a name.
        chat_template: the template of conversations, as declared.
        notes: oddities that were found and tolerated.
    """

    source: str
    format: str
    algorithm: str
    tokens: tuple[bytes | None, ...]
    kinds: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float32] | None
    merges: tuple[tuple[bytes, bytes], ...] | None
    ranks: npt.NDArray[np.int32] | None
    added: tuple[AddedToken, ...]
    special: Mapping[str, int]
    normalizer: str | None
    pattern: str | None
    chat_template: str | None
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        for values in (self.kinds, self.scores, self.ranks):
            if values is not None:
                if len(values) != len(self.tokens):
                    message = f"{len(values)} values for {len(self.tokens)} tokens"
                    raise ValueError(message)
                values.setflags(write=False)

    @property
    def size(self) -> int:
        """Number of ids, holes included."""
        return len(self.tokens)

    @cached_property
    def regular(self) -> npt.NDArray[np.bool_]:
        """Which ids stand for text: normal tokens and bytes."""
        kinds = self.kinds
        mask: npt.NDArray[np.bool_] = (kinds == Kind.NORMAL) | (kinds == Kind.BYTE)
        mask.setflags(write=False)
        return mask

    @cached_property
    def index(self) -> Mapping[bytes, int]:
        """Id of each regular token; the first where two have the same bytes."""
        found: dict[bytes, int] = {}
        for number in np.flatnonzero(self.regular).tolist():
            token = self.tokens[number]
            if token is not None:
                found.setdefault(token, number)
        return found

    @cached_property
    def byte_level(self) -> bool:
        """Whether every byte of UTF-8 is a token, so that any text encodes.

        The 13 bytes that UTF-8 never uses do not count: some vocabularies of bytes
        leave them out.
        """
        return all(bytes([value]) in self.index for value in _UTF8_BYTES)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of vocabulary, ids and order of learning (BPE) or scores (Unigram).

        Equal for one tokenizer in two formats where both state the same things.
        Added tokens, patterns and templates do not count: formats differ in them.
        """
        order = self.ranks if self.algorithm == "bpe" else None
        scores = self.scores if self.algorithm == "unigram" else None
        content = hashlib.sha256(self._vocabulary())
        content.update(self.algorithm.encode())
        for name, values in ((b"ranks", order), (b"scores", scores)):
            if values is not None:
                content.update(name)
                little = values.dtype.newbyteorder("<")
                content.update(values[self.regular].astype(little).tobytes())
        return content.hexdigest()

    @cached_property
    def vocabulary_digest(self) -> str:
        """SHA-256 of the bytes and ids of the regular tokens alone."""
        return hashlib.sha256(self._vocabulary()).hexdigest()

    def hashes64(self) -> npt.NDArray[np.uint64]:
        """A stable 64-bit hash of the bytes of each id; 0 where there is none."""
        return self._hashes

    @cached_property
    def _hashes(self) -> npt.NDArray[np.uint64]:
        blake2b = hashlib.blake2b
        nothing = bytes(8)
        joined = b"".join(
            [
                nothing if token is None else blake2b(token, digest_size=8).digest()
                for token in self.tokens
            ]
        )
        hashes = np.frombuffer(joined, dtype="<u8").astype(np.uint64)
        hashes.setflags(write=False)
        return hashes

    def _vocabulary(self) -> bytes:
        """The regular tokens as bytes without ambiguity."""
        ids = np.flatnonzero(self.regular)
        tokens = [self.tokens[number] or b"" for number in ids.tolist()]
        lengths = np.fromiter(map(len, tokens), dtype="<u8", count=len(tokens))
        raw = self.kinds[ids] == Kind.BYTE
        return b"".join(
            (
                struct.pack("<Q", len(ids)),
                ids.astype("<u8").tobytes(),
                raw.astype("u1").tobytes(),
                lengths.tobytes(),
                *tokens,
            )
        )
