# SPDX-License-Identifier: Apache-2.0
"""Which of two dependent models came first, by dates of publication that are given.

Weights do not say who came first; dates on which both sides agree do, as far as they
go: a model cannot descend from one whose weights did not exist yet. A date of
publication is the latest day on which weights existed, not the first, so the sentence
always names the dates and never speaks of proof.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from parentage.errors import UsageError
from parentage.evidence.descent.describe import Descent

FORM = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")

CANDIDATE_LATER = "dates-candidate-later"
CANDIDATE_EARLIER = "dates-candidate-earlier"


def span(text: str) -> tuple[date, date]:
    """First and last day that a date may mean: ``2025``, ``2025-07``, ``2025-07-28``.

    Raises:
        UsageError: no such date.
    """
    found = FORM.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        year, month, day = (int(g) if g else None for g in found.groups())
        assert year is not None  # noqa: S101 - the form has one
        first = date(year, month or 1, day or 1)
        last_month = month or 12
        last = day or calendar.monthrange(year, last_month)[1]
        return first, date(year, last_month, last)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date",
            expected="YYYY, YYYY-MM or YYYY-MM-DD",
            advice="Give the day on which the weights were published.",
        ) from None


def by_dates(
    descents: Sequence[Descent], own: str, dates: Mapping[str, str]
) -> list[Descent]:
    """Say the direction where dates leave no doubt and geometry was silent.

    Args:
        descents: descriptions of the candidate's modules.
        own: label of the candidate.
        dates: label -> date of publication.

    A year or a month without a day is earlier only than what begins after it ends.
    """
    if own not in dates:
        return list(descents)
    first, last = span(dates[own])
    found = []
    for item in descents:
        other = dates.get(item.nearest or "")
        if other is None or item.direction != "undecided":
            found.append(item)
            continue
        began, ended = span(other)
        dated = replace(item, dates=(dates[own], other))
        if ended < first:
            item = replace(  # noqa: PLW2901 - the same description, with a direction
                dated, direction="from-reference", direction_reason=CANDIDATE_LATER
            )
        elif last < began:
            item = replace(  # noqa: PLW2901
                dated, direction="from-candidate", direction_reason=CANDIDATE_EARLIER
            )
        found.append(item)
    return found
