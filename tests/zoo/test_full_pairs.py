# SPDX-License-Identifier: Apache-2.0
"""Plan, pairs and reduced set of the full zoo (needs neither torch nor the cache)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from zoo.full import manifest, quick
from zoo.full.bases import BASES
from zoo.full.pairs import ancestors, pairs, split
from zoo.full.plan import PLAN

from parentage.testing.memory import describe_arrays, load

MANIFEST = Path(__file__).resolve().parents[2] / "zoo" / "full-manifest.json"
ROWS = [
    {
        "id": i.id,
        "kind": i.kind,
        "architecture": i.architecture,
        "recipe": dict(i.recipe),
        "init_seed": i.recipe.get("init_seed"),
        "parents": i.truth(),
        "sources": list(i.sources),
        "honest": i.honest,
    }
    for i in PLAN
]
MODELS = {row["id"]: row for row in ROWS}
PAIRS = pairs(ROWS)


def test_parents_come_before_children():
    seen: set[str] = set()
    for item in PLAN:
        assert seen.issuperset(item.needs), item.id
        assert item.id not in seen
        seen.add(item.id)


def test_enough_bases():
    count = Counter(i.architecture for i in BASES if i.group != "same-seed")
    assert count == {"llama": 24, "gpt_neox": 8, "moe": 6, "vision": 8}
    seeds = Counter((i.architecture, i.recipe["init_seed"]) for i in BASES)
    assert [n for n in seeds.values() if n > 1] == [2]


def test_at_least_three_of_each_kind_from_different_parents():
    kinds = Counter(i.kind for i in PLAN)
    assert all(n >= 3 for n in kinds.values()), kinds
    for kind in kinds:
        parents = {i.needs for i in PLAN if i.kind == kind}
        assert kind == "base" or len(parents) >= 3


def test_enough_held_back_independent_pairs():
    count = Counter((p["label"], p["split"]) for p in PAIRS)
    assert count["independent", "held-back"] >= 420
    assert count["independent", "choose"] >= 100
    bases = [p for p in PAIRS if p["kind"] == "base" and p["label"] == "independent"]
    assert len(bases) >= 276


def test_no_relatives_among_the_independent():
    for pair in PAIRS:
        if pair["label"] != "independent":
            continue
        ours = ancestors(MODELS, pair["candidate"])
        assert ours.isdisjoint(ancestors(MODELS, pair["reference"]))
        assert set(pair["modules"].values()) == {"independent"}


def test_labels_are_complete_and_pairs_unique():
    keys = Counter(frozenset((p["candidate"], p["reference"])) for p in PAIRS)
    assert max(keys.values()) == 1
    twins = [p for p in PAIRS if p["label"] == "same-seed"]
    assert [(p["candidate"], p["reference"]) for p in twins] == [
        ("llama-twin-0", "llama-twin-1")
    ]
    for item in PLAN:
        for link in item.links:
            assert frozenset((item.id, link.parent)) in keys
    students = {i.id for i in PLAN if i.kind == "distilled"}
    with_teacher = {
        p["candidate"]
        for p in PAIRS
        if p["kind"] == "distilled" and p["reference"] == p["candidate"][:-8]
    }
    assert with_teacher == students
    assert all(p["label"] == "independent" for p in PAIRS if p["kind"] == "distilled")


def test_truth_reaches_the_original_parent():
    found = {(p["candidate"], p["reference"]): p for p in PAIRS}
    merged = found["llama-seed-0-linear-two-siblings", "llama-seed-0"]
    assert merged["label"] == "descendant"
    assert merged["modules"]["text_decoder"] == "reused"


def test_split_is_stable_and_has_no_direction():
    assert split("a", "b") == split("b", "a")
    assert [split("a", str(n)) for n in range(6)] == [
        split("a", str(n)) for n in range(6)
    ]
    share = sum(p["split"] == "choose" for p in PAIRS) / len(PAIRS)
    assert 0.2 < share < 0.3


def test_layer_maps_stay_inside():
    for row in ROWS:
        for link in row["parents"]:
            for block, order in (link["layers"] or {}).items():
                assert block in {"attention", "mlp", "experts"}
                own = [a for a, _ in order]
                assert own == sorted(set(own))


@pytest.mark.skipif(not MANIFEST.exists(), reason="not built yet")
def test_manifest_follows_the_plan():
    rows = {row["id"]: row for row in manifest.read(MANIFEST)}
    plan = {item.id: item for item in PLAN}
    assert rows.keys() <= plan.keys()
    for name, row in rows.items():
        assert row["digest"] == plan[name].digest(), name
        assert len(row["sha256"]) == 64
        for parent, digest in row["needs"].items():
            assert rows[parent]["sha256"] == digest
        if plan[name].unchanged:
            assert row["outputs_unchanged"]["relative"] < 1e-3
    for item in BASES:
        loss = rows[item.id]["loss"]
        assert loss[-1][1] < 0.45 * loss[0][1]


def test_reduced_set(tmp_path):
    whole = quick.build(tmp_path)
    rows = whole["models"]
    assert len(rows) >= 40
    for row in rows:
        model = describe_arrays(load(tmp_path / row["id"]))
        assert model.unrecognised == (), row["id"]
    found = json.loads((tmp_path / "pairs.json").read_text(encoding="utf-8"))
    assert {p["label"] for p in found} == {"independent", "descendant"}
    frozen = next(
        p
        for p in found
        if (p["candidate"], p["reference"]) == ("vlm-frozen", "vlm-donor")
    )
    assert frozen["modules"]["vision_encoder"] == "identical"
    assert frozen["modules"]["text_decoder"] == "independent"
