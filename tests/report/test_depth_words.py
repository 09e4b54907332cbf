# SPDX-License-Identifier: Apache-2.0
"""What was done to layers is said the same way everywhere, in both languages."""

from typing import get_args

import pytest

from parentage.evidence.depth import Kind
from parentage.report.depth_words import TEXTS, depth_text, ranges
from parentage.report.document import DepthItem
from parentage.report.language import Language
from parentage.run.audit import audit
from parentage.testing.synthetic import Shape, random_model, write_model

SHAPE = Shape(hidden_size=64, intermediate_size=128, num_hidden_layers=4)


def item(kind, order, **more):
    layers = tuple((i, (j,)) for i, j in enumerate(order) if j is not None)
    empty = {"own": (), "unused": (), "repeated": ()}
    return DepthItem(kind=kind, layers=layers, **{**empty, **more})


def test_the_document_knows_every_kind():
    assert get_args(DepthItem.model_fields["kind"].annotation) == get_args(Kind)
    assert set(TEXTS) == set(get_args(Kind))


def test_runs_keep_the_order_given():
    assert ranges([0, 1, 2, 3, 2, 3, 4]) == "0–3, 2–4"
    assert ranges([5]) == "5"
    assert ranges([]) == ""


@pytest.mark.parametrize("code", ["en", "ko"])
@pytest.mark.parametrize("kind", TEXTS)
def test_every_kind_has_a_sentence(kind, code):
    depth = DepthItem(
        kind=kind,
        layers=((0, (0,)), (1, (0, 1)), (2, (3,))),
        own=(4,),
        unused=(2,),
        repeated=(0,),
    )
    text = depth_text(depth, Language(code))
    assert text
    assert "{" not in text


def test_an_up_scaled_model_is_named_with_its_layers():
    depth = item("depth-up-scaled", [0, 1, 2, 1, 2, 3], repeated=(1, 2))
    assert "layers 1–2" in depth_text(depth)
    assert "0–2, 1–3" in depth_text(depth)


def test_an_audit_says_it(tmp_path):
    parent = random_model(SHAPE, 1, "F32")
    scaled = {n: a for n, a in parent.items() if ".layers." not in n}
    for new, old in enumerate([0, 1, 2, 1, 2, 3]):
        for name, array in parent.items():
            if f".layers.{old}." in name:
                scaled[name.replace(f".{old}.", f".{new}.")] = array
    config = {**SHAPE.config(), "num_hidden_layers": 6}
    report = audit(
        write_model(tmp_path / "c", scaled, config),
        [write_model(tmp_path / "r", parent, SHAPE.config())],
    )
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    depth = decoder.outcomes[0].depth
    assert depth.kind == "depth-up-scaled"
    assert depth.repeated == (1, 2)
    assert dict(depth.layers) == {i: (j,) for i, j in enumerate([0, 1, 2, 1, 2, 3])}
