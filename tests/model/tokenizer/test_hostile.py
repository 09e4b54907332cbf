# SPDX-License-Identifier: Apache-2.0
"""Malformed tokenizers end in one clear error, soon and in little memory."""

from __future__ import annotations

import base64
import gzip
import json
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parentage.errors import ParentageError, TokenizerError
from parentage.model.tokenizer import content
from parentage.model.tokenizer.read import read_tokenizer

MOST_MEMORY = 60 * 2**20
SLOWEST = 5.0


def bpe(vocabulary=None, merges=(), **rest: object) -> bytes:
    table = {"a": 0, "b": 1, "ab": 2} if vocabulary is None else vocabulary
    model = {"type": "BPE", "vocab": table, "merges": list(merges)}
    return json.dumps({"model": model} | rest).encode()


def unigram(vocabulary: object, **rest: object) -> bytes:
    model = {"type": "Unigram", "vocab": vocabulary} | rest
    return json.dumps({"model": model}).encode()


def added(*items: object) -> bytes:
    return bpe(added_tokens=list(items))


def varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def block(number: int, raw: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def piece(text: bytes, score: float = 0.0, kind: int = 1) -> bytes:
    raw = block(1, text) + b"\x15" + struct.pack("<f", score)
    return block(1, raw + b"\x18" + varint(kind))


PIECES = piece(b"<unk>", 0, 2) + piece(b"a") + piece("▁b".encode(), -1)


def gguf(**fields: bytes) -> bytes:
    """A GGUF tokenizer; fields are ready-made values with their types."""
    tokens = b"".join(struct.pack("<Q", 1) + word for word in (b"a", b"b"))
    sound = {
        "model": struct.pack("<IQ", 8, 4) + b"gpt2",
        "tokens": struct.pack("<IIQ", 9, 8, 2) + tokens,
        "merges": struct.pack("<IIQ", 9, 8, 0),
    } | fields
    raw = b""
    for name, value in sound.items():
        key = f"tokenizer.ggml.{name}".encode()
        raw += struct.pack("<Q", len(key)) + key + value if value else b""
    count = sum(bool(value) for value in sound.values())
    return b"GGUF" + struct.pack("<IQQ", 3, 0, count) + raw


def listed(kind: int, count: int, raw: bytes = b"") -> bytes:
    return struct.pack("<IIQ", 9, kind, count) + raw


def word(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def tekken(**changes: object) -> bytes:
    vocabulary = [{"rank": 0, "token_bytes": "YQ=="}]
    return json.dumps({"config": {}, "vocab": vocabulary} | changes).encode()


JSON = "tokenizer.json"
MODEL = "tokenizer.model"
RANKS = "x.tiktoken"
HOSTILE = {
    # Not a tokenizer at all.
    "empty": (JSON, b""),
    "noise": (MODEL, bytes(range(256))),
    "a picture": ("x.model", b"\x89PNG\r\n\x1a\n" + bytes(99)),
    "a pickle": ("tokenizer.model", b"\x80\x04\x95" + bytes(99)),
    "prose": ("vocab.txt", b"Once upon a time\nthere was no tokenizer\n"),
    "an object of text": (JSON, b'{"a": "b"}'),
    "a list": (JSON, b'{"model": []}'),
    # JSON as such.
    "cut": (JSON, bpe()[:-5]),
    "deep": (JSON, b'{"model":' + b"[" * 100_000),
    "deep model": (JSON, b'{"model":' + b'{"a":' * 500 + b"1" + b"}" * 501),
    "not UTF-8": (JSON, bpe().replace(b'"ab"', b'"\xff\xfe"')),
    "half a surrogate": (JSON, bpe({"\ud800": 0})),
    "key twice": (JSON, b'{"model": {"vocab": {"a": 0, "a": 1}, "merges": []}}'),
    "not a number": (JSON, unigram([["a", float("nan")]])),
    "endless number": (JSON, unigram([["a", 1]]).replace(b"1]]", b"1e999]]")),
    "long integer": (JSON, bpe().replace(b"2}", b"2" * 5000 + b"}")),
    # The table of ids.
    "no model type": (JSON, b'{"model": {"type": "Magic", "vocab": {}}}'),
    "type is a list": (JSON, b'{"model": {"type": [], "vocab": {}}}'),
    "no table": (JSON, b'{"model": {"type": "BPE", "merges": []}}'),
    "empty table": (JSON, bpe({})),
    "table is a list": (JSON, bpe(["a"])),
    "id -1": (JSON, bpe({"a": -1})),
    "id 1e9": (JSON, bpe({"a": 10**9})),
    "id 2^63": (JSON, bpe({"a": 2**63})),
    "id text": (JSON, bpe({"a": "0"})),
    "id true": (JSON, bpe({"a": True})),
    "id 0.5": (JSON, bpe({"a": 0.5})),
    "id null": (JSON, bpe({"a": None})),
    "id twice": (JSON, bpe({"a": 0, "b": 0})),
    # Merges.
    "no merges": (JSON, b'{"model": {"type": "BPE", "vocab": {"a": 0}}}'),
    "merges are text": (JSON, bpe().replace(b"[]", b'"a b"')),
    "merge of one": (JSON, bpe(merges=["ab"])),
    "merge of three": (JSON, bpe(merges=["a b a"])),
    "merge of nothing": (JSON, bpe(merges=["a "])),
    "merge into itself": (JSON, bpe(merges=[["", "ab"]])),
    "merge of numbers": (JSON, bpe(merges=[[0, 1]])),
    "merge of lists": (JSON, bpe(merges=[[["a"], "b"]])),
    "merge is null": (JSON, bpe(merges=[None])),
    # Added tokens.
    "added is text": (JSON, bpe(added_tokens="x")),
    "added without text": (JSON, added({"id": 3})),
    "added without id": (JSON, added({"content": "x"})),
    "added at 1e9": (JSON, added({"id": 10**9, "content": "x"})),
    "added at -1": (JSON, added({"id": -1, "content": "x"})),
    "added is a number": (JSON, added(7)),
    # Unigram.
    "pairs are text": (JSON, unigram(["a"])),
    "scores are text": (JSON, unigram([["a", "b"]])),
    "score too large": (JSON, unigram([["a", 1e300]])),
    "unknown out of range": (JSON, unigram([["a", 0.0]], unk_id=5)),
    "unknown at 1e9": (JSON, unigram([["a", 0.0]], unk_id=10**9)),
    # tiktoken.
    "base64 garbage": (RANKS, b"IQ== 0\n!!!! 1\n"),
    "base64 cut": (RANKS, b"IQ== 0\nIQ 1\n"),
    "rank missing": (RANKS, b"IQ== 0\nIg==\n"),
    "rank negative": (RANKS, b"IQ== 0\nIg== -1\n"),
    "rank 1e9": (RANKS, b"IQ== 0\nIg== 1000000000\n"),
    "rank of 5000 digits": (RANKS, b"IQ== 0\nIg== " + b"9" * 5000),
    "rank twice": (RANKS, b"IQ== 0\nIg== 0\n"),
    "token twice": (RANKS, b"IQ== 0\nIQ== 1\n"),
    "three columns": (RANKS, b"IQ== 0\nIg== 1 2\n"),
    "only empty tokens": (RANKS, b"= 0\n"),
    "gzip cut": ("x.tiktoken.gz", gzip.compress(b"IQ== 0\n" * 99)[:-9]),
    "gzip noise": ("x.tiktoken.gz", b"\x1f\x8b" + bytes(99)),
    # tekken.
    "tekken without config": ("tekken.json", tekken(config=None)),
    "tekken rank": ("tekken.json", tekken(vocab=[{"rank": 1e9, "token_bytes": ""}])),
    "tekken base64": ("tekken.json", tekken(vocab=[{"rank": 0, "token_bytes": "!"}])),
    "tekken entry": ("tekken.json", tekken(vocab=[0])),
    "tekken specials": ("tekken.json", tekken(special_tokens=5)),
    "tekken special": ("tekken.json", tekken(special_tokens=[5])),
    "tekken many": (
        "tekken.json",
        tekken(config={"default_num_special_tokens": 2**40}),
    ),
    # SentencePiece.
    "no pieces": (MODEL, block(2, b"\x18\x02")),
    "length past the end": (MODEL, b"\n" + varint(2**40) + b"\x01"),
    "length of 2^63": (MODEL, PIECES + b"\n" + varint(2**63)),
    "endless varint": (MODEL, PIECES + b"\xff" * 50),
    "cut within a varint": (MODEL, PIECES + b"\x80"),
    "cut within a piece": (MODEL, PIECES[:-3]),
    "group": (MODEL, PIECES + b"\x0b\x0c"),
    "field 0": (MODEL, PIECES + b"\x02\x00"),
    "piece is a number": (MODEL, PIECES + b"\x08\x01"),
    "piece without text": (MODEL, PIECES + block(1, b"\x15" + bytes(4))),
    "piece not UTF-8": (MODEL, PIECES + piece(b"\xff\xfe")),
    "piece twice": (MODEL, PIECES + piece(b"a")),
    "piece of type 9": (MODEL, PIECES + piece(b"c", kind=9)),
    "score is not a number": (MODEL, PIECES + piece(b"c", float("nan"))),
    "score is endless": (MODEL, PIECES + piece(b"c", float("inf"))),
    "byte that is none": (MODEL, PIECES + piece(b"<0xGG>", kind=6)),
    "unknown model type": (MODEL, PIECES + block(2, b"\x18\x09")),
    # vocab.json beside merges.txt (see the fixture).
    "table beside merges": ("vocab.json", b'{"a": 0, "b": 10000000000}'),
    "table of text": ("vocab.json", b'{"a": 0, "b": "c"}'),
    "merges alone, three sides": ("merges.txt", b"a b\na b c\n"),
    "merges alone, one side": ("merges.txt", b"a b\nab\n"),
    "merges not UTF-8": ("merges.txt", b"#version\n\xff \xfe\n"),
    # RWKV.
    "rwkv length": ("rwkv_vocab.txt", b"1 'a' 1\n2 'b' 2\n"),
    "rwkv quote": ("rwkv_vocab.txt", b"1 'a' 1\n2 'b 1\n"),
    "rwkv call": ("rwkv_vocab.txt", b"1 'a' 1\n2 exit() 1\n"),
    "rwkv escape": ("rwkv_vocab.txt", b"1 'a' 1\n2 '\\q' 1\n"),
    "rwkv surrogate": ("rwkv_vocab.txt", b"1 'a' 1\n2 '\\ud800' 3\n"),
    "rwkv id": ("rwkv_vocab.txt", b"1 'a' 1\n1000000000 'b' 1\n"),
    "rwkv id twice": ("rwkv_vocab.txt", b"1 'a' 1\n1 'b' 1\n"),
    "words twice": ("vocab.txt", b"a\n##b\n##b\n"),
    # GGUF (its container: tests/artifact/test_gguf.py).
    "gguf no model": ("x.gguf", gguf(model=b"")),
    "gguf other model": ("x.gguf", gguf(model=struct.pack("<IQ", 8, 4) + b"what")),
    "gguf model number": ("x.gguf", gguf(model=struct.pack("<II", 4, 1))),
    "gguf no tokens": ("x.gguf", gguf(tokens=b"")),
    "gguf token numbers": ("x.gguf", gguf(tokens=listed(4, 2, bytes(8)))),
    "gguf nested tokens": ("x.gguf", gguf(tokens=listed(9, 1, listed(8, 0)[4:]))),
    "gguf token not UTF-8": ("x.gguf", gguf(tokens=listed(8, 1, word(b"\xff")))),
    "gguf 2^60 tokens": ("x.gguf", gguf(tokens=listed(8, 2**60))),
    "gguf types too few": ("x.gguf", gguf(token_type=listed(5, 1, bytes(4)))),
    "gguf type 7": ("x.gguf", gguf(token_type=listed(4, 2, b"\x07\0\0\0" * 2))),
    "gguf types are fractions": (
        "x.gguf",
        gguf(token_type=listed(6, 2, struct.pack("<2f", 1, 1))),
    ),
    "gguf no merges": ("x.gguf", gguf(merges=b"")),
    "gguf merge": ("x.gguf", gguf(merges=listed(8, 1, word(b"ab")))),
    "gguf merge numbers": ("x.gguf", gguf(merges=listed(4, 1, bytes(4)))),
    "gguf merge arrays": ("x.gguf", gguf(merges=listed(9, 1, listed(8, 0)[4:]))),
}


@pytest.fixture(autouse=True)
def _small_files(monkeypatch):
    """The same limits at a size that tests can reach quickly."""
    monkeypatch.setattr(content, "MAX_BYTES", 2**22)


def read_measured(path: Path):
    tracemalloc.start()
    begin = time.perf_counter()
    try:
        return read_tokenizer(path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MOST_MEMORY
        assert time.perf_counter() - begin < SLOWEST


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile(tmp_path, case):
    name, raw = HOSTILE[case]
    if name == "vocab.json":
        (tmp_path / "merges.txt").write_text("a b\n")
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(ParentageError) as caught:
        read_measured(path)
    error = caught.value
    assert error.file
    assert error.expected
    assert error.advice
    assert "\n" not in str(error)
    assert len(str(error)) < 700


SIDE = {
    "not JSON": ("tokenizer_config.json", b"{"),
    "list": ("tokenizer_config.json", b"[]"),
    "decoder list": ("tokenizer_config.json", b'{"added_tokens_decoder": [1]}'),
    "decoder text": ("tokenizer_config.json", b'{"added_tokens_decoder": {"0": "x"}}'),
    "decoder id": (
        "tokenizer_config.json",
        b'{"added_tokens_decoder": {"x": {"content": "x"}}}',
    ),
    "decoder 1e9": (
        "tokenizer_config.json",
        b'{"added_tokens_decoder": {"1000000000": {"content": "x"}}}',
    ),
    "added text": ("added_tokens.json", b'{"x": "y"}'),
    "added 1e9": ("added_tokens.json", b'{"x": 1000000000}'),
    "template": ("chat_template.jinja", b"\xff\xfe"),
}


@pytest.mark.parametrize("case", SIDE)
def test_hostile_side_files(tmp_path, case):
    name, raw = SIDE[case]
    (tmp_path / "tokenizer.json").write_bytes(bpe(merges=["a b"]))
    assert read_tokenizer(tmp_path).size == 3
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(TokenizerError, match=name.split(".")[0]):
        read_measured(tmp_path)


def test_tolerated_as_real_files_do(tmp_path):
    """What published files do, or may do without being ambiguous, is noted."""
    path = tmp_path / "tokenizer.json"
    # A merge whose token is missing, the same merge twice, a hole, no bytes.
    path.write_bytes(bpe({"a": 0, "b": 1, "": 2, "c": 4}, ["a b", "a b"]))
    notes = " | ".join(read_tokenizer(path).notes)
    assert "not in the vocabulary: 'ab'" in notes
    assert "listed twice" in notes
    assert "2 ids without a token, the first 2" in notes
    assert "without bytes" in notes
    # Odd declarations of what does not decide: described, not refused.
    odd = {"type": ["x"], "pattern": {"Regex": 5}, "replacement": 7, "prepend": {}}
    sequence = {"type": "Sequence", "pretokenizers": [odd, 5, None, odd | {"type": 3}]}
    rest = {"normalizer": odd, "pre_tokenizer": sequence, "decoder": [odd]}
    path.write_bytes(bpe(merges=["a b"], **rest))
    assert read_tokenizer(path).size == 3


def test_chains_of_merges_cannot_turn_in_circles(tmp_path):
    """Merges only make tokens longer: a cycle would need an empty side."""
    path = tmp_path / "tokenizer.json"
    path.write_bytes(bpe({"a": 0, "aa": 1, "aaaa": 2}, ["aa aa", "a a", "aa aa"]))
    made = read_tokenizer(path)
    assert made.ranks.tolist() == [-1, 1, 0]


@pytest.mark.parametrize("what", ["zeros", "lines", "values", "file"])
def test_bombs(tmp_path, monkeypatch, what):
    """Small files that grow, and large ones."""
    monkeypatch.setattr(content, "MAX_LINES", 2**16)
    path = tmp_path / "x.tiktoken.gz"
    if what == "zeros":
        packer = zlib.compressobj(9, wbits=31)
        blocks = [packer.compress(bytes(2**20)) for _ in range(64)]
        path.write_bytes(b"".join(blocks) + packer.flush())
        assert path.stat().st_size < 100_000
    elif what == "lines":
        path.write_bytes(gzip.compress(b"IQ== 0\n" + b"\n" * 2**20))
    elif what == "values":
        raw = b'{"model": {"vocab": [' + b"[],".join([b""] * 2**20) + b"0]}}"
        path.write_bytes(gzip.compress(raw))
        monkeypatch.setattr(
            content, "_LIMITS", content.Limits(depth=64, values=10**5, wide=2**22)
        )
    else:
        with path.open("wb") as file:
            file.truncate(2**40)
    with pytest.raises(TokenizerError, match="at most"):
        read_measured(path)


def test_paths(tmp_path):
    with pytest.raises(ParentageError):
        read_tokenizer(tmp_path / "missing.json")
    with pytest.raises(TokenizerError, match="holds no tokenizer"):
        read_tokenizer(tmp_path)
    (tmp_path / "model").mkdir()
    secret = tmp_path / "secret.json"
    secret.write_bytes(bpe(merges=["a b"]))
    (tmp_path / "model" / "tokenizer.json").symlink_to(secret)
    with pytest.raises(ParentageError, match="leads out"):
        read_tokenizer(tmp_path / "model")


RANK_LINES = b"".join(
    base64.b64encode(token) + b" %d\n" % n
    for n, token in enumerate((b"a", b"b", b"ab", "한".encode()))
)
SOUND = {
    "tokenizer.json": bpe(
        merges=["a b"],
        added_tokens=[{"id": 3, "content": "<x>", "special": True}],
        normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        pre_tokenizer={"type": "Split", "pattern": {"Regex": "x"}},
    ),
    "unigram.tokenizer.json": unigram([["<unk>", 0.0], ["a", -1.5]], unk_id=0),
    "tokenizer.model": PIECES
    + block(2, b"\x18\x02\xc0\x02\x00")
    + block(3, b"\x18\x00"),
    "x.tiktoken": RANK_LINES,
    "x.tiktoken.gz": gzip.compress(RANK_LINES, mtime=0),
    "tekken.json": tekken(special_tokens=[{"rank": 3, "token_str": "<x>"}]),
    "merges.txt": b"#version: 0.2\na b\nab a\n",
    "rwkv_vocab.txt": b"1 'a' 1\n2 b'\\xff' 1\n3 '\\n\\n' 2\n",
    "vocab.txt": b"[PAD]\n[UNK]\na\n##a\n",
    "x.gguf": gguf(
        token_type=listed(5, 2, struct.pack("<2i", 1, 3)),
        merges=listed(8, 1, word(b"a b")),
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(SOUND[name])
    assert read_measured(path).size > 1


@pytest.mark.parametrize("name", SOUND)
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_damaged(tmp_path, name, data):
    """Bytes changed, moved in, taken out or cut off: an error or a tokenizer."""
    raw = SOUND[name]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        gone = data.draw(st.integers(0, 6))
        fresh = data.draw(st.binary(max_size=8) | st.sampled_from(ODD))
        raw = raw[:at] + fresh + raw[at + gone :]
    path = tmp_path / name
    path.write_bytes(raw)
    try:
        made = read_tokenizer(path)
    except ParentageError:
        return
    # What was accepted can be used.
    assert len(made.digest) == len(made.vocabulary_digest) == 64
    assert len(made.hashes64()) == made.size
    assert set(made.index.values()) <= set(range(made.size))


ODD = [b"[" * 99, b"null", b"-1", b"1e999", b"true", b'"', b"\xff\xff\xff\xff", b"{}"]
ODD += [b"\x80" * 12, b"999999999999", b"\n", b" ", b"\\", b"\\ud800", b'"":[],']
