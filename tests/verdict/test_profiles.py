# SPDX-License-Identifier: Apache-2.0
"""Profiles are read, checked and refused: all errors at once, with their lines."""

import json
import re
import tomllib
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import ProfileError
from parentage.verdict.load_profile import (
    load_profile,
    parse_profile,
    shipped_profiles,
)
from parentage.verdict.toml_lines import lines_of
from parentage.verdict.vocabulary import COMPONENTS, GRADES_OF_VIOLATION

WANTED = {
    "gov-minimum",
    "gov-aspiration",
    "gov-phase-2",
    "applicant-encoder",
    "rights-and-control",
    "eleutherai-yi",
    "strict",
    "lenient",
    "mof",
    "osaid",
    "ci-hygiene",
}
KOREAN = re.compile("[가-힣]")

GOOD = """\
schema = "parentage.profile/1"
id = "mine"
version = "1"
title.en = "Mine"
title.ko = "내 것"
stance.en = "Own decoder."
stance.ko = "자체 디코더."

[[sources]]
id = "me"
title.en = "Me"
title.ko = "나"
link = "https://example.org/"
language = "en"

[[rules]]
id = "decoder"
kind = "provenance"
components = ["decoder-weights"]
text.en = "Own."
text.ko = "자체."
quote.en = "Own."
quote.ko = "자체."
source = "me"
allowed = ["own"]
forbidden = ["identical"]
evidence = "nothing-found"

[[silent]]
components = ["encoder-weights", "projector", "embedding", "tokenizer", "architecture",
  "training-code", "inference-code", "data", "synthetic-data"]
text.en = "Not stated."
text.ko = "언급 없음."
"""


def problems(text):
    with pytest.raises(ProfileError) as caught:
        parse_profile(text.encode(), file="mine.toml")
    return caught.value


def test_what_must_ship_ships():
    assert set(shipped_profiles()) >= WANTED


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_rule_has_its_source_in_both_languages(name):
    profile = shipped_profiles()[name].profile
    for rule in profile.rules:
        source = profile.source(rule.source)
        assert source.link.startswith("https://")
        assert KOREAN.search(rule.text.ko)
        assert KOREAN.search(rule.quote.ko)
        assert rule.quote.en
        assert set(rule.accuse_on) <= GRADES_OF_VIOLATION
    addressed = {c for r in profile.rules for c in r.components}
    silent = {c for s in profile.silent for c in s.components}
    assert addressed | silent == set(COMPONENTS)
    assert not addressed & silent


def test_own_profile_from_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(GOOD, encoding="utf-8")
    loaded = load_profile(str(file))
    assert loaded.profile.id == "mine"
    assert loaded.origin == str(file)


def test_all_errors_at_once_with_their_lines():
    text = (
        GOOD.replace('allowed = ["own"]', 'allowed = ["own", "found-goods"]')
        .replace('forbidden = ["identical"]', 'forbidden = ["identical", "own"]')
        .replace('source = "me"\n', "")
        .replace('quote.ko = "자체."\n', "")
        .replace('"synthetic-data"]', '"weather"]')
        .replace('evidence = "nothing-found"', 'evidence = "nothing-found"\nmood = 1')
    )
    error = problems(text)
    said = {what: line for line, what in error.problems}
    lines = text.splitlines()

    def at(word):
        return next(n for n, line in enumerate(lines, 1) if word in line)

    def line_of(part):
        return next(line for what, line in said.items() if part in what)

    assert line_of("unknown class 'found-goods'") == at("found-goods")
    assert line_of("'own' is allowed and forbidden") == at("forbidden =")
    assert line_of("source is missing") == at("[[rules]]")
    assert line_of("Korean translation is missing") == at("quote.en")
    assert line_of("unknown component 'weather'") == at("encoder-weights")
    assert line_of("unknown key") == at("mood")
    assert line_of("nothing is said of 'synthetic-data'") >= 1
    assert str(error).startswith("mine.toml: 7 problems: line ")
    assert error.to_json()["problems"][0].keys() == {"line", "message"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"tokenizer", ',
            '"tokenizer", "decoder-weights", ',
            "has rules and is called",
        ),
        ('source = "me"', 'source = "you"', "no source is called 'you'"),
        ("https://", "javascript:", "sources.0.link"),
        ('kind = "provenance"', 'kind = "licence"', "'allowed' means nothing"),
        (
            'evidence = "noth',
            'accuse_on = ["calibrated"]\nevidence = "noth',
            "no ground",
        ),
        ('version = "1"', "", "version: is missing"),
    ],
)
def test_refuses(old, new, said):
    assert said in str(problems(GOOD.replace(old, new)))


def test_two_rules_that_exclude_each_other():
    rule = GOOD[GOOD.index("[[rules]]") : GOOD.index("[[silent]]")]
    second = rule.replace('"decoder"', '"again"', 1).replace(
        'allowed = ["own"]\nforbidden = ["identical"]', 'forbidden = ["own"]'
    )
    error = problems(GOOD.replace("[[silent]]", second + "\n[[silent]]"))
    assert "'own' is allowed for 'decoder-weights' by the rule 'decoder'" in str(error)


def test_an_audit_level_cannot_be_laxer():
    text = GOOD.replace("[[sources]]", "[accusation]\nlog10_alpha = -2\n[[sources]]")
    assert "accusation.log10_alpha" in str(problems(text))


@pytest.mark.parametrize("raw", [b"\xff", b"a = [", b"", b"[[[["])
def test_not_a_profile(raw):
    with pytest.raises(ProfileError):
        parse_profile(raw, file="x.toml")


def test_no_such_profile():
    with pytest.raises(ProfileError, match="one of applicant-encoder"):
        load_profile("nobody")
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile("nothing/here.toml")


def shape(value, path=()):
    """Paths of all keys of parsed TOML, arrays of tables numbered."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from shape(inner, (*path, key))
    elif isinstance(value, list) and any(isinstance(v, dict) for v in value):
        for number, inner in enumerate(value):
            yield (*path, number)
            yield from shape(inner, (*path, number))


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_key_of_a_profile_has_its_line(name):
    folder = resources.files("parentage.verdict").joinpath("profiles")
    text = folder.joinpath(f"{name}.toml").read_text("utf-8")
    lines = lines_of(text)
    rows = text.splitlines()
    for path in shape(tomllib.loads(text)):
        keys = [k for k in path if isinstance(k, str)]
        if path in lines:
            assert keys[-1] in rows[lines[path] - 1]
        else:  # a dotted key stands as a whole
            assert any(found[: len(path)] == path for found in lines), path


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "[a]",
                "[[b]]",
                "[b.c]",
                "k{n} = 1",
                'q{n} = "a # [ b"',
                "m{n} = [\n 1,\n 2 ]",
                't{n} = """\nx = 1\n"""',
                "# k = [",
                "d.e{n} = 'x'",
            ]
        ),
        max_size=12,
    )
)
def test_lines_agree_with_the_reader(parts):
    text = "\n".join(p.format(n=n) for n, p in enumerate(parts))
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    rows = text.splitlines()
    lines = lines_of(text)
    for path, number in lines.items():
        value = data
        for key in path:
            value = value[key]
        name = next(k for k in reversed(path) if isinstance(k, str))
        assert name in rows[number - 1]


values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-5, 5),
        st.sampled_from(["", "own", "me", "decoder-weights", "provenance", "x"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "kind",
                    "components",
                    "allowed",
                    "forbidden",
                    "source",
                    "en",
                    "ko",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def as_toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(v) for v in value) + "]"
    return json.dumps(value)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["schema", "id", "sources", "rules", "silent", "accusation"]),
        values,
        max_size=5,
    )
)
def test_any_toml_ends_in_one_error(data):
    text = "\n".join(f"{key} = {as_toml(value)}" for key, value in data.items())
    with pytest.raises(ProfileError):
        parse_profile(text.encode(), file="x.toml")
