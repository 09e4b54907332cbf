# SPDX-License-Identifier: Apache-2.0
"""The shipped rates are those of the committed benchmarks, and are read correctly."""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from benchmarks.claims.measure import scores as measured
from benchmarks.claims.run import ACCURACY, RESULTS, shipped, text
from scipy.stats import binomtest

from parentage.verdict import claim_rates
from parentage.verdict.claim_rates import Benchmark
from parentage.verdict.claim_statistics import statistics

TABLE = resources.files("parentage.verdict").joinpath("claim_rates.json")


def test_shipped_table_is_written_from_the_benchmarks():
    committed = [json.loads(Path(p).read_text()) for p in (ACCURACY, RESULTS)]
    assert TABLE.read_text("utf-8") == text(shipped(*committed))


def test_every_statistic_names_rates_that_exist():
    for one in statistics().values():
        if one.baseline is not None:
            assert claim_rates.benchmark(one.baseline).trials > 700
        if one.scores is not None:
            known = claim_rates.scores(one.scores)
            assert len(known.independent) > 1000
            assert len(known.related) > 200
            assert list(known.independent) == sorted(known.independent)


def test_norm_cosine_is_never_evidence_and_its_rate_says_why():
    one = statistics()["cosine/norm-gains"]
    assert one.never == "norm-gain-cosine"
    false, missed = claim_rates.rates(one, 0.9487)[:2]
    expected = binomtest(1099, 1099).proportion_ci(0.95, method="exact")
    assert (false.at_least, false.trials) == (1099, 1099)
    assert (false.low, false.high) == pytest.approx((expected.low, expected.high))
    assert missed.at_least == 0


@pytest.mark.parametrize("claimed", [-0.2, 0.0, 0.01, 0.05, 0.2, 0.9])
@pytest.mark.parametrize("name", ["pearson/norm-gains", "relative-l2/matrices"])
def test_rates_count_the_scores(name, claimed):
    one = statistics()[name]
    known = claim_rates.scores(one.scores)
    false, missed = claim_rates.rates(one, claimed)[:2]
    sign = 1 if one.related == "high" else -1
    assert false.at_least == np.sum(
        sign * np.array(known.independent) >= sign * claimed
    )
    assert missed.at_least == np.sum(sign * np.array(known.related) < sign * claimed)


@pytest.mark.parametrize("seed", range(5))
def test_points_of_a_curve_bracket_what_its_scores_give(seed):
    rng = np.random.default_rng(seed)
    independent, related = rng.normal(size=101), rng.normal(1, 1, 77)
    threshold = float(np.quantile(independent, 0.97))
    known = Benchmark(
        "x",
        threshold,
        int((independent > threshold).sum()),
        len(independent),
        float(np.median(independent)),
        float(independent.max()),
        int((related > threshold).sum()),
        len(related),
    )
    for claimed in [*np.linspace(-4, 4, 81), threshold, known.median, known.largest]:
        false, missed = claim_rates._bracketed(known, float(claimed))
        assert false.at_least <= (independent >= claimed).sum() <= false.at_most
        assert missed.at_least <= (related < claimed).sum() <= missed.at_most


def test_scores_of_a_pair_are_those_of_its_tensors():
    rng = np.random.default_rng(0)
    a, b = (
        {
            "model.layers.0.input_layernorm.weight": 1 + 0.1 * rng.normal(size=20),
            "model.norm.weight": 1 + 0.1 * rng.normal(size=20),
            "model.layers.0.self_attn.q_proj.weight": rng.normal(size=(20, 20)),
            "model.embed_tokens.weight": rng.normal(size=(8, 20)),
        }
        for _ in range(2)
    )
    found = measured(a, b)
    norms = [n for n in a if "norm" in n]
    assert found["pearson/norm-gains"] == pytest.approx(
        np.mean([np.corrcoef(a[n], b[n])[0, 1] for n in norms])
    )
    q = "model.layers.0.self_attn.q_proj.weight"
    assert found["pearson/matrices"] == pytest.approx(
        np.corrcoef(a[q].ravel(), b[q].ravel())[0, 1]
    )
    assert measured(a, a)["relative-l2/matrices"] == 0.0
    assert "sigma-correlation/layers" not in found
