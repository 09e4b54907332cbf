# SPDX-License-Identifier: Apache-2.0
"""What checking a signed report gave: one row a check, in version 1."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

VERIFICATION_SCHEMA: Final = "parentage.verification/1"

CheckOutcome = Literal["passed", "failed", "not-checked"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Check(_Part):
    """One thing that holds, does not hold, or was left open."""

    id: Literal[
        "payload-type",
        "signature",
        "key-validity",
        "statement",
        "report",
        "subjects",
        "reply",
        "model-signature",
        "model-files",
        "model-digest",
        "re-run",
    ]
    outcome: CheckOutcome
    about: str | None = Field(default=None, description="file, model or party")
    say: str = Field(description="in English, with places in braces")
    places: dict[str, str] = Field(default={}, description="what goes into them")


class Verification(_Part):
    """Whether a report is what somebody signed, and whether it can be repeated."""

    schema_: Literal["parentage.verification/1"] = Field(
        default="parentage.verification/1", alias="schema"
    )
    report: str = Field(description="file that was checked")
    digest: str = Field(description="SHA-256 of the report without replies")
    created: str = Field(description="UTC, ISO 8601")
    outcome: CheckOutcome = Field(
        description="failed if any check did; passed if at least one signature or "
        "re-run held and none failed"
    )
    checks: tuple[Check, ...]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)


DECISIVE: Final = frozenset({"signature", "re-run", "model-signature"})
"""Checks of which one must have passed before anything counts as verified."""


def overall(checks: tuple[Check, ...]) -> CheckOutcome:
    """The outcome of all checks together."""
    if any(check.outcome == "failed" for check in checks):
        return "failed"
    held = any(c.outcome == "passed" and c.id in DECISIVE for c in checks)
    return "passed" if held else "not-checked"


def passed(name: str, say: str, about: str | None = None, **places: str) -> Check:
    """A check that held."""
    return _check(name, "passed", about, say, places)


def failed(name: str, say: str, about: str | None = None, **places: str) -> Check:
    """A check that did not hold."""
    return _check(name, "failed", about, say, places)


def open_check(name: str, say: str, about: str | None = None, **places: str) -> Check:
    """A check that could not be made."""
    return _check(name, "not-checked", about, say, places)


def _check(
    name: str,
    outcome: CheckOutcome,
    about: str | None,
    say: str,
    places: dict[str, str],
) -> Check:
    return Check.model_validate(
        {"id": name, "outcome": outcome, "about": about, "say": say, "places": places}
    )
