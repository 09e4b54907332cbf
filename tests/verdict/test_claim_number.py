# SPDX-License-Identifier: Apache-2.0
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.verdict.claim_number import UnprintableError, printed


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        (".94874", "0.94874", "0.00001"),
        ("\u2212.0225", "-0.0225", "0.0001"),
        ("+0.0050", "0.0050", "0.0001"),
        ("53.09 %", "0.5309", "0.0001"),
        ("196,608", "196608", "1"),
        ("1.96e-6", "0.00000196", "0.00000001"),
        ("-7.6e-5", "-0.000076", "0.000001"),
        ("0", "0", "1"),
    ],
)
def test_values_and_their_last_digit(text, value, unit):
    found = printed(text)
    assert (found.value, found.unit) == (Decimal(value), Decimal(unit))


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "nan", "inf", "1e9999", "9" * 65, "1,23", "abc", "1.2.3", "0x10"],
)
def test_what_is_no_number(text):
    with pytest.raises(UnprintableError):
        printed(text)


def test_hashes_compare_by_their_digits():
    short = printed("62de77e6…")
    assert short.compare("62de77e6bb0614205c51") == "reproduces"
    assert short.compare("c7d04ac94b408f61") == "differs"
    assert short.compare(0.5) == "differs"
    assert printed("0.5").compare("62de77e6") == "differs"


@given(st.floats(-1, 1), st.integers(1, 8))
def test_a_rounded_value_reproduces_and_a_neighbour_does_not(value, digits):
    unit = Decimal(1).scaleb(-digits)
    rounded = Decimal(value).quantize(unit, ROUND_HALF_EVEN)
    assert printed(str(f"{rounded:f}")).compare(value) == "reproduces"
    for away in (2, -2):
        assert printed(f"{rounded + away * unit:f}").compare(value) == "differs"


@given(st.floats(-1, 1), st.integers(1, 8))
def test_digits_that_were_dropped_are_told_from_rounding(value, digits):
    unit = Decimal(1).scaleb(-digits)
    cut = Decimal(value).quantize(unit, ROUND_DOWN)
    assert printed(f"{cut:f}").compare(value) in {"reproduces", "cut-off"}
