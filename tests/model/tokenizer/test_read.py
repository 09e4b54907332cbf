# SPDX-License-Identifier: Apache-2.0
"""Small tokenizers of every format, written here or trained by the libraries."""

from __future__ import annotations

import base64
import gzip
import json

import numpy as np
import pytest
import sentencepiece
import tokenizers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from parentage.model.tokenizer.alphabet import BYTE_SIGNS, Alphabet
from parentage.model.tokenizer.description import AddedToken, Kind
from parentage.model.tokenizer.escapes import unescape
from parentage.model.tokenizer.read import find_tokenizer, read_tokenizer

CORPUS = [
    "the cat sat on the mat and the hat of the cat was flat",
    "고양이가 매트 위에 앉았다 고양이가 모자를 썼다",
    "猫坐在垫子上 猫戴着帽子 naïve café 🚀",
] * 4


def write(folder, name, value):
    path = folder / name
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    path.write_bytes(raw)
    return path


def ranks(*words: bytes) -> bytes:
    tokens = [bytes([value]) for value in range(256)] + list(words)
    lines = [base64.b64encode(t) + b" %d" % n for n, t in enumerate(tokens)]
    return b"\n".join(lines) + b"\n"


def test_byte_level_bpe(tmp_path):
    library = tokenizers.Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(vocab_size=340, special_tokens=["<s>", "</s>"])
    library.train_from_iterator(CORPUS, trainer)
    library.add_tokens(["  "])
    path = tmp_path / "tokenizer.json"
    library.save(str(path))
    made = read_tokenizer(tmp_path)
    assert (made.format, made.algorithm) == ("tokenizer.json", "bpe")
    assert made.normalizer == "prepend space"
    assert made.added[:2] == (AddedToken(0, "<s>", True), AddedToken(1, "</s>", True))
    assert made.added[2].text == "  "
    assert not made.added[2].special
    text = CORPUS[0] + CORPUS[1]
    spelled = b"".join(made.tokens[n] for n in library.encode(text).ids)
    assert spelled == b" " + text.encode()
    # Merges in order, each building the token of its rank.
    learned = [made.ranks[made.index[left + right]] for left, right in made.merges]
    assert learned == sorted(learned)


@pytest.mark.parametrize("pairs", [True, False])
def test_merges_as_pairs_and_as_text(tmp_path, pairs):
    vocabulary = {"a": 0, "b": 1, "ab": 2, "abb": 3}
    merges = [["a", "b"], ["ab", "b"]]
    model = {"type": "BPE", "vocab": vocabulary}
    model["merges"] = merges if pairs else [" ".join(pair) for pair in merges]
    made = read_tokenizer(write(tmp_path, "tokenizer.json", {"model": model}))
    assert made.merges == ((b"a", b"b"), (b"ab", b"b"))
    assert made.ranks.tolist() == [-1, -1, 0, 1]


def test_wordpiece(tmp_path):
    library = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    library.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
    )
    library.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=["[UNK]"])
    library.train_from_iterator(CORPUS, trainer)
    library.save(str(tmp_path / "tokenizer.json"))
    made = read_tokenizer(tmp_path)
    assert made.algorithm == "wordpiece"
    assert made.normalizer == "NFD; lowercase; strip accents"
    assert made.special == {"unk_token": 0}
    assert made.kinds[0] == Kind.UNKNOWN
    ids = library.encode("the cat sat").ids
    assert b"".join(made.tokens[n] for n in ids) == b" the cat sat"
    # The same list as BERT writes it.
    listed = sorted(library.get_vocab().items(), key=lambda item: item[1])
    text = "\n".join(word for word, _ in listed) + "\n"
    other = read_tokenizer(write(tmp_path, "vocab.txt", text.encode()))
    assert other.vocabulary_digest == made.vocabulary_digest
    assert other.digest == made.digest


def test_unigram_with_bytes(tmp_path):
    library = tokenizers.Tokenizer(models.Unigram())
    library.normalizer = normalizers.Replace(" ", "▁")
    library.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    library.decoder = decoders.Metaspace()
    bytes_ = [f"<0x{value:02X}>" for value in range(256)]
    trainer = trainers.UnigramTrainer(
        vocab_size=400, special_tokens=["<unk>", *bytes_], unk_token="<unk>"
    )
    library.train_from_iterator(CORPUS, trainer)
    document = json.loads(library.to_str())
    document["model"]["byte_fallback"] = True
    document["added_tokens"] = document["added_tokens"][:1]
    made = read_tokenizer(write(tmp_path, "tokenizer.json", document))
    assert made.algorithm == "unigram"
    assert made.byte_level
    assert made.normalizer == "prepend space at the start"
    assert made.kinds.tolist().count(Kind.BYTE) == 256
    listed = np.asarray([score for _, score in document["model"]["vocab"]])
    assert np.allclose(made.scores, listed, rtol=1e-6)
    assert made.ranks is None


def test_words(tmp_path):
    library = tokenizers.Tokenizer(models.WordLevel({"the": 0, "<u>": 1}, "<u>"))
    path = tmp_path / "tokenizer.json"
    library.save(str(path))
    made = read_tokenizer(path)
    assert (made.algorithm, made.tokens) == ("word", (b"the", b"<u>"))
    assert made.kinds.tolist() == [Kind.NORMAL, Kind.UNKNOWN]


@pytest.mark.parametrize("kind", ["bpe", "unigram", "word", "char"])
@pytest.mark.parametrize("rule", ["identity", "nfkc"])
def test_sentencepiece_trained(tmp_path, kind, rule):
    text = tmp_path / "corpus.txt"
    text.write_text("\n".join(CORPUS))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(tmp_path / "tokenizer"),
        model_type=kind,
        vocab_size=80,
        hard_vocab_limit=False,
        normalization_rule_name=rule,
        user_defined_symbols=["<x>"],
        byte_fallback=False,
        minloglevel=2,
        pad_id=3,
    )
    made = read_tokenizer(tmp_path / "tokenizer.model")
    library = sentencepiece.SentencePieceProcessor(
        model_file=str(tmp_path / "tokenizer.model")
    )
    assert made.algorithm == {"char": "word"}.get(kind, kind)
    assert [t.decode().replace(" ", "▁") for t in made.tokens] == [
        library.id_to_piece(n) for n in range(library.get_piece_size())
    ]
    assert made.special == {
        "unk_token": library.unk_id(),
        "bos_token": library.bos_id(),
        "eos_token": library.eos_id(),
        "pad_token": library.pad_id(),
    }
    declared = ["collapse spaces", "prepend space"]
    found = made.normalizer.split("; ")
    assert found[-2:] == declared
    assert [part[:9] for part in found[:-2]] == ["charsmap:"] * (rule == "nfkc")
    assert AddedToken(library.piece_to_id("<x>"), "<x>", False) in made.added


def test_tiktoken_plain_and_compressed(tmp_path):
    raw = ranks(b"th", b"the", b" the")
    made = read_tokenizer(write(tmp_path, "a.tiktoken", raw))
    other = read_tokenizer(write(tmp_path, "b.tiktoken.gz", gzip.compress(raw)))
    assert made.ranks[-3:].tolist() == [0, 1, 2]
    assert made.ranks[:256].max() == -1
    assert made.byte_level
    assert made.digest == other.digest
    assert made.merges is None


def tekken(*words: bytes, **config: object) -> dict:
    tokens = [bytes([value]) for value in range(256)] + list(words)
    vocabulary = [
        {"rank": n, "token_bytes": base64.b64encode(t).decode(), "token_str": None}
        for n, t in enumerate(tokens)
    ]
    config = {"pattern": r"\w+", "default_num_special_tokens": 10} | config
    specials = [
        {"rank": n, "token_str": f"<{n}>", "is_control": True} for n in range(3)
    ]
    return {"config": config, "vocab": vocabulary, "special_tokens": specials}


def test_tekken(tmp_path):
    document = tekken(b"th", b"the", b"unused", default_vocab_size=268)
    made = read_tokenizer(write(tmp_path, "tekken.json", document))
    plain = read_tokenizer(write(tmp_path, "a.tiktoken", ranks(b"th", b"the")))
    assert made.format == "tekken"
    assert made.pattern == r"\w+"
    assert made.tokens[10:] == plain.tokens
    assert made.ranks[10:].tolist() == plain.ranks.tolist()
    assert [token.id for token in made.added] == [0, 1, 2]
    assert made.tokens[3] is None
    assert any("not used" in note for note in made.notes)


def test_table_and_merges_equal_ranks(tmp_path):
    signs = list(BYTE_SIGNS)
    words = [*signs, "th", "the", "Ġthe", "<|end|>"]
    table = {word: number for number, word in enumerate(words)}
    write(tmp_path, "merges.txt", "#version: 0.2\nt h\nth e\nĠ the\n".encode())
    made = read_tokenizer(write(tmp_path, "vocab.json", table))
    byte_order = [bytes([value]) for value in BYTE_SIGNS.values()]
    tokens = [*byte_order, b"th", b"the", b" the"]
    lines = [base64.b64encode(t) + b" %d" % n for n, t in enumerate(tokens)]
    other = read_tokenizer(write(tmp_path, "x.tiktoken", b"\n".join(lines)))
    assert made.digest == other.digest
    assert made.merges[-1] == (b" ", b"the")
    assert made.added == (AddedToken(259, "<|end|>", False),)
    (tmp_path / "vocab.json").unlink()
    alone = read_tokenizer(tmp_path / "merges.txt")
    assert alone.digest == made.digest
    assert find_tokenizer(tmp_path)[-1].name == "merges.txt"


def test_side_files(tmp_path):
    table = {word: number for number, word in enumerate([*BYTE_SIGNS, "th", "[PAD]"])}
    write(tmp_path, "vocab.json", table)
    write(tmp_path, "merges.txt", b"t h\n")
    write(tmp_path, "added_tokens.json", {"<b>": 258, "<c>": 259})
    decoder = {"258": {"content": "<b>", "special": True}}
    templates = [
        {"name": "tool", "template": "T"},
        {"name": "default", "template": "D"},
    ]
    config = {"added_tokens_decoder": decoder, "chat_template": templates}
    config |= {"model_max_length": 10**30, "pad_token": "[PAD]"}
    write(tmp_path, "tokenizer_config.json", config)
    write(tmp_path, "special_tokens_map.json", {"bos_token": {"content": "<b>"}})
    made = read_tokenizer(tmp_path)
    assert made.special == {"pad_token": 257, "bos_token": 258}
    assert [(t.text, t.special) for t in made.added] == [
        ("[PAD]", False),
        ("<b>", True),
        ("<c>", False),
    ]
    assert made.chat_template == "D"
    write(tmp_path, "chat_template.jinja", b"file")
    assert read_tokenizer(tmp_path).chat_template == "file"


def test_an_added_token_over_the_vocabulary_is_noted(tmp_path):
    model = {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}
    added = [{"id": 1, "content": "<x>", "special": True}]
    document = {"model": model, "added_tokens": added}
    made = read_tokenizer(write(tmp_path, "tokenizer.json", document))
    assert made.tokens == (b"a", b"<x>")
    assert any("replaces" in note for note in made.notes)


def test_digest_depends_on_what_it_says(tmp_path):
    def made(vocabulary, merges):
        model = {"type": "BPE", "vocab": vocabulary, "merges": merges}
        return read_tokenizer(write(tmp_path, "tokenizer.json", {"model": model}))

    table = {"a": 0, "b": 1, "ab": 2, "ba": 3}
    one = made(table, ["a b", "b a"])
    other = made(table, ["b a", "a b"])
    moved = made({"a": 1, "b": 0, "ab": 2, "ba": 3}, ["a b", "b a"])
    assert one.vocabulary_digest == other.vocabulary_digest
    assert one.digest != other.digest
    assert moved.vocabulary_digest != one.vocabulary_digest
    assert one.hashes64()[0] == moved.hashes64()[1]
    assert one.hashes64().dtype == np.uint64


@given(st.binary(max_size=40))
def test_byte_alphabet_round_trip(raw):
    signs = {value: sign for sign, value in BYTE_SIGNS.items()}
    assert len(signs) == 256
    written = "".join(signs[value] for value in raw)
    assert Alphabet("bytes").undo(written) == raw


@given(st.text(max_size=40), st.binary(max_size=40))
def test_escapes_round_trip(text, raw):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert unescape(repr(text)[1:-1], wide=True) == text.encode()
    assert unescape(repr(raw)[2:-1]) == raw


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.binary(min_size=1, max_size=6), unique=True, min_size=1))
def test_rwkv_lists(tmp_path, words):
    lines = [f"{n} {word!r} {len(word)}\n" for n, word in enumerate(words, 1)]
    path = write(tmp_path, "rwkv_vocab.txt", "".join(lines).encode())
    made = read_tokenizer(path)
    assert made.tokens == (None, *words)
    assert made.format == "wordlist"
