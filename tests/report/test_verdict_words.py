# SPDX-License-Identifier: Apache-2.0
"""Every sentence can be said in every language; odd documents stay as they are."""

import string

import pytest

from parentage.report import verdict_words as words
from parentage.report.language import Language
from parentage.report.verdict_document import Saying
from parentage.verdict import vocabulary

TABLES = {
    "OUTCOMES": vocabulary.Outcome,
    "CLASSES": vocabulary.Class,
    "COMPONENTS": vocabulary.Component,
    "KINDS": vocabulary.Kind,
    "WEIGHTS": vocabulary.Weight,
    "GRADES": vocabulary.Grade,
    "ITEMS": vocabulary.Item,
    "EVIDENCE": vocabulary.Evidence,
}


@pytest.mark.parametrize("name", TABLES)
def test_every_word_of_the_vocabulary_has_a_name(name):
    assert set(getattr(words, name)) == set(TABLES[name].__args__)


@pytest.mark.parametrize("action", vocabulary.Action.__args__)
def test_every_action_has_a_sentence(action):
    assert f"cure-{action}" in words.SENTENCES


@pytest.mark.parametrize("code", ["en", "ko"])
def test_every_sentence_can_be_said(code):
    for name, text in words.SENTENCES.items():
        places = {key for _, key, _, _ in string.Formatter().parse(text) if key}
        item = words.saying(name, **dict.fromkeys(places, "<x>"))
        said = words.say(item, Language(code))
        assert said
        assert "{" not in said
        if code == "ko":
            assert said != item.text or not any(c.isalpha() for c in said)


def test_unknown_or_incomplete_sentences_stay_as_they_are():
    for item in (
        Saying(id="of the future", text="As it was."),
        Saying(id="class-allowed", places={}, text="As it was."),
    ):
        assert words.say(item, Language("ko")) == "As it was."


def test_names_of_models_keep_their_letters():
    assert words.saying("licence-not-stated", references="qwen").text.endswith(
        "of qwen is not known."
    )
    text = words.say(
        words.saying("class-allowed", module="vision_encoder", class_="own")
    )
    assert text == "Vision encoder: own, which is allowed."
