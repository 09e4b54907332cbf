# SPDX-License-Identifier: Apache-2.0
"""The quotable sentences, word for word."""

import pytest

from parentage.report.words import headline, layers_text, parts_text, percent


def sentence(**more):
    empty = {"accused": [], "cleared": [], "untested": [], "unclear": []}
    return headline("C", ["R"], **(empty | more))


def test_headlines():
    copied = ("vision_encoder", "identical", "R", 0.0207, "")
    half = ("text_decoder", "reused", "R", 0.86, "MLPs of layers 0–2")
    assert sentence(accused=[copied], cleared=["text_decoder"]) == (
        "In C, the vision encoder (2.07 % of parameters) is identical to that of R. "
        "No dependence was found in the text decoder."
    )
    assert sentence(accused=[half], untested=["projector_2"]) == (
        "In C, the text decoder (86.00 % of parameters, MLPs of layers 0–2) carries "
        "weights of R. Not testable: the projector 2."
    )
    assert sentence(cleared=["text_decoder", "head"]) == (
        "No dependence of C on R was found."
    )
    assert sentence(cleared=["head"], unclear=["embedding"]) == (
        "No dependence of C on R was found in the output head. More agreement than "
        "chance explains, without proof of reuse, is in the token embedding."
    )
    assert sentence(untested=["head"]) == "C could not be tested against R."


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        ([], ""),
        ([(None, None)], ""),
        ([(3, 3)], "layer 3"),
        ([(0, 0), (1, 1), (3, 3)], "layers 0–1, 3"),
        ([(0, 1), (1, 2)], "layers 0–1 (its 1–2)"),
    ],
)
def test_layers(layers, text):
    assert layers_text(layers) == text


def test_blocks_of_equal_layers_are_said_together():
    same = [(0, 0), (1, 1)]
    parts = [("attention", same), ("mlp", same), ("norms", [])]
    assert parts_text(parts) == "attention and MLPs of layers 0–1; norms"


def test_small_shares_do_not_vanish():
    assert percent(0.0207) == "2.07 %"
    assert percent(0.0000039) == "0.00039 %"
    assert percent(0.0) == "0 %"
