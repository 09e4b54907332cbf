# SPDX-License-Identifier: Apache-2.0
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import DeclarationError
from parentage.model.card import parse_card, read_card


def card(front, body="# Model\n"):
    return parse_card(f"---\n{front}\n---\n{body}".encode(), file="README.md")


def test_values_and_their_lines():
    found = card(
        "license: apache-2.0\nbase_model:\n- a/b\n- c/d\ntags: [finetuned, 3]\n"
        "model-index:\n- name: x\n  results: {}"
    )
    assert found.get("license") == ("apache-2.0",)
    assert found.get("base_model") == ("a/b", "c/d")
    assert found.get("tags") == ("finetuned", "3")
    assert found.get("model-index") == ()
    assert found.lines["base_model"] == 3
    assert found.front == 10


def test_without_front_matter():
    found = parse_card(b"# Model\n", file="README.md")
    assert found.values == {}
    assert found.front == 0


def test_none_beside_the_weights(tmp_path):
    assert read_card(tmp_path) is None


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"---\na: 1\n", "no end"),
        (b"---\na: [\n---\n", "line"),
        (b"---\n- a\n---\n", "no mapping"),
        (b"---\na: &x [1]\nb: *x\n---\n", "alias"),
        (b"---\na: !!python/object/apply:os.system [x]\n---\n", "YAML"),
        (b"---\n" + b"[" * 60 + b"]" * 60 + b"\n---\n", "nested"),
    ],
)
def test_hostile(raw, said):
    with pytest.raises(DeclarationError, match=said):
        parse_card(raw, file="README.md")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text("---\nlicense: mit\n---\n")
    model = tmp_path / "model"
    model.mkdir()
    (model / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(DeclarationError):
        read_card(model)


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_a_card_or_one_error(raw, fenced):
    with contextlib.suppress(DeclarationError):
        parse_card(b"---\n" + raw + b"\n---\n" if fenced else raw, file="README.md")
