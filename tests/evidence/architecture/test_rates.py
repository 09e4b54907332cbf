# SPDX-License-Identifier: Apache-2.0
"""The committed error rates are those of the code, and the page shows them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from background.architecture_page import BEGIN, END, PAGE, RATES, tables
from background.measure_architectures import measure

from parentage.evidence.architecture import Background


@pytest.fixture(scope="module")
def rates() -> dict[str, Any]:
    return json.loads(RATES.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_rates_are_those_of_the_code(
    rates: dict[str, Any], background: Background
) -> None:
    assert json.loads(json.dumps(measure(background))) == rates


def test_no_unrelated_pair_is_called_shared_or_near(rates: dict[str, Any]) -> None:
    for kind in ("text_decoder", "vision_encoder"):
        unrelated = rates[kind]["classes"]["unrelated"]["shared_or_near"]
        assert unrelated["pairs"]["events"] == 0
        assert unrelated["pairs"]["trials"] > 300
    text = rates["text_decoder"]
    assert text["classes"]["unrelated"]["shared_or_near"]["maker_pairs"]["high"] < 0.02
    assert text["held_out"]["maker_pairs"]["rate"] < 0.01


def test_the_page_shows_the_rates(rates: dict[str, Any]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.split(BEGIN)[1].split(END)[0] == tables(rates)
