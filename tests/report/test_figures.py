# SPDX-License-Identifier: Apache-2.0
import re
from xml.etree import ElementTree as ET

import pytest

from parentage.report import figures
from parentage.report.language import Language


@pytest.fixture(name="drawn")
def drawn_fixture(report):
    vision = report.modules[1]
    level = vision.power.log10_alpha
    return {
        "map": figures.layer_map(vision.layer_maps[0], level, "a"),
        "far": figures.null_plot(vision.evidence[0], "b"),
        "near": figures.null_plot(report.modules[0].evidence[0], "c"),
        "norms": figures.norm_bars(report.norm_cosines[0], "d"),
    }


def test_figures_are_well_formed_and_self_contained(drawn):
    for svg in drawn.values():
        ET.fromstring(svg)
        # A style element would leak into the page; text stays text.
        assert "<style" not in svg
        assert "<script" not in svg
        assert "<text" in svg
        links = re.findall(r"(?:href|src)=\"([^\"]{0,12})", svg)
        assert all(link.startswith(("#", "data:")) for link in links)


def test_colours_follow_the_page(drawn):
    for svg in drawn.values():
        assert not re.search(r"#0[1-4]0[1-4]0[1-4]", svg)
        assert "var(--" in svg


def test_figures_are_deterministic(report, drawn):
    item = report.modules[1].layer_maps[0]
    level = report.modules[1].power.log10_alpha
    assert figures.layer_map(item, level, "a") == drawn["map"]
    assert not re.search(r"20\d\d-\d\d-\d\d", "".join(drawn.values()))


def test_ids_carry_the_prefix(drawn):
    for name, prefix in (("map", "a"), ("far", "b")):
        ids = re.findall(r" id=\"([^\"]+)\"", drawn[name])
        assert ids
        assert all(i.startswith(f"{prefix}-") for i in ids)


def test_far_and_near_observations(drawn):
    assert "19,212" in drawn["far"]
    assert "observed" in drawn["far"]
    assert "chance" in drawn["near"]


def test_nothing_to_draw(report):
    item = report.modules[1].layer_maps[0]
    single = item.model_copy(
        update={
            "rows": (None,),
            "columns": (None,),
            "heads": ((3,),),
            "trials": ((4,),),
            "correlation": ((0.0,),),
        }
    )
    assert figures.layer_map(single, -8.0, "x") is None
    evidence = report.modules[0].evidence
    assert figures.null_plot(evidence[2], "x") is None
    silent = evidence[0].model_copy(update={"value": None})
    assert figures.null_plot(silent, "x") is None
    flat = evidence[0].model_copy(update={"null_sd": 0.0})
    assert figures.null_plot(flat, "x") is None


@pytest.mark.parametrize(
    ("heads", "trials", "opacity"),
    [(0, 0, 0), (50, 100, 0), (20, 100, 0), (75, 100, 0.5), (100, 100, 1)],
)
def test_shade(heads, trials, opacity):
    assert figures.shade(heads, trials) == opacity


def test_observations_far_below_chance(report):
    item = report.modules[0].evidence[0].model_copy(update={"value": 10.0})
    ET.fromstring(figures.null_plot(item, "x"))


def test_ragged_maps_do_not_break_the_page(report):
    item = report.modules[1].layer_maps[0]
    odd = item.model_copy(update={"heads": ((9, 1),), "trials": ((4,),)})
    assert figures.layer_map(odd, -8.0, "x") is None


def test_words_are_said_in_the_language_of_the_page(report):
    korean = Language("ko")
    vision = report.modules[1]
    level = vision.power.log10_alpha
    pairs = [
        (figures.layer_map, (vision.layer_maps[0], level)),
        (figures.null_plot, (vision.evidence[0],)),
        (figures.norm_bars, (report.norm_cosines[0],)),
    ]
    seen = set()
    for draw, arguments in pairs:
        english, said = draw(*arguments, "a"), draw(*arguments, "a", korean)
        words = {
            w for w in re.findall(r">([^<>]+)</text>", english) if w in figures.WORDS
        }
        seen |= words
        for word in words:
            english = english.replace(f">{word}</text>", f">{korean(word)}</text>")
        assert said == english
        ET.fromstring(said)
        assert not re.search(r">[a-z ,]+</text>", said)
    assert seen == set(figures.WORDS)
