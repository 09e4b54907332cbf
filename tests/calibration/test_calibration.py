# SPDX-License-Identifier: Apache-2.0
"""The committed calibration holds, and a fresh small one agrees with it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from benchmarks.calibration.run import PAIRS, one, summary

ROOT = Path(__file__).resolve().parents[2]
RESULTS = json.loads((ROOT / "benchmarks/calibration/results.json").read_text())


def test_no_accusation_in_two_thousand_comparisons():
    assert RESULTS["comparisons"] >= 2000
    assert RESULTS["accusations"] == 0
    assert set(RESULTS["findings"]) <= {
        "no-dependence-found",
        "correspondence",
        "identical",
        "reused",
    }


@pytest.mark.parametrize("method", sorted(RESULTS["tests"]))
def test_p_values_are_uniform_or_above(method):
    row = RESULTS["tests"][method]
    assert row["n"] >= 1000
    assert row["p_of_excess"] > 1e-3


def test_sign_coins_are_uniform_and_not_only_conservative():
    shares = RESULTS["tests"]["sign-coins"]["share_at_or_below"]
    assert abs(shares["0.5"] - 0.5) < 0.05


@pytest.mark.slow
def test_fresh_relabellings_agree():
    rows = [row for c, r in PAIRS for row in one((c, r, 10_000, 15))]
    assert all("reused" not in found and "identical" not in found for _, found in rows)
    by_method: dict[str, list[float]] = {}
    for ps, _ in rows:
        for method, p in ps:
            by_method.setdefault(method, []).append(p)
    for method, values in by_method.items():
        excess = summary(np.array(values))
        level = 1e-3 / len(by_method)
        assert excess["p_of_excess"] > level, method
        assert math.isfinite(excess["smallest_p"])
