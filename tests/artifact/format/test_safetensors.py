# SPDX-License-Identifier: Apache-2.0
"""Hostile headers: each has its own clear error or finding."""

from __future__ import annotations

import tracemalloc

import pytest
from safetensors import safe_open

from parentage.artifact import LocalFile, open_checkpoint, read_header
from parentage.artifact.format import safetensors as module
from parentage.errors import HeaderError, LayoutError, TruncatedError

T = b'"t":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'
DATA = b"abcd"


def described(**changes: str) -> bytes:
    fields = {"dtype": '"U8"', "shape": "[4]", "data_offsets": "[0,4]"} | changes
    inner = ",".join(f'"{key}":{value}' for key, value in fields.items() if value)
    return b'{"t":{' + inner.encode() + b"}}"


HEADERS = {
    "empty header": (b"", HeaderError, ["starts with b''", "expected '{'"]),
    "leading space": (b" {" + T + b"}", HeaderError, ["starts with b' '", "byte 8"]),
    "an array": (b"[1]", HeaderError, ["starts with b'['"]),
    "not UTF-8": (b'{"\xff":1}', HeaderError, ["byte 10", "UTF-8"]),
    "not JSON": (b'{"t":}', HeaderError, ["byte 13", "line 1, column 6", "not JSON"]),
    "garbage after": (b"{" + T + b"}x", HeaderError, ["Extra data"]),
    "unterminated": (b'{"t', HeaderError, ["Unterminated string"]),
    "unterminated escapes": (b'{"' + b'\\"' * 50_000, HeaderError, ["Unterminated"]),
    "deep lists": (b'{"t":' + b"[" * 100_000, HeaderError, ["nested deeper than 4"]),
    "deep objects": (b'{"a":' * 100_000, HeaderError, ["nested deeper", "byte 28"]),
    "deep but small": (b'{"t":[[[[[1]]]]]}', HeaderError, ["nested deeper than 4"]),
    "brackets in strings": (
        b'{"[[[[[[{{{{{":1}',
        HeaderError,
        ["[[[[[[{{{{{", "described by int"],
    ),
    "many values": (
        b'{"t":[' + b"1," * 2_000_001 + b"1]}",
        HeaderError,
        ["holds about 2000003 values", "at most 2000000"],
    ),
    "wide text": (
        b'{"t":"' + "é".encode() * 8_000_001 + b'"}',
        HeaderError,
        ["not ASCII", "at most 16000000"],
    ),
    "duplicate tensor": (
        b"{" + T + b"," + T + b"}",
        HeaderError,
        ["duplicate key 't'", "unique"],
    ),
    "duplicate field": (
        b'{"t":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}',
        HeaderError,
        ["duplicate key 'dtype'"],
    ),
    "duplicate metadata": (
        b'{"__metadata__":{"a":"b","a":"c"},' + T + b"}",
        HeaderError,
        ["duplicate key 'a'"],
    ),
    "metadata number": (
        b'{"__metadata__":{"a":1},' + T + b"}",
        HeaderError,
        ["__metadata__ entry 'a' is not a string", "strings only"],
    ),
    "metadata list": (
        b'{"__metadata__":["a"],' + T + b"}",
        HeaderError,
        ["__metadata__ is a JSON list", "object of strings"],
    ),
    "surrogate": (b'{"\\ud800":{}}', HeaderError, ["surrogate", "Unicode"]),
    "NaN": (described(shape="NaN"), HeaderError, ["NaN is not JSON"]),
    "entry is a list": (b'{"t":[1]}', HeaderError, [":t:", "described by list"]),
    "no dtype": (described(dtype=""), HeaderError, ["data_offsets', 'shape'", ":t:"]),
    "no shape": (described(shape=""), HeaderError, ["expected dtype, shape and"]),
    "unknown dtype": (
        described(dtype='"F7"'),
        HeaderError,
        [":t:", "unknown dtype 'F7'", "BF16"],
    ),
    "dtype number": (described(dtype="16"), HeaderError, ["unknown dtype '16'"]),
    "dtype list": (described(dtype="[1]"), HeaderError, ["unknown dtype '[1]'"]),
    "shape bool": (described(shape="[true]"), HeaderError, ["shape [True]", ">= 0"]),
    "shape float": (described(shape="[4.0]"), HeaderError, ["shape [4.0]", ">= 0"]),
    "shape negative": (described(shape="[-4]"), HeaderError, ["shape [-4]", ">= 0"]),
    "shape number": (described(shape="4"), HeaderError, ["shape 4 is malformed"]),
    "shape nested": (described(shape="[[4]]"), HeaderError, ["[[4]] is malformed"]),
    "shape null": (described(shape="null"), HeaderError, ["None is malformed"]),
    "shape too long": (
        described(shape="[" + ",".join("1" * 65) + "]"),
        HeaderError,
        ["at most 64 integers"],
    ),
    "shape overflow": (
        described(shape="[4294967296,4294967296,4]"),
        HeaderError,
        ["too many elements", "at most 2**59"],
    ),
    "empty but huge": (
        described(shape="[4611686018427387904,0]", data_offsets="[0,0]"),
        HeaderError,
        ["too many elements", "at most 2**59"],
    ),
    "huge integer": (
        described(shape="[" + "9" * 5000 + "]"),
        HeaderError,
        ["an integer of 5000 digits"],
    ),
    "offsets one": (described(data_offsets="[4]"), HeaderError, ["[4] are malformed"]),
    "offsets text": (described(data_offsets='"0,4"'), HeaderError, ["malformed"]),
    "offsets negative": (
        described(data_offsets="[-4,0]"),
        HeaderError,
        ["[-4, 0] are malformed", "two integers >= 0"],
    ),
    "offsets reversed": (
        described(data_offsets="[4,0]"),
        HeaderError,
        ["4..0 are reversed", "begin <= end"],
    ),
    "offsets over 2**63": (
        described(data_offsets="[9223372036854775807,9223372036854775811]"),
        HeaderError,
        ["out of range", "below 2**63"],
    ),
    "offsets far out": (
        described(data_offsets="[400,404]"),
        LayoutError,
        [":t:", "out of range", "inside the file's"],
    ),
    "wrong product": (
        described(shape="[5]"),
        LayoutError,
        [":t:", "4 bytes for shape [5] of U8", "expected 5 bytes"],
    ),
    "half a byte": (
        described(shape="[7]", dtype='"F4"'),
        LayoutError,
        ["4 bytes for shape [7] of F4", "expected 3.5 bytes"],
    ),
    "overlap": (
        b"{" + T + b',"u":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
        LayoutError,
        [":u:", "shares 2 bytes with t", "starts at byte"],
    ),
    "same range": (
        b"{" + T + b',"u":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}',
        LayoutError,
        ["shares 4 bytes with"],
    ),
    "data too short": (
        b"{" + T + b',"u":{"dtype":"U8","shape":[9],"data_offsets":[4,13]}}',
        TruncatedError,
        [":u:", "the file ends at byte", "data up to byte", "Download"],
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_hostile_header(forge, case):
    header, kind, words = HEADERS[case]
    path = forge.raw(header, DATA)
    with pytest.raises(kind) as caught:
        open_checkpoint(path)
    assert type(caught.value) is kind
    text = str(caught.value)
    assert len(text) < 1000
    for word in ["model.safetensors", *words]:
        assert word in text
    assert caught.value.advice


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", TruncatedError, ["0 bytes", "at least 8"]),
        (b"\x01\0\0", TruncatedError, ["3 bytes", "at least 8"]),
        (b"\x10" + b"\0" * 7 + b"{}", TruncatedError, ["16 bytes", "at most 2 bytes"]),
        (b"\xff" * 8, HeaderError, ["18446744073709551615", "at most 100000000"]),
        ((2**62).to_bytes(8, "little") + b"{}", HeaderError, [str(2**62), "byte 0"]),
        ((100_000_001).to_bytes(8, "little"), HeaderError, ["100000001 bytes"]),
        ((100_000_000).to_bytes(8, "little"), TruncatedError, ["beyond the end"]),
    ],
)
def test_hostile_length_is_never_allocated(tmp_path, content, kind, words):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with LocalFile(path) as file:
        tracemalloc.start()
        try:
            with pytest.raises(kind) as caught:
                read_header(file)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert file.bytes_read <= 8
    assert peak < 200_000
    for word in words:
        assert word in str(caught.value)


def test_too_many_tensors(forge, monkeypatch):
    monkeypatch.setattr(module, "MAX_TENSORS", 1)
    path = forge.json({"a": forge.tensor(0, 1), "b": forge.tensor(1, 2)}, b"12")
    with pytest.raises(HeaderError, match="lists 2 tensors; expected at most 1"):
        open_checkpoint(path)


def test_memory_of_a_huge_header_is_bounded(forge):
    count = 20_000  # a tenth of the limit
    header = ",".join(
        f'"{i}":{{"dtype":"U8","shape":[1],"data_offsets":[{i},{i + 1}]}}'
        for i in range(count)
    )
    path = forge.raw(b"{" + header.encode() + b"}", bytes(count))
    del header
    tracemalloc.start()
    try:
        with open_checkpoint(path) as model:
            assert len(model.entries) == count
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000


def found(path):
    with open_checkpoint(path) as model:
        return model, {problem.code: problem for problem in model.problems}


def test_holes_and_trailing_bytes_are_findings(forge):
    header = {"a": forge.tensor(2, 4), "b": forge.tensor(7, 8)}
    model, problems = found(forge.json(header, b"0123456789"))
    start = model.entries["a"].begin - 2
    holes = [p for p in model.problems if p.code == "hole"]
    assert [(p.tensor, p.offset, p.severity) for p in holes] == [
        ("a", start, "warning"),
        ("b", start + 4, "warning"),
    ]
    assert "2 bytes before this tensor belong to no tensor" in holes[0].message
    assert "2 bytes follow the last tensor" in problems["trailing-bytes"].message
    assert problems["trailing-bytes"].offset == start + 8
    assert problems["trailing-bytes"].to_json()["file"] == "model.safetensors"


def test_many_holes_are_summed_up(forge):
    header = {f"t{i:03}": forge.tensor(2 * i + 1, 2 * i + 2) for i in range(40)}
    model, _ = found(forge.json(header, bytes(80)))
    assert len(model.problems) == 17
    assert model.problems[-1].message == "24 more ranges belong to no tensor"


def test_zero_size_tensors_are_legal(forge):
    header = {"a": forge.tensor(0, 4), "z": forge.tensor(4, 4, "F32", [3, 0])}
    path = forge.json(header, DATA)
    _, problems = found(path)
    assert problems["zero-size"].severity == "info"
    assert "1 tensors have no elements: z" in problems["zero-size"].message
    with open_checkpoint(path) as model:
        assert model.read("z", (3, 0), ((0, 3), (0, 0))).shape == (3, 0)
        assert model.read("a", (2, 2), ((1, 1), (0, 2))).shape == (0, 2)


def test_no_tensors_at_all(forge):
    model, problems = found(forge.json({}))
    assert not model.entries
    assert not problems


def test_names_are_made_safe_to_print(forge):
    name = "a\x1b[31m" + "x" * 5000
    path = forge.json({name: {"dtype": "F7"}}, DATA)
    with pytest.raises(HeaderError) as caught:
        open_checkpoint(path)
    text = str(caught.value)
    assert "\x1b" not in text
    assert len(text) < 600


def test_unknown_fields_and_padding_are_accepted(forge):
    model, problems = found(forge.raw(described(more="[1]") + b"   ", DATA))
    assert model.entries["t"].shape == (4,)
    assert model.entries["t"].size == model.entries["t"].nbytes == 4
    assert not problems


def test_null_metadata_is_no_metadata(tmp_path):
    """As MLX writes it, and as the format's own library reads it."""
    text = b'{"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"x")
    with LocalFile(path, root=tmp_path) as file:
        assert read_header(file).metadata == {}
    with safe_open(path, "np") as oracle:
        assert list(oracle.keys()) == ["a"]
