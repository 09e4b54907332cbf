# SPDX-License-Identifier: Apache-2.0
"""What stands in the way of every file that people write."""

import pytest

from parentage.errors import DeclarationError, ProfileError, StageError
from parentage.program.load_stage import parse_stage
from parentage.verdict.load_profile import parse_profile
from parentage.verdict.manifest import load_manifest
from parentage.verdict.toml_file import parse_toml, read_written

HOSTILE = [
    b"\xff",
    b"a = [",
    b"[" * 100_000,
    b"id = " + b"1" * 5000,
    b"id = 0x" + b"f" * 5000,
    b"id = 0x8000000000000000",
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_one_error_for_every_reader(raw, tmp_path):
    with pytest.raises(ProfileError, match="is not TOML"):
        parse_profile(raw, file="x.toml")
    with pytest.raises(StageError, match="is not TOML"):
        parse_stage(raw, file="x.toml")
    file = tmp_path / "m.toml"
    file.write_bytes(raw)
    with pytest.raises(DeclarationError, match="is not TOML"):
        load_manifest(file)


def test_the_longest_numbers_that_toml_knows_are_read():
    text = b"a = 0x7fffffffffffffff\nb = [-9223372036854775808, true]\n"
    data, lines = parse_toml(text, "x.toml", StageError)
    assert data == {"a": 2**63 - 1, "b": [-(2**63), True]}
    assert lines == {("a",): 1, ("b",): 2}


def test_a_file_is_bounded(tmp_path):
    file = tmp_path / "x.toml"
    file.write_bytes(b"12345")
    assert read_written(file, 5, StageError, expected="a file") == b"12345"
    with pytest.raises(StageError, match="is too large") as caught:
        read_written(file, 4, StageError, expected="a file")
    assert "at most 4 bytes" in str(caught.value)
    with pytest.raises(StageError, match="cannot be read"):
        read_written(tmp_path / "none", 4, StageError, expected="a file")
