# SPDX-License-Identifier: Apache-2.0
"""Text encoded from the description alone gives the ids of the original library.

The encoders here know only a :class:`Tokenizer`: textbook BPE over its merges, ranks
or scores, Viterbi over its scores, greedy matching over its tokens. What formats do
not state (how text is cut before BPE, what a normalising table does) is taken from
the library, from llama.cpp's names, or from a known expression, and said so below.
"""

from __future__ import annotations

import ast
import base64
import gzip
import json
import struct
import unicodedata
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import regex
import sentencepiece
import tiktoken
import tokenizers

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
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# What llama.cpp does for the names in `tokenizer.ggml.pre` (llama-vocab.cpp, MIT).
NAMED = {
    "gpt-2": (GPT2,),
    "mpt": (GPT2,),
    "roberta-bpe": (GPT2,),
    "starcoder": (r"\p{N}", GPT2),
    "refact": (r"\p{N}", GPT2),
    "falcon": (r"[\p{P}\$\+<=>\^~\|`]+", GPT2, r"[0-9][0-9][0-9]"),
    "deepseek-coder": (
        r"[\r\n]",
        r"\s?\p{L}+",
        r"\s?\p{P}+",
        r"[一-龥ࠀ-一가-퟿]+",
        r"\p{N}",
    ),
    # `\p{L&}` for its written-out list of letters with case.
    "deepseek-llm": (
        r"[\r\n]",
        r"\s?\p{L&}+",
        r"\s?[!-/:-~！-／：-～‘-‟　-。]+",
        r"\s+$",
        r"[一-龥ࠀ-一가-퟿]+",
        r"\p{N}+",
    ),
    "llama-bpe": (CL100K,),
    "qwen2": (CL100K.replace("{1,3}", ""),),
}


# --- encoders from the description -------------------------------------------------


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


# --- tokenizer.json: the tokenizers library ----------------------------------------

JSON_FILES = (
    "chatglm-6b/tokenizer.json",
    "claude/claude.json",
    "falcon/tokenizer.json",
    "gpt-neox/20B_tokenizer.json",
    "llama2/tokenizer.json",
    "mistral/mistral-7b-instruct-v0.2.tokenizer.json",
    "mistral/mistral-7b-instruct-v0.3.tokenizer.json",
    "olmo/allenai_eleuther-ai-gpt-neox-20b-pii-special.json",
    "olmo/allenai_gpt-neox-olmo-dolma-v1_5.json",
    "phi-2/tokenizer.json",
    "phi-3/phi-3-mini.tokenizer.json",
    "phi-3/phi-3-vision.tokenizer.json",
    "roberta/tokenizer.json",
    "t5/t5-small.tokenizer.json",
    "whisper/whisper-large-v3.tokenizer.json",
)


@pytest.mark.parametrize("name", JSON_FILES)
def test_tokenizer_json(data, name):
    encoder = described(data / name)
    library = tokenizers.Tokenizer.from_file(str(data / name))
    byte_level = "ByteLevel" in str(library.pre_tokenizer)
    check_vocabulary(
        encoder.made,
        library.id_to_token,
        undo_signs if byte_level else undo_piece,
        library.get_vocab_size(),
    )
    for text in SAMPLE:
        expected = library.encode(text, add_special_tokens=False).ids
        assert library_like(encoder, library, text, byte_level) == expected
        assert encoder.text_of(expected) == spelled(encoder, library, text, expected)


def test_a_file_that_the_library_refuses(data):
    """Tokens with spaces in merges that are parted by spaces: the vocabulary tells."""
    path = data / "llama2/ort-ext.tokenizer.json"
    with pytest.raises(Exception, match="Merges text file invalid"):
        tokenizers.Tokenizer.from_file(str(path))
    encoder = described(path)
    listed = json.loads(path.read_text())["model"]
    texts = {number: text for text, number in listed["vocab"].items()}
    check_vocabulary(encoder.made, texts.get, undo_piece, len(texts))
    assert len(encoder.made.merges) == len(listed["merges"])
    # It is the tokenizer of Llama 2 but for runs of spaces.
    library = sentencepiece.SentencePieceProcessor(
        model_file=str(data / "llama2/tokenizer.model")
    )
    for text in SAMPLE:
        if "  " not in text:
            assert encoder.signs(" " + text) == library.encode(text)


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


def spelled(encoder, library, text: str, ids: list[int]) -> bytes:
    """The bytes that the text has after what the description declares."""
    declared = encoder.made.normalizer or ""
    if "NFC" in declared.split("; ") or "NFKC" in declared.split("; "):
        text = unicodedata.normalize("NFKC" if "NFKC" in declared else "NFC", text)
    elif "charsmap" in declared:
        # The table is the library's; unknown signs have no bytes.
        text = library.normalizer.normalize_str(text)
        words = "".join(" " + word for word in text.split())
        unknown = encoder.made.tokens[encoder.unknown].decode()
        return without_unknown(encoder, words, unknown, ids)
    if "prepend space" in declared:
        text = " " + text
    return text.encode()


def without_unknown(encoder, text: str, unknown: str, ids: list[int]) -> bytes:
    made = encoder.text_of(ids)
    if encoder.unknown not in ids:
        return text.encode()
    # What lies between the unknown pieces appears in order.
    at = 0
    for part in made.decode().split(unknown):
        at = text.index(part, at) + len(part)
    return made


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


# --- SentencePiece -----------------------------------------------------------------

PIECE_FILES = (
    "baichuan2/tokenizer.model",
    "chatglm-6b/ice_text.model",
    "chatglm2/tokenizer.model",
    "chinese-llama/chinese_sp.model",
    "jamba/jamba.model",
    "llama-factory-fork-model/tokenizer.model",
    "llama2/tokenizer.model",
    "minicpm/tokenizer.model",
    "minicpm-v2/tokenizer.model",
    "minicpm-v4/tokenizer.model",
    "misc-turkish-spm/tokenizer.model",
    "mistral/mistral_instruct_tokenizer_240216.model.v2",
    "mistral/mistral_instruct_tokenizer_240323.model.v3",
    "mistral/mistral_instruct_tokenizer_241114.model.v7",
    "mistral/tokenizer.model.v1",
    "novelai/novelai.model",
    "novelai/novelai_v2.model",
    "vicuna-vila1.5/tokenizer.model",
    "yi/tokenizer.model",
)


@pytest.mark.parametrize("name", PIECE_FILES)
def test_sentencepiece(data, name):
    encoder = described(data / name)
    library = sentencepiece.SentencePieceProcessor(model_file=str(data / name))
    made = encoder.made
    check_vocabulary(made, library.id_to_piece, undo_piece, library.get_piece_size())
    scores = [library.get_score(n) for n in range(made.size)]
    assert np.array_equal(made.scores, np.asarray(scores, dtype=np.float32))
    encode = encoder.viterbi if made.algorithm == "unigram" else encoder.signs
    for text in SAMPLE:
        expected = library.encode(text)
        ready = normal_text(made, library, text)
        assert encode(ready) == expected
        if encoder.unknown in expected:
            unknown = made.tokens[encoder.unknown].decode()
            assert without_unknown(encoder, ready, unknown, expected)
        else:
            assert encoder.text_of(expected) == ready.encode()


def normal_text(made: Tokenizer, library, text: str) -> str:
    """The text after what the description declares; the table is the library's."""
    declared = (made.normalizer or "").split("; ")
    if any(part.startswith("charsmap") for part in declared):
        return library.normalize(text).replace("▁", " ")
    if "collapse spaces" in declared:
        text = regex.sub(" +", " ", text).strip(" ")
    return " " + text if "prepend space" in declared else text


# --- tiktoken ----------------------------------------------------------------------

RANK_FILES = (
    "emu3/emu3.tiktoken",
    "glm-4/glm-4-9b-chat.tokenizer.model.tiktoken",
    "kimi-k2/tiktoken.model",
    "llama3/tokenizer.model.tiktoken",
    "llama4/tokenizer.model.tiktoken",
    "openai/cl100k_base.tiktoken",
    "openai/o200k_base.tiktoken",
    "openai/p50k_base.tiktoken",
    "openai/r50k_base.tiktoken",
    "qwen/qwen-vl-chat-int4.qwen.tiktoken",
    "qwen/qwen.tiktoken",
    "voyage3/voyage3_base.tiktoken.gz",
    "whisper/gpt2.tiktoken",
    "whisper/multilingual.tiktoken",
)


@pytest.mark.parametrize("name", RANK_FILES)
def test_tiktoken(data, name):
    encoder = described(data / name)
    raw = (data / name).read_bytes()
    raw = gzip.decompress(raw) if name.endswith(".gz") else raw
    lines = [line.split() for line in raw.splitlines() if line]
    ranks = {base64.b64decode(text): int(rank) for text, rank in lines}
    ranks.pop(b"", None)  # a published file lists it; it cannot occur in text
    # The files state no expression: any will do, as long as both use it.
    library = tiktoken.Encoding(
        name, pat_str=CL100K, mergeable_ranks=ranks, special_tokens={}
    )
    for number in ranks.values():
        assert encoder.made.tokens[number] == library.decode_single_token_bytes(number)
    for text in SAMPLE:
        expected = library.encode_ordinary(text)
        assert encoder.words(cut(text, (CL100K,))) == expected
        assert encoder.text_of(expected) == text.encode()


# --- vocab.json with merges.txt: the tokenizers library ----------------------------

TABLE_FILES = (
    ("aquila/vocab.json", "aquila/merges.txt"),
    ("exaone-3.5/vocab.json", "exaone-3.5/merges.txt"),
    ("gpt2/encoder.json", "gpt2/vocab.bpe"),
    ("internvl3-qwen2.5/vocab.json", "internvl3-qwen2.5/merges.txt"),
    ("opt/vocab.json", "opt/merges.txt"),
    ("qwen2/vocab.json", "qwen2/merges.txt"),
    ("qwen2.5/vocab.json", "qwen2.5/merges.txt"),
    ("qwen3/vocab.json", "qwen3/qwen3-vl.merges.txt"),
    ("starcoder/wizardcoder-15b.vocab.json", "starcoder/wizardcoder-15b.merges.txt"),
    # Without a table of ids; Qwen2-VL has that of Qwen2.
    ("qwen2/vocab.json", "qwen2-vl/merges.txt"),
)


@pytest.mark.parametrize(("table", "merges"), TABLE_FILES)
def test_vocabulary_and_merges(data, table, merges):
    alone = "qwen2-vl" in merges
    encoder = described(data / (merges if alone else table))
    model = tokenizers.models.BPE.from_file(str(data / table), str(data / merges))
    library = tokenizers.Tokenizer(model)
    library.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    check_vocabulary(
        encoder.made, library.id_to_token, undo_signs, library.get_vocab_size()
    )
    for text in SAMPLE:
        expected = library.encode(text).ids
        assert encoder.words(cut(text, (GPT2,))) == expected
        assert encoder.text_of(expected) == text.encode()


# --- GGUF: the known answers of llama.cpp ------------------------------------------

VECTORS = (
    ("deepseek-coder/ggml-vocab-deepseek-coder.gguf", "deepseek-coder"),
    ("deepseek-llm/ggml-vocab-deepseek-llm.gguf", "deepseek-llm"),
    ("falcon/ggml-vocab-falcon.gguf", "falcon"),
    ("gpt2/ggml-vocab-gpt-2.gguf", "gpt-2"),
    ("mpt/ggml-vocab-mpt.gguf", "mpt"),
    ("starcoder/ggml-vocab-starcoder.gguf", "starcoder"),
    # The same answers hold for the same tokenizer in other formats.
    ("llama3/tokenizer.model.tiktoken", "llama-bpe"),
    ("qwen2/vocab.json", "qwen2"),
    ("roberta/tokenizer.json", "roberta-bpe"),
    ("gpt2/encoder.json", "gpt-2"),
)


def answers(data: Path, name: str) -> list[tuple[str, list[int]]]:
    stem = data / "llama.cpp-test-vectors" / f"ggml-vocab-{name}.gguf"
    texts = Path(f"{stem}.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")
    lines = Path(f"{stem}.out").read_text().split("\n")
    ids = [[int(number) for number in line.split()] for line in lines]
    return list(zip(texts, ids, strict=False))


@pytest.mark.parametrize(("name", "vectors"), VECTORS)
def test_known_answers_byte_level(data, name, vectors):
    encoder = described(data / name)
    if name.endswith("gguf"):
        assert encoder.made.pattern == f"pre:{vectors}"
    asked = answers(data, vectors)
    assert len(asked) > 40
    for text, expected in asked:
        found = []
        for part in encoder.split.split(text.encode()):
            if part in encoder.frozen:
                found.append(encoder.frozen[part])
            else:
                found += encoder.words(cut(part.decode(), NAMED[vectors]))
        assert found == expected, text
        assert encoder.text_of(expected) == text.encode()


@pytest.mark.parametrize(
    ("name", "vectors"),
    [
        ("llama2/ggml-vocab-llama-spm.gguf", "llama-spm"),
        ("phi-3/ggml-vocab-phi-3.gguf", "phi-3"),
        ("llama2/tokenizer.model", "llama-spm"),
        ("llama2/tokenizer.json", "llama-spm"),
    ],
)
def test_known_answers_sentencepiece(data, name, vectors):
    encoder = described(data / name)
    for text, expected in answers(data, vectors):
        ready = " " + text if text else ""
        assert encoder.signs(ready) == expected, text
        assert encoder.text_of(expected) == ready.encode()


def test_known_answers_wordpiece(data):
    encoder = described(data / "bert/ggml-vocab-bert-bge.gguf")
    for text, expected in answers(data, "bert-bge"):
        found = []
        for word in bert_words(text):
            found += encoder.greedy(b" " + word.encode())
        assert found == expected, text


def bert_words(text: str) -> list[str]:
    """Lower case without accents, cut at spaces, punctuation and Chinese signs."""
    plain = unicodedata.normalize("NFD", text.lower())
    kept = "".join(
        c for c in plain if unicodedata.category(c) not in ("Mn", "Cc", "Cf")
    )
    kept = "".join(" " if c.isspace() else c for c in kept)
    alone = r"[\p{P}$+<=>^`|~\u4E00-\u9FFF\u3400-\u4DBF\U00020000-\U0002A6DF]"
    return regex.sub(f"({alone})", r" \1 ", kept).split()


GGUF_FILES = (
    "baichuan/ggml-vocab-baichuan.gguf",
    "bert/ggml-vocab-bert-bge.gguf",
    "deepseek-coder/ggml-vocab-deepseek-coder.gguf",
    "deepseek-llm/ggml-vocab-deepseek-llm.gguf",
    "falcon/ggml-vocab-falcon.gguf",
    "gpt-neox/ggml-vocab-gpt-neox.gguf",
    "gpt2/ggml-vocab-gpt-2.gguf",
    "llama2/ggml-vocab-llama-spm.gguf",
    "mpt/ggml-vocab-mpt.gguf",
    "phi-3/ggml-vocab-phi-3.gguf",
    "starcoder/ggml-vocab-starcoder.gguf",
)


@pytest.mark.parametrize("name", GGUF_FILES)
def test_gguf_vocabulary(data, name):
    """Every token against the reader of the format's own library."""
    gguf = pytest.importorskip("gguf")
    made = described(data / name).made
    listed = gguf.GGUFReader(str(data / name)).fields
    texts = listed["tokenizer.ggml.tokens"].contents()
    kinds = listed["tokenizer.ggml.token_type"].contents()
    assert made.kinds.tolist() == kinds
    model = listed["tokenizer.ggml.model"].contents()
    undo = undo_signs if model == "gpt2" else undo_piece
    check_vocabulary(made, lambda n: texts[n], undo, len(texts))
    if made.merges is not None:
        merges = listed["tokenizer.ggml.merges"].contents()
        expected = [tuple(map(undo, merge.split(" "))) for merge in merges]
        assert list(made.merges) == expected


def test_gguf_without_known_answers(data):
    """GPT-NeoX has none: its ids are those of its ``tokenizer.json``."""
    encoder = described(data / "gpt-neox/ggml-vocab-gpt-neox.gguf")
    library = tokenizers.Tokenizer.from_file(str(data / "gpt-neox/20B_tokenizer.json"))
    for text in SAMPLE:
        expected = library.encode(text, add_special_tokens=False).ids
        assert library_like(encoder, library, text, byte_level=True) == expected


# --- lists of words ----------------------------------------------------------------


def test_clip(data):
    encoder = described(data / "clip/bpe_simple_vocab_16e6.txt.gz")
    # The vocabulary as the published code builds it (openai/CLIP, MIT).
    raw = (data / "clip/bpe_simple_vocab_16e6.txt.gz").read_bytes()
    text = gzip.decompress(raw).decode()
    merges = [tuple(line.split()) for line in text.split("\n")[1 : 49152 - 256 - 2 + 1]]
    signs = list(SIGNS)
    words = [*signs, *(f"{sign}</w>" for sign in signs), *map("".join, merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    model = tokenizers.models.BPE(
        vocabulary, merges, end_of_word_suffix="</w>", continuing_subword_prefix=""
    )
    library = tokenizers.Tokenizer(model)
    library.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Split(tokenizers.Regex(CLIP), "removed", True),
            tokenizers.pre_tokenizers.ByteLevel(
                add_prefix_space=False, use_regex=False
            ),
        ]
    )
    for sample in SAMPLE:
        lower = sample.lower()
        expected = library.encode(lower).ids
        found, spelled_words = [], b""
        for word in regex.findall(CLIP, lower):
            symbols = [bytes([value]) for value in word.encode()]
            symbols[-1] += b" "
            found += [n for s in encoder.bpe(symbols) for n in encoder.id(s)]
            spelled_words += word.encode() + b" "
        assert found == expected
        assert encoder.text_of(expected) == spelled_words


def test_rwkv(data):
    path = data / "rwkv/rwkv_vocab_v20230424.txt"
    encoder = described(path)
    # As the published reader takes it apart (BlinkDL/ChatRWKV, Apache-2.0).
    vocabulary = {}
    for line in path.read_bytes().decode().split("\n"):
        if line:
            word = ast.literal_eval(line[line.index(" ") : line.rindex(" ")].strip())
            word = word.encode() if isinstance(word, str) else word
            assert len(word) == int(line[line.rindex(" ") :])
            vocabulary[int(line[: line.index(" ")])] = word
    assert {n: t for n, t in enumerate(encoder.made.tokens) if t is not None} == (
        vocabulary
    )
    for text in SAMPLE:
        ids = encoder.greedy(text.encode())
        assert b"".join(vocabulary[number] for number in ids) == text.encode()


def test_gguf_of_sentencepiece_without_known_answers(data, tmp_path):
    """Baichuan: SentencePiece itself encodes with what the format's library reads."""
    gguf = pytest.importorskip("gguf")
    encoder = described(data / "baichuan/ggml-vocab-baichuan.gguf")
    listed = gguf.GGUFReader(str(data / "baichuan/ggml-vocab-baichuan.gguf")).fields
    texts = listed["tokenizer.ggml.tokens"].contents()
    scores = listed["tokenizer.ggml.scores"].contents()
    kinds = listed["tokenizer.ggml.token_type"].contents()
    raw = b"".join(
        message(1, message(1, text.encode()) + score_and_kind(score, kind))
        for text, score, kind in zip(texts, scores, kinds, strict=True)
    )
    # BPE with bytes; no prefix, spaces kept: what the file does not state.
    raw += message(2, b"\x18\x02\x98\x02\x01") + message(3, b"\x18\x00\x20\x00")
    (tmp_path / "made.model").write_bytes(raw)
    library = sentencepiece.SentencePieceProcessor(
        model_file=str(tmp_path / "made.model")
    )
    for text in SAMPLE:
        expected = library.encode(text)
        assert encoder.signs(text) == expected
        assert encoder.text_of(expected) == text.encode()


def message(number: int, raw: bytes) -> bytes:
    length, size = b"", len(raw)
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + raw


def score_and_kind(score: float, kind: int) -> bytes:
    return b"\x15" + struct.pack("<f", score) + b"\x18" + bytes([kind])
