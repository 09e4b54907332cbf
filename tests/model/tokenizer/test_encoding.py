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
import unicodedata

import numpy as np
import pytest
import regex
import sentencepiece
import tiktoken
import tokenizers

from parentage.model.tokenizer.description import Tokenizer

CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


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
def test_tokenizer_json(data, kit, name):
    encoder = kit.described(data / name)
    library = tokenizers.Tokenizer.from_file(str(data / name))
    byte_level = "ByteLevel" in str(library.pre_tokenizer)
    kit.check_vocabulary(
        encoder.made,
        library.id_to_token,
        kit.undo_signs if byte_level else kit.undo_piece,
        library.get_vocab_size(),
    )
    for text in kit.SAMPLE:
        expected = library.encode(text, add_special_tokens=False).ids
        assert kit.library_like(encoder, library, text, byte_level) == expected
        assert encoder.text_of(expected) == spelled(encoder, library, text, expected)


def test_a_file_that_the_library_refuses(data, kit):
    """Tokens with spaces in merges that are parted by spaces: the vocabulary tells."""
    path = data / "llama2/ort-ext.tokenizer.json"
    with pytest.raises(Exception, match="Merges text file invalid"):
        tokenizers.Tokenizer.from_file(str(path))
    encoder = kit.described(path)
    listed = json.loads(path.read_text())["model"]
    texts = {number: text for text, number in listed["vocab"].items()}
    kit.check_vocabulary(encoder.made, texts.get, kit.undo_piece, len(texts))
    assert len(encoder.made.merges) == len(listed["merges"])
    # It is the tokenizer of Llama 2 but for runs of spaces.
    library = sentencepiece.SentencePieceProcessor(
        model_file=str(data / "llama2/tokenizer.model")
    )
    for text in kit.SAMPLE:
        if "  " not in text:
            assert encoder.signs(" " + text) == library.encode(text)


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
def test_sentencepiece(data, kit, name):
    encoder = kit.described(data / name)
    library = sentencepiece.SentencePieceProcessor(model_file=str(data / name))
    made = encoder.made
    kit.check_vocabulary(
        made, library.id_to_piece, kit.undo_piece, library.get_piece_size()
    )
    scores = [library.get_score(n) for n in range(made.size)]
    assert np.array_equal(made.scores, np.asarray(scores, dtype=np.float32))
    encode = encoder.viterbi if made.algorithm == "unigram" else encoder.signs
    for text in kit.SAMPLE:
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
def test_tiktoken(data, kit, name):
    encoder = kit.described(data / name)
    raw = (data / name).read_bytes()
    raw = gzip.decompress(raw) if name.endswith(".gz") else raw
    lines = [line.split() for line in raw.splitlines() if line]
    ranks = {base64.b64decode(text): int(rank) for text, rank in lines}
    ranks.pop(b"", None)  # a published file lists it; it cannot occur in text
    # The files state no expression: any will do, as long as both use it.
    library = tiktoken.Encoding(
        name, pat_str=kit.CL100K, mergeable_ranks=ranks, special_tokens={}
    )
    for number in ranks.values():
        assert encoder.made.tokens[number] == library.decode_single_token_bytes(number)
    for text in kit.SAMPLE:
        expected = library.encode_ordinary(text)
        assert encoder.words(kit.cut(text, (kit.CL100K,))) == expected
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
def test_vocabulary_and_merges(data, kit, table, merges):
    alone = "qwen2-vl" in merges
    encoder = kit.described(data / (merges if alone else table))
    model = tokenizers.models.BPE.from_file(str(data / table), str(data / merges))
    library = tokenizers.Tokenizer(model)
    library.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    kit.check_vocabulary(
        encoder.made, library.id_to_token, kit.undo_signs, library.get_vocab_size()
    )
    for text in kit.SAMPLE:
        expected = library.encode(text).ids
        assert encoder.words(kit.cut(text, (kit.GPT2,))) == expected
        assert encoder.text_of(expected) == text.encode()


# --- lists of words ----------------------------------------------------------------


def test_clip(data, kit):
    encoder = kit.described(data / "clip/bpe_simple_vocab_16e6.txt.gz")
    # The vocabulary as the published code builds it (openai/CLIP, MIT).
    raw = (data / "clip/bpe_simple_vocab_16e6.txt.gz").read_bytes()
    text = gzip.decompress(raw).decode()
    merges = [tuple(line.split()) for line in text.split("\n")[1 : 49152 - 256 - 2 + 1]]
    signs = list(kit.SIGNS)
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
    for sample in kit.SAMPLE:
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


def test_rwkv(data, kit):
    path = data / "rwkv/rwkv_vocab_v20230424.txt"
    encoder = kit.described(path)
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
    for text in kit.SAMPLE:
        ids = encoder.greedy(text.encode())
        assert b"".join(vocabulary[number] for number in ids) == text.encode()
