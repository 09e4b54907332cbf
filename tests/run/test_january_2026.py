# SPDX-License-Identifier: Apache-2.0
"""The published tables of January 2026 against the raw files that came with them.

Raw files are not part of the repository: PARENTAGE_DATA names their folder. Expected
numbers are computed here with numpy and csv alone, not by the checker.
"""

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from parentage.run.cases import folder
from parentage.run.claim import check_claim
from parentage.run.claim_yaml import load_claim

DATA = os.environ.get("PARENTAGE_DATA")
needs_data = pytest.mark.skipif(
    DATA is None, reason="PARENTAGE_DATA does not name the raw files"
)
CLAIMS = folder().joinpath("claims")
NAMES = (
    "solar-glm-2026-01-01",
    "solar-glm-phi-2026-01-02",
    "solar-glm-shuffled-2026-01-02",
    "solar-glm-baseline-2026-01-03",
    "solar-glm-pearson-2026-01-03",
    "solar-glm-2026-01-15",
    "llm-dna-2026-04-30",
)

PUBLISHED = """
.375810 .375664 .377255 .379035 .377 .373059 .377298 .377100 .376059 .376
.981094 .991792 .991429 .991635 .989
.94874 .15640 .12725 .99429 46 .98638 .02586 .85386 .99795
.967563 .113665 92 .003705 .002386 45
.00006 −.00256 +.00310 −.00011 −.00304 +.00185
.002 200 .0151 .0089 300 −.001
196,608 151,329 80,339 .30022 1 4096 262 192,256 318,088 76,729
0 229 8 128 1e6 131,072 48 64 96 151,552 10240 10944 1280 1408 1.0 .5
.005365 .945304 .999900 −7.6e-5 .01577 .2583 .8987 .5699 .96756 .96251 .00505
.98109 .99179 .99143 .97758 .99137 .98826 .98808 .99257 .99154
.00919 .01807 .03562 .00063 .01624 −.00368 .01657 .01969 −.00094
1.122 1.026 1.642 .423 .534 .506 .377 .270 .451 1.958 .124 .640
.9998 .99997 −.126 +.119
.94903 .98651 .01260 −.00187 .3759 .3769 .9921 .9979
.9811 .9776 .9408 .9881 .9497 .9465 .9639 .0187 .9722 .0178 .9738 .0183
.9901 .0002 .0007 .0150 .4567 .7720 .012 .005491
.9399 .0130 .0108 1.00 .99 .02 .0012 .9356 .94
.0225 .0428 .0257 .0121 .016 .364 .011 .913
.193 .270 .343 .384 .350 .463 .469 .533 .556 .600 .633
"""
"""Every printed number of the published tables, per-layer ones aside."""

README = {
    0: (".9502", ".0156"),
    5: (".9489", ".0089"),
    10: (".9478", ".0201"),
    15: (".9491", ".0045"),
    20: (".9503", ".0178"),
    25: (".9512", ".0092"),
    30: (".9498", ".0134"),
    35: (".9487", ".0067"),
    40: (".9495", ".0189"),
    45: (".9501", ".0112"),
}


def rows(path):
    with (Path(DATA) / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check(name):
    return check_claim(CLAIMS.joinpath(f"{name}.yaml"), data=DATA).judgement


def cells(judgement):
    return {
        (series.id, cell.label): cell
        for series in judgement.series
        for cell in series.cells
    }


def test_every_published_number_is_in_a_claim():
    def plain(text):
        return re.sub(r"^[−+-]", "", text).lstrip("0") or "0"

    found = set()
    for name in NAMES:
        claim = load_claim(CLAIMS.joinpath(f"{name}.yaml"))
        for series in claim.numbers:
            found |= {plain(cell.printed) for cell in series.cells}
            found |= {plain(t) for t in re.split(r"[,\s]+", series.rows or "")}
    missing = [t for t in PUBLISHED.split() if plain(t) not in found]
    assert missing == []
    assert {"53.09 %", "40.86 %", "24.12 %", "41 %"} <= found
    assert ".0004 %" in found


@needs_data
def test_per_layer_table():
    judgement = check("solar-glm-shuffled-2026-01-02")
    assert judgement.outcome == "reproduces"
    assert judgement.cells == {"reproduces": 382}
    found = cells(judgement)
    columns = {
        "cos": "cosine",
        "shuffled": "cosine_shuffled",
        "r": "cosine_centered",
    }
    raw = rows("evidence/anlgboy-sanity/layernorm_sanity.csv")
    assert len(raw) == 92
    for row in raw:
        short = row["category"].removeprefix("norm_")
        for label, column in columns.items():
            cell = found[f"layers.{short} {label}", row["layer"]]
            assert cell.recomputed == float(row[column])
            assert float(cell.printed) == pytest.approx(float(row[column]), abs=5.1e-5)
        if short == "pre":
            for label, column in (("Solar", "A_mean"), ("GLM", "B_mean")):
                cell = found[f"layers.pre mean {label}", row["layer"]]
                assert cell.recomputed == float(row[column])


@needs_data
def test_the_accusation_reproduces_and_cannot_rest_on_norm_cosine():
    judgement = check("solar-glm-2026-01-01")
    assert judgement.outcome == "cannot-support"
    assert judgement.cells == {"reproduces": 95, "not-checkable": 8}
    found = cells(judgement)
    raw = rows("evidence/sionic-solar-vs-glm/layerwise_similarity.csv")
    for series, category in (("norm-pre", "norm_pre"), ("norm-post", "norm_post")):
        values = [float(r["cosine"]) for r in raw if r["category"] == category]
        for label, value in (
            ("mean", np.mean(values)),
            ("standard deviation", np.std(values)),
            ("smallest", min(values)),
            ("largest", max(values)),
            ("number", 46),
        ):
            assert found[series, label].recomputed == pytest.approx(value, rel=1e-12)
    detailed = rows("evidence/sionic-solar-vs-glm/solar_vs_glm_detailed.csv")
    for series, part in (("k-proj", "k_proj"), ("v-proj", "v_proj")):
        values = [float(r["cosine"]) for r in detailed if part in r["key"]]
        assert found[series, "mean"].recomputed == pytest.approx(np.mean(values))
        assert len(values) == 46
    assert found["tokenizer-jaccard", "Jaccard"].recomputed == pytest.approx(
        80339 / (196608 + 151329 - 80339)
    )
    for support in judgement.supports:
        assert support.outcome == "cannot"
        codes = {reason.code for reason in support.reasons}
        assert {"norm-gain-cosine", "null-control"} <= codes
        assert "false-positive-known-pairs" in codes
        (rate,) = [
            r
            for r in support.rates
            if (r.origin, r.error) == ("known-pairs", "false-positive")
        ]
        # Every independent pair of the zoo exceeds what was called proof.
        assert (rate.at_least, rate.trials) == (1099, 1099)
        assert rate.low > 0.996
        assert "positive" in support.missing
    independent = next(
        r
        for r in judgement.supports[0].rates
        if (r.origin, r.title) == ("controls", "independent")
    )
    assert (independent.at_least, independent.trials) == (3, 6)


@needs_data
def test_traps_of_the_accusation():
    traps = {trap.code: trap for trap in check("solar-glm-2026-01-01").traps}
    assert set(traps) == {
        "null-control",
        "wrong-centring",
        "cut-tensors",
        "control-beats-claim",
        "shuffling-changes-nothing",
    }
    assert traps["null-control"].numbers == {"missing": 3.0}
    wrong = traps["wrong-centring"].numbers
    assert wrong["constant"] == 1.0
    # From means and deviations alone, computed here once more.
    raw = rows("evidence/anlgboy-sanity/layernorm_sanity.csv")
    cosine, ma, sa, mb, sb = (
        np.array([float(r[k]) for r in raw])
        for k in ("cosine", "A_mean", "A_std", "B_mean", "B_std")
    )
    dot = cosine * np.hypot(ma, sa) * np.hypot(mb, sb)
    about_one = (dot - ma - mb + 1) / (np.hypot(ma - 1, sa) * np.hypot(mb - 1, sb))
    assert about_one.mean() == pytest.approx(wrong["printed"], abs=1e-5)
    assert ((dot - ma * mb) / (sa * sb)).mean() == pytest.approx(wrong["pearson"])
    nothing = traps["shuffling-changes-nothing"].numbers
    assert nothing["shuffled"] == pytest.approx(
        np.mean([float(r["cosine_shuffled"]) for r in raw]), abs=3e-4
    )


@needs_data
def test_the_corrected_readme_prints_what_its_files_do_not_hold():
    judgement = check("solar-glm-2026-01-15")
    assert judgement.outcome == "does-not-reproduce"
    found = cells(judgement)
    raw = {
        int(r["layer_B"]): r
        for r in rows("evidence/sionic-solar-vs-glm/layerwise_similarity.csv")
        if r["category"] == "norm_pre"
    }
    for layer, printed in README.items():
        for column, text in zip(("cosine", "pearson"), printed, strict=True):
            cell = found[f"d-2-1.{column}", str(layer)]
            assert cell.printed == text
            assert cell.recomputed == float(raw[layer][column])
            assert cell.outcome == "differs", (layer, column)
    values = [float(r["cosine"]) for r in raw.values()]
    summary = "d-2-1-summary"
    assert found[summary, "standard deviation"].outcome == "differs"
    assert found[summary, "standard deviation"].recomputed == pytest.approx(
        np.std(values)
    )
    assert round(np.std(values), 4) == 0.1564
    ten = found[summary, "mean of the ten printed rows"]
    assert (ten.outcome, round(ten.recomputed, 5)) == ("differs", 0.94956)
    assert round(found[summary, "mean"].recomputed, 5) == 0.94874
    assert round(found["d-2-1-pearson", "mean"].recomputed, 4) == 0.0126
    e3 = found["e-3", "mean"]
    assert (e3.outcome, round(e3.recomputed, 5)) == ("differs", 0.98638)
    assert judgement.cells == {"differs": 25, "not-checkable": 6, "reproduces": 3}


@needs_data
@pytest.mark.parametrize(
    ("name", "outcome", "counts"),
    [
        (
            "solar-glm-phi-2026-01-02",
            "cannot-support",
            {"reproduces": 30, "not-checkable": 4},
        ),
        (
            "solar-glm-baseline-2026-01-03",
            "cannot-be-checked",
            {"reproduces": 10, "not-checkable": 11, "cut-off": 1},
        ),
        (
            "solar-glm-pearson-2026-01-03",
            "cannot-support",
            {"reproduces": 2, "not-checkable": 2},
        ),
        ("llm-dna-2026-04-30", "reproduces", {"reproduces": 11}),
    ],
)
def test_the_other_parties(name, outcome, counts):
    judgement = check(name)
    assert (judgement.outcome, judgement.cells) == (outcome, counts)


@needs_data
def test_confusion_matrices_layer_by_layer():
    found = cells(check("solar-glm-phi-2026-01-02"))
    models = {"Solar": 0, "GLM": 1, "Phi": 2}
    tried = 0
    for (series, label), cell in found.items():
        match = re.fullmatch(r"(\w+) and (\w+), layer (\d+)", label)
        if match is None:
            continue
        a, b, layer = models[match[1]], models[match[2]], match[3]
        metric = {"relative-l2": "rel_l2", "relative-l2-post": "rel_l2"}.get(
            series, series
        )
        tensor = "post_attention" if series.endswith("post") else "input"
        path = f"evidence/hyunwoongko-solar-glm-phi/confusion_{metric}_layer{layer}"
        matrix = json.loads((Path(DATA) / f"{path}.json").read_text())["mats"]
        assert cell.recomputed == matrix[f"{tensor}_layernorm"][a][b]
        tried += 1
    assert tried == 30
