# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.evidence.tokenizer.scripts import SCRIPTS, classify


@pytest.mark.parametrize(
    ("token", "script"),
    [
        (" the", "latin"),
        ("Größe", "latin"),
        (" слово", "cyrillic"),
        ("한국", "hangul"),
        ("ㄱ", "hangul"),
        ("中文", "han"),
        ("𠮷", "han"),
        ("日本の", "kana"),
        ("عربي", "arabic"),
        ("Ελλ", "other"),
        ("2024", "digits"),
        ("  \n", "whitespace"),
        ("});", "punctuation"),
        ("😀", "punctuation"),
        ("", "whitespace"),
    ],
)
def test_whole_tokens(token, script):
    classes, lengths = classify([token.encode()])
    assert (SCRIPTS[classes[0]], lengths[0]) == (script, len(token))


def test_parts_of_characters_are_fragments():
    classes, lengths = classify([b"\xe4\xb8", b"ok", b" \xff", b""])
    assert [SCRIPTS[c] for c in classes] == [
        "fragment",
        "latin",
        "fragment",
        "whitespace",
    ]
    assert lengths.tolist() == [2, 2, 2, 0]


@given(st.lists(st.binary(max_size=12), max_size=30))
def test_many_tokens_are_classified_like_each_alone(tokens):
    together = classify(tokens)
    alone = [classify([token]) for token in tokens]
    assert np.array_equal(together[0], [c[0] for c, _ in alone])
    assert np.array_equal(together[1], [n[0] for _, n in alone])


@pytest.mark.parametrize(
    ("first", "last", "script"),
    [
        (0xAC00, 0xD7A3, "hangul"),
        (0x4E00, 0x9FFF, "han"),
        (0x30A1, 0x30FA, "kana"),
        (0xFF71, 0xFF9D, "kana"),
        (0x410, 0x44F, "cyrillic"),
        (0x621, 0x63A, "arabic"),
        (0x20000, 0x2A6DF, "han"),
    ],
)
def test_every_letter_of_a_block(first, last, script):
    classes, _ = classify([chr(point).encode() for point in range(first, last + 1)])
    assert {SCRIPTS[number] for number in classes.tolist()} == {script}
