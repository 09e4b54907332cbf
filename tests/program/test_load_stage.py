# SPDX-License-Identifier: Apache-2.0
import json
from contextlib import suppress
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import StageError
from parentage.program.load_stage import (
    load_scores,
    load_stage,
    parse_stage,
    shipped_stages,
)
from parentage.program.scores import Figure

STAGES = resources.files("parentage.program").joinpath("stages")
SHIPPED = ["kr-2026-extra-team", "kr-2026-phase-1", "kr-2026-phase-2"]
TEXT = STAGES.joinpath("kr-2026-phase-1.toml").read_text("utf-8")


def problems(text):
    with pytest.raises(StageError) as error:
        parse_stage(text.encode(), file="x.toml")
    return list(error.value.problems)


def line(text, part):
    return next(n for n, row in enumerate(text.splitlines(), 1) if part in row)


def test_shipped_stages():
    assert list(shipped_stages()) == SHIPPED
    for name in SHIPPED:
        loaded = load_stage(name)
        assert loaded.stage.id == name
        assert loaded.origin == "shipped"


def test_a_file_is_the_same_as_the_shipped_one(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(TEXT, encoding="utf-8")
    loaded = load_stage(str(file))
    assert loaded.stage == load_stage("kr-2026-phase-1").stage
    assert loaded.digest == load_stage("kr-2026-phase-1").digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('scaling = "best"', 'scaling = "bust"', "unknown value 'bust'"),
        ("points = 20\n", "points = 21\n", "the items have 41 points"),
        ("points = 15\n", "points = 14\n", "the criteria have 34 points"),
        ('panel = "users"', 'panel = "nobody"', "no panel is called 'nobody'"),
        ("drop = 1", "drop = 5", "leaves nothing of 10 members"),
        ('of = "expert.panel.ripple"', 'of = "expert.x"', "'expert.x'"),
        ('timezone = "Asia/Seoul"', 'timezone = "Asia/Sool"', "no timezone"),
        ('team = "naver"', 'team = "navr"', "no team is called 'navr'"),
        ('of = "benchmark.nia"', 'of = "benchmark.nie"', "'benchmark.nie'"),
        ("value = 33.6", "value = 43.6", "43.6 is off the scale"),
        ("least = 1\n", "least = 6\n", "'least' is not below 'full'"),
        ("full = 5\n", "", "'full' is missing"),
        ('id = "policy"', 'id = "technical"', "called 'technical'"),
        ("count = 4", "count = 4\nfoo = 1", "advance.foo: unknown key"),
        ('kind = "official"', 'kind = "rumour"', "unknown value 'rumour'"),
    ],
)
def test_each_mistake_is_named(old, new, said):
    assert TEXT.count(old) >= 1
    found = problems(TEXT.replace(old, new, 1))
    assert any(said in what for _, what in found), found


def test_all_mistakes_at_once_with_their_lines():
    text = TEXT.replace("value = 33.6", "value = 43.6")
    text = text.replace('team = "naver"', 'team = "navr"')
    text = text.replace('panel = "users"', 'panel = "nobody"')
    found = problems(text)
    assert [n for n, _ in found] == sorted(n for n, _ in found)
    lines = {what.split(";")[0]: n for n, what in found}
    assert lines["43.6 is off the scale"] == line(text, "value = 43.6")
    assert lines["no panel is called 'nobody'"] == line(text, 'panel = "nobody"')
    # Once among the decisions, once among what was announced.
    assert sum("'navr'" in what for _, what in found) == 2


def test_an_unknown_stage_lists_the_known_ones():
    with pytest.raises(StageError, match="kr-2026-phase-1, kr-2026-phase-2"):
        load_stage("kr-2031-phase-9")


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a = ", b"x = 1e999999999999999999999"])
def test_what_is_no_toml_is_one_error(raw):
    with pytest.raises(StageError):
        parse_stage(raw, file="x.toml")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(StageError, match="cannot be read"):
        load_stage(str(tmp_path / "none.toml"))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, len(TEXT) - 1), st.integers(1, 40), st.text(max_size=5))
def test_a_damaged_file_is_read_or_one_error(place, length, put):
    text = TEXT[:place] + put + TEXT[place + length :]
    with suppress(StageError):
        assert parse_stage(text.encode(), file="x.toml").id


@pytest.mark.parametrize(
    ("value", "places", "reach"),
    [("33.6", 1, "0.05"), ("28.50", 2, "0.005"), ("25", 0, "0.5")],
)
def test_figures_are_as_exact_as_they_are_written(value, places, reach):
    from decimal import Decimal

    figure = Figure(kind="average", of="total", value=Decimal(value), source="x")
    assert (figure.places, figure.reach) == (places, Decimal(reach))


def test_scores_come_from_toml_and_json(tmp_path):
    stage = load_stage("kr-2026-phase-1").stage
    rows = [{"team": "lg", "item": "benchmark.nia", "value": 9.2}]
    as_json = tmp_path / "s.json"
    as_json.write_text(json.dumps({"values": rows}))
    as_toml = tmp_path / "s.toml"
    as_toml.write_text('[[values]]\nteam = "lg"\nitem = "benchmark.nia"\nvalue = 9.2\n')
    assert load_scores(str(as_json), stage) == load_scores(str(as_toml), stage)


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, "1" * 5000, '{"values": 1.0e999999999999999999999}']
)
def test_scores_that_are_no_json_are_one_error(text, tmp_path):
    file = tmp_path / "s.json"
    file.write_text(text)
    with pytest.raises(StageError, match="is not JSON"):
        load_scores(str(file), load_stage("kr-2026-phase-1").stage)


def test_wrong_scores_are_named_with_lines(tmp_path):
    stage = load_stage("kr-2026-phase-1").stage
    file = tmp_path / "s.toml"
    file.write_text(
        '[[ballots]]\nmember = "m"\nteam = "lg"\nitem = "user.panel"\nvalue = 7\n'
        '[[ballots]]\nmember = "m"\nteam = "x"\nitem = "benchmark.nia"\nvalue = 1\n'
        '[[votes]]\nmember = "m"\nteam = "lg"\nable = true\n'
        '[[values]]\nteam = "lg"\nitem = "benchmark.individual"\nvalue = 72\n'
    )
    with pytest.raises(StageError) as error:
        load_scores(str(file), stage)
    said = dict(error.value.problems)
    assert said[5] == "7 is off the scale; expected 1 to 5"
    assert said[8] == "no team is called 'x'"
    assert said[9] == "there is no item 'benchmark.nia' that a panel scores"
    assert said[11] == "only a wildcard round has votes"
    assert said[15].startswith("'target' is missing")
