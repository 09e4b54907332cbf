# SPDX-License-Identifier: Apache-2.0
"""Verdicts: the findings of one report judged under written definitions, version 1.

A verdict never looks at weights: it reads findings, declarations and licences, and a
profile (a definition of "from scratch" as data). The same facts give different
verdicts under different profiles, so all that were asked for stand side by side. Field
names are stable within ``parentage.verdict/1``.

What is said in words is a :class:`Saying`: an id with what goes into its places, and
the English text. Renderers say it in any language; unknown ids are shown as they are.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.verdict.vocabulary import (
    Action,
    Class,
    Component,
    Grade,
    Kind,
    Outcome,
    Weight,
)

VERDICT_SCHEMA: Final = "parentage.verdict/1"


class Part(BaseModel):
    """What all parts of these documents share: fixed fields, no changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Saying(Part):
    """A sentence: which one, what goes into its places, and how it reads in English."""

    id: str
    places: dict[str, str] = {}
    text: str = Field(description="in English, places filled in")


class BothTexts(Part):
    """A text of a profile in both languages."""

    en: str
    ko: str


class SourceItem(Part):
    """Where a rule is from."""

    id: str
    title: BothTexts
    link: str = Field(pattern=r"^https://\S+$")
    quote: BothTexts = Field(
        description="the source's own words, and their translation"
    )
    original: Literal["en", "ko"] = Field(description="which of the two is the quote")
    inference: bool = Field(
        description="the rule is a reading of the quote, which does not say it outright"
    )


class CureStep(Part):
    """One change of the facts."""

    action: Action
    component: Component
    module: str | None
    item: str | None = None
    say: Saying


class Cure(Part):
    """Changes after which a rule is satisfied; found by judging the changed facts."""

    steps: tuple[CureStep, ...]
    outcome: Outcome = Field(description="of the rule, once changed")
    overall: Outcome = Field(description="of the profile, once changed")


class VerdictRow(Part):
    """One rule applied to one component, or to one module of it."""

    rule: str
    kind: Kind
    weight: Weight = Field(
        description="only required rules decide the outcome of a profile"
    )
    component: Component
    module: str | None = Field(description="null where no stored tensors are meant")
    item: str | None = Field(
        default=None, description="what must be published, in rules on completeness"
    )
    parameters: int | None = None
    share: float | None = Field(default=None, description="of the model's parameters")
    found: Class
    references: tuple[str, ...] = Field(
        default=(), description="models that the component was found to descend from"
    )
    allowed: tuple[Class, ...] = ()
    forbidden: tuple[Class, ...] = ()
    outcome: Outcome
    grade: Grade = Field(description="what the class that was found rests on")
    text: BothTexts = Field(description="what the rule asks")
    source: SourceItem
    reason: Saying
    cures: tuple[Cure, ...] = ()
    set_aside: bool = Field(
        default=False,
        description="untested, in an audit that tested as much as the profile asks for",
    )


class ProfileInfo(Part):
    """Which definition, exactly."""

    id: str
    version: str
    title: BothTexts
    stance: BothTexts = Field(description="the definition in one sentence")
    digest: str = Field(description="SHA-256 of the profile's file")
    origin: str = Field(description="'shipped', or the file it was read from")


class Verdict(Part):
    """One candidate under one profile."""

    profile: ProfileInfo
    outcome: Outcome
    rows: tuple[VerdictRow, ...]
    cure: Cure | None = Field(
        default=None,
        description="changes that satisfy the profile; null if it is, or if none do",
    )
    coverage: float = Field(
        description="share of parameters in modules that were tested"
    )


class VerdictDocument(Part):
    """One stored report under one or more profiles."""

    schema_: Literal["parentage.verdict/1"] = Field(
        default="parentage.verdict/1", alias="schema"
    )
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    command: tuple[str, ...]
    candidate: str
    digest: str = Field(description="of the candidate, as in the report")
    references: tuple[str, ...]
    report: str = Field(description="SHA-256 of the report's file that was judged")
    verdicts: tuple[Verdict, ...]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
