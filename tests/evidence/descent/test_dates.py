# SPDX-License-Identifier: Apache-2.0
"""Direction by dates: said only where the dates leave no doubt."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.errors import UsageError
from parentage.evidence.descent.dates import by_dates, span
from parentage.evidence.descent.describe import Descent


def trained(**more):
    return Descent("text_decoder", "trained", nearest="r", **more)


def direction(own, other, **more):
    (found,) = by_dates([trained(**more)], "c", {"c": own, "r": other})
    return found.direction


def test_spans_cover_what_a_date_may_mean():
    assert span("2025") == (date(2025, 1, 1), date(2025, 12, 31))
    assert span("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))
    assert span("2025-07-28") == (date(2025, 7, 28), date(2025, 7, 28))


@pytest.mark.parametrize("text", ["", "25", "2025-13", "2025-02-30", "2025/07", "0000"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(UsageError, match="no date"):
        span(text)


@pytest.mark.parametrize(
    ("own", "other", "said"),
    [
        ("2025-12-30", "2025-07-28", "from-reference"),
        ("2025-07-28", "2025-12-30", "from-candidate"),
        ("2025-07-28", "2025-07-28", "undecided"),
        ("2025", "2025-07-28", "undecided"),
        ("2025-07-28", "2025", "undecided"),
        ("2026", "2025-12", "from-reference"),
        ("2025-07-29", "2025-07", "undecided"),
    ],
)
def test_only_what_ends_before_the_other_begins_is_earlier(own, other, said):
    assert direction(own, other) == said


@given(st.dates(date(1990, 1, 1)), st.dates(date(1990, 1, 1)))
def test_exchanging_the_models_exchanges_the_directions(a, b):
    turned = {"from-reference": "from-candidate", "from-candidate": "from-reference"}
    one, other = direction(str(a), str(b)), direction(str(b), str(a))
    assert other == turned.get(one, one)
    assert (one == "undecided") == (a == b)


def test_geometry_is_not_overruled_and_missing_dates_say_nothing():
    shown = {"direction": "from-reference", "direction_reason": "rounding"}
    (kept,) = by_dates([trained(**shown)], "c", {"c": "2020", "r": "2025"})
    assert (kept.direction, kept.direction_reason) == ("from-reference", "rounding")
    for dates in ({}, {"c": "2020"}, {"r": "2020"}):
        (same,) = by_dates([trained()], "c", dates)
        assert same == trained()
