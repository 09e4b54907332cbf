# SPDX-License-Identifier: Apache-2.0
"""Places are filled in after translation, and what goes into them is never parsed."""

from parentage.report.language import ENGLISH, Language


def test_places_are_filled_in_and_never_parsed_again():
    assert ENGLISH("{a} of {b}", a="{b}", b="{0}") == "{b} of {0}"


def test_a_text_without_places_is_left_as_it_is():
    assert ENGLISH("100 {%") == "100 {%"
    assert ENGLISH("") == ""


def test_languages_know_their_code():
    assert Language("ko").code == "ko"
