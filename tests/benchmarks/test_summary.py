# SPDX-License-Identifier: Apache-2.0
"""Rates, bounds and comparisons of the accuracy benchmark on made-up rows."""

import json
from pathlib import Path

import pytest
import scipy.stats
from benchmarks.accuracy import quick
from benchmarks.accuracy.measure import Measured
from benchmarks.accuracy.summary import summarise, upper_bound

RESULTS = Path(quick.__file__).parent / "results.json"


@pytest.fixture(scope="module")
def results():
    return json.loads(RESULTS.read_text())


def row(label, findings, **more):
    values = {
        "candidate": "c",
        "reference": "r",
        "label": label,
        "kind": "fine-tune",
        "split": "held-back",
        "honest": True,
        "truth": {"text_decoder": "reused" if label == "descendant" else label},
        "layers_truth": None,
        "findings": findings,
        "layers_found": [],
        "log10_p": {"sign-coins": -1.0},
        "bytes_read": 10,
        "seconds": 0.1,
    }
    return Measured(**(values | more))


def test_upper_bound_is_clopper_pearson():
    assert upper_bound(0, 400) == pytest.approx(1 - 0.05 ** (1 / 400))
    p = upper_bound(3, 50)
    assert scipy.stats.binom.cdf(3, 50, p) == pytest.approx(0.05)
    assert upper_bound(5, 5) == 1.0


def test_false_accusations_are_counted_and_named():
    clean = row("independent", {"text_decoder": "no-dependence-found"})
    bad = row("independent", {"text_decoder": "reused"}, candidate="x")
    found = summarise([clean, bad])["false_accusations"]["held-back"]
    assert (found["events"], found["trials"]) == (1, 2)
    assert found["pairs"] == ["x against r"]


def test_same_seed_pairs_are_counted_neither_way():
    pair = row("same-seed", {"text_decoder": "reused"})
    found = summarise([pair])
    assert found["false_accusations"]["held-back"]["trials"] == 0
    assert found["detection"]["held-back"] == {}
    assert len(found["same_seed"]) == 1


def test_misses_and_wrong_names_are_listed():
    missed = row("descendant", {"text_decoder": "no-dependence-found"})
    wrong = row("descendant", {"text_decoder": "reused", "head": "reused"})
    found = summarise([missed, wrong])
    assert [m["anything_found"] for m in found["misses"]] == [False]
    assert found["modules"]["held-back"]["precision"] == 0.5
    assert found["modules"]["held-back"]["recall"] == 0.5
    assert found["detection"]["held-back"]["fine-tune"]["found"] == 1


def test_layers_are_scored_by_cell():
    cells = [("mlp", 0, 0), ("mlp", 1, 2)]
    pair = row(
        "descendant",
        {"text_decoder": "reused"},
        layers_truth=cells,
        layers_found=[("mlp", 0, 0), ("mlp", 1, 1)],
    )
    found = summarise([pair])["layers"]["held-back"]
    assert (found["precision"], found["recall"]) == (0.5, 0.5)


def test_baselines_get_the_threshold_of_the_choosing_part_only():
    def scored(label, split, value):
        return row(label, {}, split=split, baselines={"norm-cosine": value})

    rows = [
        scored("independent", "choose", 0.9),
        scored("independent", "held-back", 0.95),
        scored("independent", "held-back", 0.5),
        scored("descendant", "held-back", 0.92),
        scored("descendant", "held-back", 0.8),
    ]
    found = summarise(rows)["baselines"]["norm-cosine"]
    assert found["threshold"] == 0.9
    assert found["false_accusations"]["events"] == 1
    assert found["detection"]["fine-tune"]["found"] == 1
    assert found["auc"] == pytest.approx(0.5)


def test_quick_says_what_got_worse():
    old = {"a": 1.0, "b!": 0.0, "gone": 1.0, "same": 0.5}
    new = {"a": 0.9, "b!": 1.0, "same": 0.5}
    assert len(quick.worse(new, old)) == 3
    assert quick.worse(old, old) == []


class TestCommitted:
    """What the committed results must show."""

    def test_no_accusation_on_held_back_independent_pairs(self, results):
        found = results["false_accusations"]["held-back"]
        assert found["trials"] >= 400
        assert found["events"] == 0

    def test_every_honest_transformation_is_found(self, results):
        for split in ("choose", "held-back"):
            for kind, part in results["detection"][split].items():
                if part["honest"]:
                    assert part["found"] == part["pairs"], kind

    def test_layers_are_named_rightly(self, results):
        for split in ("choose", "held-back"):
            assert results["layers"][split]["precision"] >= 0.95
            assert results["layers"][split]["recall"] >= 0.95
            assert results["modules"][split]["precision"] == 1.0

    def test_baselines_stand_beside_on_the_same_pairs(self, results):
        scored = [b for b in results["baselines"].values() if "detection" in b]
        assert len(scored) >= 8
        assert results["modeldna"]["held-back"]["false_accusations"]["trials"] >= 400

    def test_p_values_of_independent_trainings_are_not_too_small(self, results):
        for method, part in results["p_values"].items():
            n = part["n"]
            for level, share in part["share_at_or_below"].items():
                # A minimum over at most three modules: three times the level. Aligned
                # coins: three kinds of units, each over all layers and in each of up
                # to eight; every kind by itself is in benchmarks/calibration.
                tests = 27 if method == "aligned-coins" else 3
                chance = min(1.0, tests * float(level))
                tail = scipy.stats.binom.sf(share * n - 1, n, chance)
                assert tail > 1e-4, (method, level)
