# SPDX-License-Identifier: Apache-2.0
"""One tokenizer in several files has one description, as far as the files say it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from parentage.model.tokenizer.declared import GPT2_PATTERN
from parentage.model.tokenizer.description import Tokenizer
from parentage.model.tokenizer.read import find_tokenizer, read_tokenizer


@lru_cache(maxsize=12)
def read(path: Path) -> Tokenizer:
    return read_tokenizer(path)


# Same vocabulary, ids and order of learning: the whole digest.
EQUAL = {
    "llama 2: model, gguf, Vicuna, Phi-3": (
        "llama2/tokenizer.model",
        "llama2/ggml-vocab-llama-spm.gguf",
        "vicuna-vila1.5/tokenizer.model",
        "phi-3/ggml-vocab-phi-3.gguf",
        "phi-3/phi-3-mini.tokenizer.json",
        "phi-3/phi-3-vision.tokenizer.json",
    ),
    "gpt-2: table, merges, gguf, ranks, json": (
        "gpt2/encoder.json",
        "gpt2/ggml-vocab-gpt-2.gguf",
        "openai/r50k_base.tiktoken",
        "whisper/gpt2.tiktoken",
        "phi-2/tokenizer.json",
    ),
    "falcon: json, gguf": ("falcon/tokenizer.json", "falcon/ggml-vocab-falcon.gguf"),
    "neox: json, gguf, MPT, OLMo": (
        "gpt-neox/20B_tokenizer.json",
        "gpt-neox/ggml-vocab-gpt-neox.gguf",
        "mpt/ggml-vocab-mpt.gguf",
        "olmo/allenai_eleuther-ai-gpt-neox-20b-pii-special.json",
        "olmo/allenai_gpt-neox-olmo-dolma-v1_5.json",
    ),
    "qwen: ranks, table, merges alone, gzip": (
        "qwen/qwen.tiktoken",
        "qwen/qwen-vl-chat-int4.qwen.tiktoken",
        "qwen2/vocab.json",
        "qwen2.5/vocab.json",
        "qwen3/vocab.json",
        "qwen2-vl/merges.txt",
        "internvl3-qwen2.5/vocab.json",
        "emu3/emu3.tiktoken",
        "voyage3/voyage3_base.tiktoken.gz",
    ),
    "chatglm: json, model": ("chatglm-6b/tokenizer.json", "chatglm2/tokenizer.model"),
    "mistral v1: model, json": (
        "mistral/tokenizer.model.v1",
        "mistral/mistral-7b-instruct-v0.2.tokenizer.json",
    ),
    "mistral v2 to v7: models, json": (
        "mistral/mistral_instruct_tokenizer_240216.model.v2",
        "mistral/mistral_instruct_tokenizer_240323.model.v3",
        "mistral/mistral_instruct_tokenizer_241114.model.v7",
        "mistral/mistral-7b-instruct-v0.3.tokenizer.json",
    ),
    "whisper: ranks, json": (
        "whisper/multilingual.tiktoken",
        "whisper/whisper-large-v3.tokenizer.json",
    ),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal(data, name):
    first, *others = [read(data / file) for file in EQUAL[name]]
    for other in others:
        assert other.vocabulary_digest == first.vocabulary_digest
        assert other.digest == first.digest
        count = min(first.size, other.size)
        both = first.regular[:count] & other.regular[:count]
        assert np.array_equal(first.regular[:count], other.regular[:count])
        assert np.array_equal(
            first.hashes64()[:count][both], other.hashes64()[:count][both]
        )


def test_sets_differ_from_each_other(data):
    digests = {read(data / files[0]).digest for files in EQUAL.values()}
    assert len(digests) == len(EQUAL)


def test_llama2_json_states_another_order_of_spaces(data):
    """An old conversion lists the merges of runs of spaces last: 14 tokens."""
    model = read(data / "llama2/tokenizer.model")
    converted = read(data / "llama2/tokenizer.json")
    assert converted.vocabulary_digest == model.vocabulary_digest
    assert converted.digest != model.digest
    moved = np.flatnonzero(converted.ranks >= 29597)
    spaces = [n for n in moved.tolist() if not model.tokens[n].strip(b" ")]
    assert len(spaces) == 15
    rest = np.setdiff1d(np.flatnonzero(model.ranks >= 0), spaces)
    assert np.array_equal(
        np.argsort(model.ranks[rest]), np.argsort(converted.ranks[rest])
    )


def test_roberta_and_opt_permute_the_ids_of_gpt2(data):
    gpt2, opt = read(data / "gpt2/encoder.json"), read(data / "opt/vocab.json")
    roberta = read(data / "roberta/tokenizer.json")
    assert gpt2.index.keys() == opt.index.keys()
    assert gpt2.merges == opt.merges == roberta.merges
    assert gpt2.vocabulary_digest != opt.vocabulary_digest
    assert gpt2.digest != opt.digest
    # RoBERTa's file says which tokens are special, OPT's does not: four words that
    # no merge builds are normal in one and taken as added in the other.
    only = roberta.index.keys() - opt.index.keys()
    assert only == {b"<|endoftext|>", *(b"madeupword000%d" % n for n in range(3))}
    assert all(roberta.index[token] == n for token, n in opt.index.items())


def test_other_tokenizers_differ(data):
    names = (
        "llama2/tokenizer.model",
        "mistral/tokenizer.model.v1",
        "yi/tokenizer.model",
    )
    assert len({read(data / name).vocabulary_digest for name in names}) == 3


def test_an_extended_tokenizer_keeps_its_ids(data):
    base, grown = (
        read(data / "openai/cl100k_base.tiktoken"),
        read(data / "llama3/tokenizer.model.tiktoken"),
    )
    assert grown.tokens[: base.size] == base.tokens
    assert np.array_equal(grown.ranks[: base.size], base.ranks)
    shifted = read(data / "mistral/mistral_instruct_tokenizer_240323.model.v3")
    v1 = read(data / "mistral/tokenizer.model.v1")
    assert shifted.tokens[768 + 3 :] == v1.tokens[3:]


def test_patterns_compare_across_files(data):
    assert read(data / "phi-2/tokenizer.json").pattern == GPT2_PATTERN
    assert read(data / "gpt-neox/20B_tokenizer.json").pattern == GPT2_PATTERN
    assert read(data / "gpt2/ggml-vocab-gpt-2.gguf").pattern == "pre:gpt-2"
    assert read(data / "openai/r50k_base.tiktoken").pattern is None


def test_normalisers_compare_across_formats(data):
    for name in ("tokenizer.json", "tokenizer.model"):
        assert read(data / "llama2" / name).normalizer == "prepend space"
    t5 = read(data / "t5/t5-small.tokenizer.json").normalizer
    glm = read(data / "chatglm-6b/ice_text.model").normalizer
    assert "charsmap:0942789e" in t5
    assert "charsmap:0942789e" in glm


def test_folders_and_side_files(data):
    kimi = read(data / "kimi-k2")
    assert kimi.format == "tiktoken"
    assert "tokenizer_config.json" in kimi.source
    assert kimi.tokens[kimi.special["bos_token"]] == b"[BOS]"
    assert kimi.chat_template
    exaone = read(data / "exaone-3.5")
    assert exaone.size == 102400
    assert exaone.tokens[exaone.special["eos_token"]] == b"[|endofturn|]"
    assert exaone.chat_template
    internvl = read(data / "internvl3-qwen2.5")
    assert {t.text for t in internvl.added} >= {"<|im_start|>", "<IMG_CONTEXT>"}
    assert find_tokenizer(data / "llama2")[1].name == "tokenizer.json"
    assert [p.name for p in find_tokenizer(data / "gpt2")] == [
        "encoder.json",
        "ggml-vocab-gpt-2.gguf",
    ]
    assert find_tokenizer(data / "hyperclovax-seed-0.5b") == []


@pytest.mark.slow
def test_every_file_is_read(data):
    """All but the side files, which hold no vocabulary of their own."""
    side = ("added_tokens.json", "tokenizer_config.json", "special_tokens_map.json")
    count = 0
    for path in sorted(data.rglob("*")):
        if not path.is_file() or path.suffix in (".inp", ".out"):
            continue
        if path.name.endswith(side):
            continue
        made = read_tokenizer(path)
        count += 1
        assert made.size > 1000
        assert made.regular.sum() > 0.9 * made.size or made.added or made.notes
        assert all(
            (token is None) == (kind == 5) or token
            for token, kind in zip(made.tokens, made.kinds.tolist(), strict=True)
        )
        if made.ranks is not None:
            learned = np.sort(made.ranks[made.ranks >= 0])
            assert np.array_equal(learned, np.arange(len(learned)))
    assert count >= 81
