# SPDX-License-Identifier: Apache-2.0
"""Measured rates of aligned units: what must hold, and that the page says the same."""

import json
from pathlib import Path

import pytest
from benchmarks.calibration import alignment_page

from parentage.evidence.alignment.controls import DEPTHS, controls, depth_of
from parentage.verdict.finding import Criteria

RESULT = Path(alignment_page.__file__).with_name("alignment.json")
PARTS = ("held-back", "replica 2")


@pytest.fixture(scope="module")
def parts():
    return json.loads(RESULT.read_text(encoding="utf-8"))["parts"]


@pytest.mark.parametrize("part", PARTS)
def test_nobody_innocent_is_accused_or_suspected(parts, part):
    for group in ("independent", "students", "own decoder beside a taken embedding"):
        assert parts[part][group]["accused"] == 0
    row = parts[part]["independent"]
    assert row["pairs"] >= 500
    assert row["correspondence"] / row["pairs"] <= 0.01
    assert row["correspondence at most"] <= 0.01


@pytest.mark.parametrize("part", PARTS)
def test_disguises_are_found(parts, part):
    found = parts[part]["found"]
    disguised = [k for k in found if k.startswith(("disguise", "width pruned"))]
    assert len(disguised) >= 14
    for kind in disguised:
        assert found[kind]["found"] == found[kind]["pairs"], kind
    rotated = [
        k
        for k in found
        if k.startswith("embedding replaced, then") or "embedding redrawn" in k
    ]
    assert len(rotated) == 4
    for kind in rotated:
        assert found[kind]["found"] >= 0.8 * found[kind]["pairs"], kind


def test_criteria_lie_well_above_every_control():
    criteria = Criteria()
    for tail in controls().best.values():
        assert tail.maximum < 0.6 * criteria.aligned_floor
        assert tail.floor <= criteria.log10_calibrated
    for tail in controls().tokens.values():
        assert tail.maximum < 0.6 * criteria.token_floor


def test_page_says_what_was_measured():
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    text = alignment_page.PAGE.read_text(encoding="utf-8")
    inside = text.split(alignment_page.BEGIN)[1].split(alignment_page.END)[0]
    assert inside == alignment_page.section(result)


def test_depths_are_thirds():
    assert [depth_of(n, 6) for n in range(6)] == [d for d in DEPTHS for _ in range(2)]
    assert depth_of(None, 6) == "middle"
