# SPDX-License-Identifier: Apache-2.0
"""The plan of an audit: what will be read and tested, and what that can find."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parentage.errors import ReportError
from parentage.report.load import first_problem, read_text
from parentage.report.schemas import model_schema

PLAN_SCHEMA: Final = "parentage.plan/1"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedModel(_Part):
    """A model as its headers describe it; its weights are not looked at."""

    name: str
    path: str
    parameters: int
    headers: str = Field(
        description="SHA-256 of names, formats and shapes of all tensors, and config"
    )
    identity: str | None = Field(
        default=None, description="commit or strong tag of remote files; else null"
    )
    bytes_stored: int
    bytes_read: int = Field(description="headers and config, read to make the plan")


class PlannedSettings(_Part):
    """What decides the reads and the levels, apart from the models."""

    seed: int
    budget: int = Field(description="bytes to read of each model at most")
    undo_budget: int = Field(description="further bytes, to undo relabellings")
    descent_budget: int = Field(description="further bytes, to describe descent")
    sequential: bool = Field(description="whether reading stops where it is decided")
    log10_alpha: float
    effect_floor: float


class PlannedTest(_Part):
    """A test that will run, and how many units, coins or elements it rests on."""

    method: str
    n: int


class Detects(_Part):
    """Smallest element correlation that is found with a probability."""

    probability: float
    correlation: float | None = Field(
        description="null where no copy could be told from chance"
    )


class PlannedModule(_Part):
    """What is read of one module and one reference, and what that buys."""

    module: str
    reference: str
    reference_module: str | None
    bytes_candidate: int
    bytes_reference: int
    tests: tuple[PlannedTest, ...]
    coins: int = Field(description="coins of the pooled coin tests")
    exact_tests: int = Field(description="of this module, all pairs of layers")
    power: tuple[Detects, ...]
    reason: str | None = Field(default=None, description="why nothing can be tested")


class BudgetModule(_Part):
    """What a budget finds in one module against one reference."""

    module: str
    reference: str
    coins: int
    power: tuple[Detects, ...]


class BudgetRow(_Part):
    """What one budget reads and finds."""

    budget: int
    bytes_candidate: int
    bytes_references: tuple[int, ...]
    modules: tuple[BudgetModule, ...]


class PlanDocument(_Part):
    """A plan, fixed before any weight is looked at."""

    schema_: Literal["parentage.plan/1"] = Field("parentage.plan/1", alias="schema")
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    seconds: float
    command: tuple[str, ...]
    settings: PlannedSettings
    candidate: PlannedModel
    references: tuple[PlannedModel, ...]
    family: int = Field(description="exact tests that p-values are corrected for")
    modules: tuple[PlannedModule, ...]
    bytes_candidate: int = Field(description="that the plan reads, beyond headers")
    bytes_references: tuple[int, ...]
    budgets: tuple[BudgetRow, ...] = ()
    cuts: tuple[str, ...] = Field(
        description="SHA-256 of all rectangles and experts, one for each reference"
    )
    notes: tuple[str, ...] = ()
    digest: str = Field(
        description="SHA-256 over settings, headers, identities and cuts; what an "
        "audit by this plan is held to"
    )

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)

    def binding(self) -> dict[str, object]:
        """What the digest is over: all that an audit can be held to."""
        models = (self.candidate, *self.references)
        return {
            "schema": self.schema_,
            "settings": self.settings.model_dump(),
            "models": [[m.headers, m.identity] for m in models],
            "cuts": list(self.cuts),
        }


def digest_of(binding: Mapping[str, object]) -> str:
    """SHA-256 of what a plan binds, independent of the order of its fields."""
    text = json.dumps(binding, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def load_plan(path: str | Path) -> PlanDocument:
    """Read a plan that ``parentage plan --output`` or ``--json`` wrote.

    Raises:
        ReportError: the file is missing, no plan, of another version, or was edited
            in what its digest is over.
    """
    file = str(path)
    text = read_text(path, advice="Give the file that `parentage plan` wrote.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"is not JSON: {error}", file=file) from error
    version = data.get("schema") if isinstance(data, dict) else None
    if version != PLAN_SCHEMA:
        raise ReportError(
            f"has schema {str(version)[:80]!r}",
            file=file,
            expected=repr(PLAN_SCHEMA),
            advice="Give the file that `parentage plan` wrote.",
        )
    try:
        plan = PlanDocument.model_validate_json(text)
    except ValidationError as error:
        raise ReportError(first_problem(error), file=file) from error
    if digest_of(plan.binding()) != plan.digest:
        raise ReportError(
            "does not fit its digest",
            file=file,
            expected=f"settings, models and cuts with SHA-256 {plan.digest[:80]}",
            advice="It was edited after it was made: make a new plan.",
        )
    return plan


SCHEMA_FILE: Final = "plan-1.schema.json"


def schema_text() -> str:
    """The JSON schema of the current document, as the shipped file must hold it."""
    return model_schema(PlanDocument)
