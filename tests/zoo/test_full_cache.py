# SPDX-License-Identifier: Apache-2.0
"""The built full zoo is what its plan says (skipped where it was not built)."""

from __future__ import annotations

import numpy as np
import pytest
from zoo.full.plan import PLAN
from zoo.full.spec import cache

from parentage.testing.memory import MemoryCheckpoint, canonical, describe_arrays, load

CACHE = cache()
BUILT = [i for i in PLAN if (CACHE / i.id / "row.json").exists()]
COPIES = [i for i in BUILT if any("identical" in x.modules.values() for x in i.links)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BUILT, reason="the full zoo was not built"),
]


def values(model: MemoryCheckpoint, module: str) -> dict[tuple[str, int | None], bytes]:
    """Canonical tensors of a module by role and layer."""
    found = describe_arrays(model).module(module)
    assert found is not None
    return {
        (t.role, t.layer): np.ascontiguousarray(canonical(model.arrays, t)).tobytes()
        for t in found.tensors
    }


@pytest.mark.parametrize("item", COPIES, ids=lambda item: item.id)
def test_identical_modules_are_identical(item):
    child = load(CACHE / item.id)
    for link in item.links:
        parent = load(CACHE / link.parent)
        if item.kind in {"renamed", "split"}:
            ours = {a.tobytes() for a in child.arrays.values()}
            theirs = {a.tobytes() for a in parent.arrays.values()}
            if item.kind == "renamed":
                assert ours == theirs
            continue
        back = dict(link.layers["mlp"]) if link.layers else {}
        for module, word in link.modules.items():
            ours, theirs = values(child, module), values(parent, module)
            same = [
                array == theirs.get((role, back.get(layer, layer)))
                for (role, layer), array in ours.items()
            ]
            assert all(same) == (word == "identical"), (module, same)


@pytest.mark.parametrize(
    "item", [i for i in BUILT if i.kind == "base"], ids=lambda item: item.id
)
def test_all_of_a_base_is_recognised_and_finite(item):
    model = load(CACHE / item.id)
    assert describe_arrays(model).unrecognised == ()
    assert all(np.isfinite(a).all() for a in model.arrays.values())
