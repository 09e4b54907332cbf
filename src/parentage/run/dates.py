# SPDX-License-Identifier: Apache-2.0
"""Dates of publication that are given with an audit, by the model each name means."""

from __future__ import annotations

from collections.abc import Sequence

from parentage.errors import UsageError
from parentage.evidence.descent.dates import span
from parentage.run.agreement import same_model


def named_dates(
    given: Sequence[tuple[str, str]], labels: Sequence[str], asked: Sequence[str]
) -> dict[str, str]:
    """Label of a model -> its date of publication.

    Args:
        given: (name, date) as given by hand; a name is a label, a reference as it was
            given, or what names the same model.
        labels: what the report calls the models.
        asked: the references of the same models, as they were given.

    Raises:
        UsageError: no such date, a name that no model or more than one has, or two
            dates of one model.
    """
    found: dict[str, str] = {}
    for name, date in given:
        span(date)
        exact = [
            label
            for label, reference in zip(labels, asked, strict=True)
            if name in (label, reference)
        ]
        meant = exact or [label for label in labels if same_model(name, label)]
        if len(meant) != 1:
            number = "more than one" if meant else "no"
            raise UsageError(
                f"--date names {name!r}, which is {number} model of this audit",
                expected="one of " + ", ".join(labels),
                advice="Name the candidate or a reference as the report calls it.",
            )
        if found.setdefault(meant[0], date) != date:
            raise UsageError(
                f"--date gives {meant[0]} two dates, {found[meant[0]]} and {date}",
                expected="one date of publication for each model",
                advice="Give the day on which its weights were published.",
            )
    return found
