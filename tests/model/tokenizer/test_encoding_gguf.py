# SPDX-License-Identifier: Apache-2.0
"""GGUF vocabularies: the known answers of llama.cpp, and the format's own library."""

from __future__ import annotations

import struct
import unicodedata
from pathlib import Path

import pytest
import regex
import sentencepiece
import tokenizers

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
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
def test_known_answers_byte_level(data, kit, name, vectors):
    encoder = kit.described(data / name)
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
                found += encoder.words(kit.cut(part.decode(), NAMED[vectors]))
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
def test_known_answers_sentencepiece(data, kit, name, vectors):
    encoder = kit.described(data / name)
    for text, expected in answers(data, vectors):
        ready = " " + text if text else ""
        assert encoder.signs(ready) == expected, text
        assert encoder.text_of(expected) == ready.encode()


def test_known_answers_wordpiece(data, kit):
    encoder = kit.described(data / "bert/ggml-vocab-bert-bge.gguf")
    for text, expected in answers(data, "bert-bge"):
        found = []
        for word in bert_words(text):
            found += encoder.greedy(b" " + word.encode())
        assert found == expected, text


def bert_words(text: str) -> list[str]:
    """Lower case without accents, kit.cut at spaces, punctuation and Chinese signs."""
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
def test_gguf_vocabulary(data, kit, name):
    """Every token against the reader of the format's own library."""
    gguf = pytest.importorskip("gguf")
    made = kit.described(data / name).made
    listed = gguf.GGUFReader(str(data / name)).fields
    texts = listed["tokenizer.ggml.tokens"].contents()
    kinds = listed["tokenizer.ggml.token_type"].contents()
    assert made.kinds.tolist() == kinds
    model = listed["tokenizer.ggml.model"].contents()
    undo = kit.undo_signs if model == "gpt2" else kit.undo_piece
    kit.check_vocabulary(made, lambda n: texts[n], undo, len(texts))
    if made.merges is not None:
        merges = listed["tokenizer.ggml.merges"].contents()
        expected = [tuple(map(undo, merge.split(" "))) for merge in merges]
        assert list(made.merges) == expected


def test_gguf_without_known_answers(data, kit):
    """GPT-NeoX has none: its ids are those of its ``tokenizer.json``."""
    encoder = kit.described(data / "gpt-neox/ggml-vocab-gpt-neox.gguf")
    library = tokenizers.Tokenizer.from_file(str(data / "gpt-neox/20B_tokenizer.json"))
    for text in kit.SAMPLE:
        expected = library.encode(text, add_special_tokens=False).ids
        assert kit.library_like(encoder, library, text, byte_level=True) == expected


def test_gguf_of_sentencepiece_without_known_answers(data, kit, tmp_path):
    """Baichuan: SentencePiece itself encodes with what the format's library reads."""
    gguf = pytest.importorskip("gguf")
    encoder = kit.described(data / "baichuan/ggml-vocab-baichuan.gguf")
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
    for text in kit.SAMPLE:
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
