# SPDX-License-Identifier: Apache-2.0
"""The schema of family files: a mistake is an error that names file and key."""

from __future__ import annotations

from typing import Any

import pytest

from parentage.errors import DescriptionError
from parentage.model.families import build, load_families
from parentage.model.names import components, natural_key, scope_of, template

GOOD = {
    "kind": "text_decoder",
    "model_types": ["toy"],
    "layers": ["layers"],
    "once": {"embedding": {"wte.weight": "token_embedding"}},
    "layer": {
        "mlp": {
            "up.{expert}.weight": "up_proj",
            "fused": {"roles": ["gate_proj", "up_proj"], "split": "blocks"},
        }
    },
}


def test_a_family_is_built() -> None:
    family = build("toy", {"toy": GOOD})
    (rule,) = family.rules["layers.#.up.#.weight"]
    assert rule.slots == ("layer", "expert")
    assert rule.roles == ("up_proj",)
    assert family.rules["wte.weight"][0].block == "embedding"


def test_all_shipped_families_load() -> None:
    assert len(load_families()) >= 25
    assert all(not f.name.startswith("_") for f in load_families())


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"once": {"embedding": {"a.b": "no_such_role"}}}, "a.b"),
        ({"once": {"nowhere": {"a": "up_proj"}}}, "once.nowhere"),
        ({"once": {"mlp": {"a": {"role": "up_proj", "x": 1}}}}, "a"),
        ({"once": {"mlp": {"a": {"roles": ["up_proj", "gate_proj"]}}}}, "a"),
        ({"once": {"mlp": {"a": {"role": "up_proj", "module": "leg"}}}}, "a"),
        ({"once": {"mlp": {"a": {"role": "up_proj", "stacked": "yes"}}}}, "a"),
        ({"once": {"mlp": {"a": 3}}}, "a"),
        ({"once": 3}, "once"),
        ({"colour": "red"}, "colour"),
        ({"kind": "leg"}, "kind"),
        ({"layers": "layers"}, "layers"),
        ({"layers": []}, "layers"),
        ({"rotary": "yes"}, "rotary"),
        ({"extends": ["absent"]}, "extends"),
        ({"extends": ["toy"]}, "extends"),
        ({"requires": ["absent.weight"]}, "requires"),
    ],
)
def test_mistakes_name_file_and_key(change: Any, key: Any) -> None:
    with pytest.raises(DescriptionError) as error:
        build("toy", {"toy": GOOD | change})
    assert "toy.toml" in str(error.value)
    assert key in str(error.value)


def test_what_extends_overrides() -> None:
    child = {"extends": ["toy"], "layer": {"mlp": {"fused": "fc_in"}}}
    family = build("child", {"toy": GOOD, "child": child})
    assert family.rules["layers.#.fused"][0].roles == ("fc_in",)
    assert family.model_types == frozenset()


def test_templates_and_scopes() -> None:
    assert template("h.10.mlp.w1.3") == ("h.#.mlp.w1.#", (10, 3))
    assert template("h/3/kernel") == ("h.#.kernel", (3,))
    assert template("h." + "9" * 30)[1] == ()
    assert scope_of("model.language_model.model") == "language_model"
    assert sorted(["a.10", "a.9"], key=natural_key) == ["a.9", "a.10"]
    assert components("a.b/c") == ["a", "b", "c"]
