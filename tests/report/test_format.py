# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from parentage.report import format as fmt


@pytest.mark.parametrize(
    ("log10_p", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "1"),
        (-0.3, "0.5"),
        (-2.0, "0.01"),
        (-6.25, "10^-6.2"),
        (-5734.1, "10^-5734"),
        (-math.inf, "0"),
    ],
)
def test_power10(log10_p, text):
    assert fmt.power10(log10_p) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-0.0002, "0.000"),
        (-0.079, "-0.079"),
        (12345.0, "12,345"),
        (1e300, f"{1e300:.3f}"),
    ],
)
def test_number(value, text):
    assert fmt.number(value) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((0, 10), "0.00 %"),
        ((1, 10**9), "< 0.01 %"),
        ((10**9 - 1, 10**9), "> 99.99 %"),
        ((10, 10), "100.00 %"),
        ((1, 0), "–"),
        ((7, 92), "7.61 %"),
    ],
)
def test_share_never_vanishes(parts, text):
    assert fmt.share(*parts) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (63_994_112, "64 MB"), (3 * 10**12, "3 TB")],
)
def test_byte_size(size, text):
    assert fmt.byte_size(size) == text


def test_reproduce_without_a_command(report):
    silent = report.model_copy(update={"command": ()})
    assert fmt.reproduce(silent) == (
        "parentage audit models/sejong-vl-8b --against models/donor-vl-7b "
        "--budget 64000000 --seed 0"
    )
