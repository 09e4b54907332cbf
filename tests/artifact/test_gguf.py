# SPDX-License-Identifier: Apache-2.0
"""The header of GGUF files: against the format's own library, and hostile ones."""

from __future__ import annotations

import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parentage.artifact.format.gguf import GgufTensor, read_gguf_header
from parentage.artifact.source.local import LocalFile
from parentage.errors import LayoutError, ParentageError, TruncatedError

STRING, ARRAY, U32 = 8, 9, 4
CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?"}
CODES |= {10: "Q", 11: "q", 12: "d"}


def text(value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def array(kind: int, count: int, value: bytes = b"") -> bytes:
    return struct.pack("<IQ", kind, count) + value


def tensor(name: str, dims: tuple[int, ...], offset: int = 0, kind: int = 0) -> bytes:
    sizes = struct.pack(f"<I{len(dims)}Q", len(dims), *dims)
    return text(name) + sizes + struct.pack("<IQ", kind, offset)


def header(*pairs: bytes, tensors: tuple[bytes, ...] = (), version: int = 3) -> bytes:
    counts = struct.pack("<IQQ", version, len(tensors), len(pairs))
    return b"GGUF" + counts + b"".join(pairs) + b"".join(tensors)


def read(path: Path, raw: bytes):
    path.write_bytes(raw)
    with LocalFile(path) as file:
        return read_gguf_header(file)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.gguf"


def test_every_type(path):
    values = {0: 200, 1: -3, 2: 60000, 3: -300, 4: 2**32 - 1, 5: -5, 6: 0.5, 7: True}
    values |= {10: 2**64 - 1, 11: -(2**63), 12: 0.1}
    pairs = [
        pair(f"one.{kind}", kind, struct.pack("<" + CODES[kind], value))
        for kind, value in values.items()
    ]
    pairs += [
        pair(
            f"many.{kind}", ARRAY, array(kind, 3, 3 * struct.pack("<" + CODES[kind], v))
        )
        for kind, v in values.items()
    ]
    pairs.append(pair("text", STRING, text("한국어")))
    pairs.append(pair("texts", ARRAY, array(STRING, 2, text("a") + text(b"\xff"))))
    inner = array(U32, 1, struct.pack("<I", 7))
    pairs.append(pair("nested", ARRAY, array(ARRAY, 2, inner + inner)))
    found = read(path, header(*pairs)).metadata
    for kind, value in values.items():
        assert found[f"one.{kind}"] == value
        assert type(found[f"one.{kind}"]) is type(value)
        assert found[f"many.{kind}"].tolist() == [value] * 3
    assert found["text"] == "한국어"
    assert found["texts"] == (b"a", b"\xff")
    assert [part.tolist() for part in found["nested"]] == [[7], [7]]


def test_big_endian(path):
    raw = b"GGUF" + struct.pack(">IQQ", 3, 0, 2)
    raw += struct.pack(">Q", 1) + b"a" + struct.pack(">II", U32, 513)
    raw += struct.pack(">Q", 1) + b"b" + struct.pack(">I", ARRAY)
    raw += struct.pack(">IQ2H", 2, 2, 1, 258)
    found = read(path, raw).metadata
    assert found["a"] == 513
    assert found["b"].tolist() == [1, 258]


def test_tensors_as_the_library_writes_them(path):
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_string("general.name", "small")
    rng = np.random.default_rng(0)
    arrays = {
        "token_embd.weight": rng.standard_normal((11, 8)).astype(np.float32),
        "blk.0.attn_q.weight": rng.standard_normal((3, 8)).astype(np.float16),
        "scale": rng.standard_normal(5).astype(np.float32),
    }
    for name, values in arrays.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with LocalFile(path) as file:
        found = read_gguf_header(file)
    raw = path.read_bytes()
    assert found.metadata["general.architecture"] == "llama"
    assert [t.name for t in found.tensors] == list(arrays)
    for entry in found.tensors:
        values = arrays[entry.name]
        assert entry.shape == values.shape
        assert raw[entry.offset :].startswith(values.tobytes())


@pytest.mark.slow
def test_real_files_as_the_library_reads_them():
    gguf = pytest.importorskip("gguf")
    root = os.environ.get("PARENTAGE_DATA")
    if not root:
        pytest.skip("PARENTAGE_DATA names no folder of real files")
    listed = sorted(Path(root).glob("tokenizers/**/*.gguf"))
    assert len(listed) >= 11
    for path in listed:
        with LocalFile(path) as file:
            found = read_gguf_header(file).metadata
        fields = gguf.GGUFReader(str(path)).fields
        named = {key: f for key, f in fields.items() if not key.startswith("GGUF.")}
        assert found.keys() == named.keys()
        for key, field in named.items():
            value = found[key]
            if isinstance(value, tuple | np.ndarray):
                # Every token is compared in tests/model/tokenizer.
                assert len(value) == len(field.data)
                places = [0, len(value) // 2, -1]
                value = [value[place] for place in places]
                value = [v.decode() if isinstance(v, bytes) else v for v in value]
                expected = [field.contents(place) for place in places]
            else:
                expected = field.contents()
            assert value == expected, key


LONG = struct.pack("<Q", 2**60)
HOSTILE = {
    "empty": b"",
    "other magic": b"GGML" + bytes(40),
    "version 1": header(version=1),
    "version 99": header(version=99),
    "cut after version": b"GGUF" + struct.pack("<I", 3),
    "many tensors": b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0),
    "many keys": b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60),
    "more keys than bytes": b"GGUF" + struct.pack("<IQQ", 3, 0, 50) + bytes(100),
    "long key": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + LONG + bytes(64),
    "key not UTF-8": header(pair("a", U32, bytes(4)).replace(b"a", b"\xff")),
    "key twice": header(pair("a", U32, bytes(4)), pair("a", U32, bytes(4))),
    "unknown type": header(pair("a", 13, bytes(8))),
    "huge type": header(pair("a", 2**32 - 1, bytes(8))),
    "long string": header(pair("a", STRING, LONG), pair("b", U32, bytes(4))),
    "string past the end": header(pair("a", STRING, struct.pack("<Q", 99) + b"x")),
    "string not UTF-8": header(pair("a", STRING, text(b"\xc3\x28"))),
    "array of 2^60": header(pair("a", ARRAY, array(U32, 2**60, bytes(64)))),
    "array past the end": header(pair("a", ARRAY, array(U32, 17, bytes(64)))),
    "strings of 2^60": header(pair("a", ARRAY, array(STRING, 2**60, bytes(64)))),
    "a string in an array": header(pair("a", ARRAY, array(STRING, 2, LONG + LONG))),
    "array of unknown type": header(pair("a", ARRAY, array(77, 1, bytes(64)))),
    "deep arrays": header(pair("a", ARRAY, array(ARRAY, 1) * 50)),
    "many arrays": header(pair("a", ARRAY, array(ARRAY, 10**5, bytes(12 * 10**5)))),
    "alignment 0": header(pair("general.alignment", U32, bytes(4))),
    "alignment 12": header(pair("general.alignment", U32, struct.pack("<I", 12))),
    "alignment text": header(pair("general.alignment", STRING, text("32"))),
    "many axes": header(tensors=(text("a") + struct.pack("<I", 2**31) + bytes(64),)),
    "large shape": header(tensors=(tensor("a", (2**40, 2**40)),)),
    "tensor twice": header(tensors=(tensor("a", (0,)), tensor("a", (0,)))),
    "offset off the grid": header(tensors=(tensor("a", (1,), 4),)) + bytes(99),
    "offset past the end": header(tensors=(tensor("a", (1,), 2**62),)) + bytes(99),
    "tensor cut": header(tensors=(tensor("a", (1,))[:-3],)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(path, name):
    tracemalloc.start()
    try:
        with pytest.raises(ParentageError) as caught:
            read(path, HOSTILE[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30 * 2**20
    assert caught.value.file == "model.gguf"
    assert caught.value.expected
    assert caught.value.advice
    assert "\n" not in str(caught.value)


def test_kinds_of_error(path):
    with pytest.raises(TruncatedError):
        read(path, HOSTILE["string past the end"])
    with pytest.raises(LayoutError):
        read(path, HOSTILE["offset past the end"])


SOUND = header(
    pair("general.architecture", STRING, text("llama")),
    pair("tokenizer.ggml.tokens", ARRAY, array(STRING, 2, text("a") + text("bc"))),
    pair("tokenizer.ggml.scores", ARRAY, array(6, 2, struct.pack("<2f", 0, -1))),
    tensors=(tensor("w", (2, 3), 0), tensor("v", (4,), 32)),
) + bytes(128)


def test_sound(path):
    found = read(path, SOUND)
    assert found.tensors[0] == GgufTensor("w", (3, 2), 0, found.data_start)
    assert found.tensors[1].offset == found.data_start + 32
    assert found.data_start % 32 == 0


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(SOUND) - 1), st.binary(max_size=9)), max_size=4
    ),
    cut=st.integers(0, len(SOUND)) | st.none(),
)
def test_damaged(path, changes, cut):
    raw = bytearray(SOUND)
    for at, patch in changes:
        raw[at : at + len(patch)] = patch
    try:
        found = read(path, bytes(raw[:cut]))
    except ParentageError:
        return
    assert all(entry.offset <= path.stat().st_size for entry in found.tensors)
