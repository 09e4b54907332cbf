# SPDX-License-Identifier: Apache-2.0
"""Dates given with an audit: whose they are, and what they say of descent."""

import numpy as np
import pytest

from parentage.errors import UsageError
from parentage.report.descent_text import details
from parentage.report.language import Language
from parentage.run.audit import audit
from parentage.run.dates import named_dates

LABELS = ("Solar-Open-100B", "GLM-4.5-Air")
ASKED = ("upstage/Solar-Open-100B@abc", "/models/glm")


@pytest.mark.parametrize(
    "name", ["GLM-4.5-Air", "/models/glm", "zai-org/GLM-4.5-Air", "glm-4.5-air"]
)
def test_a_name_is_a_label_a_reference_or_the_same_model(name):
    assert named_dates([(name, "2025-07")], LABELS, ASKED) == {"GLM-4.5-Air": "2025-07"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([("nobody", "2025")], "no model"),
        ([("GLM-4.5-Air", "summer")], "no date"),
        ([("GLM-4.5-Air", "2025"), ("/models/glm", "2026")], "two dates"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, message):
    with pytest.raises(UsageError, match=message):
        named_dates(given, LABELS, ASKED)


def test_a_name_of_two_models_is_refused():
    with pytest.raises(UsageError, match="more than one"):
        named_dates([("x/base", "2025")], ("a/base", "b/base"), ("1", "2"))


@pytest.mark.parametrize(
    ("own", "other", "direction"),
    [
        ("2026-01", "2025-07-28", "from-reference"),
        ("2025", "2026-01", "from-candidate"),
        ("2025", "2025-07-28", "undecided"),
    ],
)
def test_the_report_says_the_direction_and_both_dates(
    save, parent, own, other, direction
):
    rng = np.random.default_rng(1)
    child = {
        n: (a + 0.05 * a.std() * rng.standard_normal(a.shape)).astype(a.dtype)
        for n, a in parent.items()
    }
    report = audit(
        save("child", child),
        [save("base", parent)],
        dates=[("child", own), ("base", other)],
    )
    assert report.descents
    for found in report.descents:
        assert found.direction == direction
        dated = found.dates == (own, other)
        assert dated == (direction != "undecided")
        for lang in ("en", "ko"):
            said = details(found, Language(lang))[-1]
            assert (own in said and other in said) == dated
            assert "{" not in said
