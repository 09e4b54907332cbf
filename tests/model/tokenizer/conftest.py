# SPDX-License-Identifier: Apache-2.0
"""Encoders that know only a description, to hold against the original libraries.

Textbook BPE over its merges, ranks or scores, Viterbi over its scores, greedy
matching over its tokens.
"""

from __future__ import annotations

import os
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import regex

from parentage.model.tokenizer.description import Kind, Tokenizer
from parentage.model.tokenizer.read import read_tokenizer

SAMPLE = (
    "안녕하세요, 저는 서울에 사는 개발자입니다. 오늘 날씨가 좋네요! 닭갈비를 먹었다.",
    "今天天气很好，我们去公园散步吧。繁體中文也可以。",
    "The quick brown fox can't jump over 12345 lazy dogs; it's naïve, isn't it?",
    "def f(x: int) -> str:\n    return f'{x:>08}'  # tab\tand\n\n\n"
    "for (i=0; i<10; i++) {}\n",
    "Emoji: 🚀🔥 👨‍👩‍👧‍👦 🇰🇷 ✅ ½ ☃ ﷽",
)
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real tokenizers."""
    root = os.environ.get("PARENTAGE_DATA")
    if not root:
        pytest.skip("PARENTAGE_DATA names no folder of real tokenizers")
    return Path(root) / "tokenizers"


class Encoder:
    """Everything that the description says, as look-up tables."""

    def __init__(self, made: Tokenizer) -> None:
        self.made = made
        self.normal = self.of_kind(Kind.NORMAL)
        self.byte = self.of_kind(Kind.BYTE)
        self.frozen = self.of_kind(Kind.USER_DEFINED)
        self.unknown = next(iter(self.of_kind(Kind.UNKNOWN).values()), None)
        unknown = made.special.get("unk_token", self.unknown)
        self.unknown = unknown
        self.pairs = {
            pair: n for n, pair in reversed(list(enumerate(made.merges or ())))
        }
        texts = sorted(self.frozen, key=len, reverse=True)
        shape = b"|".join(map(regex.escape, texts)) if texts else rb"(?!)"
        self.split = regex.compile(b"(" + shape + b")")

    def of_kind(self, kind: Kind) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for n in np.flatnonzero(self.made.kinds == kind).tolist():
            found.setdefault(self.made.tokens[n], n)
        return found

    def cost(self, left: bytes, right: bytes):
        """Priority of a merge, the lowest first; ``None`` if it is not one."""
        if self.made.merges is not None:
            return self.pairs.get((left, right))
        number = self.normal.get(left + right)
        if number is None:
            return None
        if self.made.scores is not None:
            return -self.made.scores[number]
        rank = self.made.ranks[number]
        return rank if rank >= 0 else None

    def bpe(self, symbols: list[bytes]) -> list[bytes]:
        while len(symbols) > 1:
            costs = [self.cost(*pair) for pair in pairwise(symbols)]
            known = [(cost, n) for n, cost in enumerate(costs) if cost is not None]
            if not known:
                break
            _, best = min(known)
            symbols[best : best + 2] = [symbols[best] + symbols[best + 1]]
        return symbols

    def id(self, symbol: bytes) -> list[int]:
        """Its id, else its bytes, else unknown."""
        if symbol in self.normal:
            return [self.normal[symbol]]
        if self.byte:
            return [self.byte[bytes([value])] for value in symbol]
        return [self.unknown]

    def words(self, words: list[bytes]) -> list[int]:
        """Byte-level BPE of words that are cut already.

        tiktoken takes a word that is a token whole, whether merges lead to it or not.
        """
        whole = self.made.format == "tiktoken"
        found = []
        for word in words:
            if whole and word in self.normal:
                found.append(self.normal[word])
                continue
            for symbol in self.bpe([bytes([value]) for value in word]):
                found += self.id(symbol)
        return found

    def signs(self, text: str) -> list[int]:
        """BPE over characters, with frozen symbols, as SentencePiece does it."""
        found = []
        for part in self.split.split(text.encode()):
            if part in self.frozen:
                found.append(self.frozen[part])
            elif part:
                for symbol in self.bpe([sign.encode() for sign in part.decode()]):
                    found += self.id(symbol)
        return found

    def viterbi(self, text: str) -> list[int]:
        """The segmentation of the highest score."""
        scores = self.made.scores.astype(float)
        used = scores[list(self.normal.values())]
        missing = used.min() - 10.0
        ids = self.normal | self.frozen
        longest = max(len(token.decode("utf-8", "replace")) for token in ids)
        best: list[tuple[float, int, int | None]] = [(0.0, 0, None)]
        for end in range(1, len(text) + 1):
            options = []
            for start in range(max(0, end - longest), end):
                piece = text[start:end].encode()
                number = ids.get(piece)
                if number is None:
                    if end - start > 1:
                        continue
                    score = missing
                elif piece in self.frozen:
                    score = (end - start) * used.max() - 0.1
                else:
                    score = scores[number]
                options.append((best[start][0] + score, start, number))
            best.append(max(options, key=lambda item: item[0]))
        found: list[list[int]] = []
        end = len(text)
        while end:
            _, start, number = best[end]
            piece = text[start:end].encode()
            found.append([number] if number is not None else self.id(piece))
            end = start
        flat = [number for part in reversed(found) for number in part]
        # Unknown pieces in a row are one.
        return [
            number
            for place, number in enumerate(flat)
            if number != self.unknown or place == 0 or flat[place - 1] != self.unknown
        ]

    def greedy(self, text: bytes) -> list[int]:
        """At each place the longest token that fits."""
        longest = max(map(len, self.normal))
        found, at = [], 0
        while at < len(text):
            for length in range(min(longest, len(text) - at), 0, -1):
                number = self.normal.get(text[at : at + length])
                if number is not None:
                    found.append(number)
                    at += length
                    break
            else:
                return [self.unknown]
        return found

    def text_of(self, ids: list[int]) -> bytes:
        return b"".join(self.made.tokens[number] for number in ids)


@lru_cache(maxsize=4)
def described(path: Path) -> Encoder:
    return Encoder(read_tokenizer(path))


def cut(text: str, patterns: tuple[str, ...]) -> list[bytes]:
    """Cut by each expression in turn: matches and what lies between them."""
    parts = [text]
    for pattern in patterns:
        compiled = regex.compile(pattern)
        fresh = []
        for part in parts:
            at = 0
            for match in compiled.finditer(part):
                fresh += [part[at : match.start()], match[0]]
                at = match.end()
            fresh.append(part[at:])
        parts = [part for part in fresh if part]
    return [part.encode() for part in parts]


def signs_of_bytes() -> dict[str, int]:
    """The byte-level alphabet, written down a second time."""
    keep = [n for n in range(256) if n in range(33, 127) or n in range(161, 256)]
    keep.remove(173)
    signs = {chr(n): n for n in keep}
    signs |= {
        chr(256 + k): n for k, n in enumerate(n for n in range(256) if n not in keep)
    }
    return signs


SIGNS = signs_of_bytes()


def undo_signs(text: str) -> bytes:
    if all(sign in SIGNS for sign in text):
        return bytes(SIGNS[sign] for sign in text)
    return text.encode()


def undo_piece(text: str) -> bytes:
    if regex.fullmatch(r"<0x[0-9A-F]{2}>", text):
        return bytes([int(text[3:5], 16)])
    return text.replace("▁", " ").encode()


def check_vocabulary(made: Tokenizer, text_of, undo, size: int) -> None:
    """Every id has the bytes that the library's text for it spells."""
    different = []
    for number in range(size):
        text, token = text_of(number), made.tokens[number]
        kind = made.kinds[number]
        if not text:
            assert token is None, number
        elif kind in (Kind.NORMAL, Kind.BYTE, Kind.UNUSED):
            if undo(text) != token:
                different.append((number, text, token))
        # The library shows added tokens after its normaliser.
        elif token not in (text.encode(), undo(text), undo(text).removeprefix(b" ")):
            different.append((number, text, token))
    assert not different[:5]


def library_like(encoder, library, text, byte_level) -> list[int]:
    """Cut by the library, encoded by the description."""
    found: list[int] = []
    if byte_level:
        for part in encoder.split.split(text.encode()):
            if part in encoder.frozen:
                found.append(encoder.frozen[part])
            elif part:
                found += encoder.words(pre_tokens(library, part.decode()))
        return found
    text = library.normalizer.normalize_str(text) if library.normalizer else text
    if encoder.made.algorithm == "unigram":
        words = [word for word, _ in library.pre_tokenizer.pre_tokenize_str(text)]
        return [n for word in words for n in encoder.viterbi(word.replace("▁", " "))]
    if library.pre_tokenizer is not None:
        parts = library.pre_tokenizer.pre_tokenize_str(text)
        text = "".join(word for word, _ in parts)
    return encoder.signs(text.replace("▁", " "))


def pre_tokens(library, text: str) -> list[bytes]:
    text = library.normalizer.normalize_str(text) if library.normalizer else text
    words = library.pre_tokenizer.pre_tokenize_str(text)
    return [undo_signs(word) for word, _ in words]


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The encoders, the sample and known expressions."""
    return SimpleNamespace(
        SAMPLE=SAMPLE,
        CL100K=CL100K,
        GPT2=GPT2,
        SIGNS=SIGNS,
        check_vocabulary=check_vocabulary,
        cut=cut,
        described=described,
        library_like=library_like,
        undo_piece=undo_piece,
        undo_signs=undo_signs,
    )
