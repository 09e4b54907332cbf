# SPDX-License-Identifier: Apache-2.0
from decimal import Decimal

import pytest

from parentage.program.stage import Stage


def both(text):
    return {"en": text, "ko": text}


def make(parts, teams, advance=None, **more):
    """A stage from ``{part: {item: points or a dict}}`` and names of teams."""
    made = []
    for part, items in parts.items():
        rows = []
        for item, given in items.items():
            own = given if isinstance(given, dict) else {"points": given}
            rows.append({"id": item, "title": both(item), "source": "plan", **own})
        points = sum(Decimal(str(row["points"])) for row in rows)
        made.append(
            {
                "id": part,
                "title": both(part),
                "points": points,
                "source": "plan",
                "items": rows,
            }
        )
    rule = {"kind": "top", "count": 1, "gate": "before", **(advance or {})}
    return Stage.model_validate(
        {
            "schema": "parentage.stage-definition/1",
            "id": "test",
            "version": "1",
            "title": both("Test"),
            "date": "2026-11-25",
            "about": both("A test."),
            "sources": [
                {"id": "plan", "title": both("Plan"), "kind": "own"},
                {"id": "paper", "title": both("Paper"), "kind": "press"},
            ],
            "teams": [{"id": team, "name": both(team)} for team in teams],
            "parts": made,
            "advance": {"text": both("Rule."), "source": "plan", **rule},
            **more,
        }
    )


@pytest.fixture(name="make")
def make_fixture():
    return make


@pytest.fixture(name="both")
def both_fixture():
    return both
