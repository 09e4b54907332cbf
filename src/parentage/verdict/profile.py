# SPDX-License-Identifier: Apache-2.0
"""A profile: one written definition of "from scratch", as data.

The shipped ones are ``profiles/*.toml``; anybody can write another
(``docs/profiles.md``). A profile must address every component, by a rule or by saying
that its source is silent; every rule carries its source's own words, in Korean and
English, and a link. What is wrong with a file is said all at once, with lines.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.verdict.vocabulary import (
    Class,
    Component,
    Evidence,
    Grade,
    Item,
    Kind,
)

PROFILE_SCHEMA = "parentage.profile/1"

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", max_length=60)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(_Part):
    """A text in both languages."""

    en: Text
    ko: Text


class Source(_Part):
    """A document that rules quote.

    Attributes:
        id: what rules call it.
        title: what it is called, with date.
        link: where it can be read.
        language: of the quotes; the other language is a translation.
    """

    id: Id
    title: Both
    link: Annotated[str, Field(pattern=r"^https://\S+$", max_length=500)]
    language: Literal["en", "ko"]


class Rule(_Part):
    """One rule about one or more components.

    Attributes:
        id: unique within the profile.
        kind: what it asks about.
        components: what it applies to.
        text: what it asks.
        quote: the source's own words, and their translation.
        source: id of the source.
        inference: whether the rule is a reading that the quote does not say outright.
        weight: only ``required`` rules decide the outcome of the profile; ``valued``
            ones are wished for, ``graded`` ones are described.
        allowed, forbidden: classes, in rules on provenance. Classes in neither are
            not stated by the source.
        evidence: what must be shown before a component counts as ``own``.
        accuse_on: grades of evidence that a violation may rest on.
        own_family: what a component of the maker's own earlier model counts as.
        needs: what a rule on licences asks.
        items: what a rule on completeness wants published.
        open_licence: whether it must be published under an open licence.
    """

    id: Id
    kind: Kind
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    text: Both
    quote: Both
    source: Id
    inference: bool = False
    weight: Literal["required", "valued", "graded"] = "required"
    allowed: tuple[Class, ...] = ()
    forbidden: tuple[Class, ...] = ()
    evidence: Evidence = "not-stated"
    accuse_on: tuple[Grade, ...] = ("exact", "declared")
    own_family: Literal["allowed", "not-stated"] = "not-stated"
    needs: Literal["stated", "complied", "unrestricted"] | None = None
    items: tuple[Item, ...] = ()
    open_licence: bool = False


class Silence(_Part):
    """Components that the source says nothing of, and what is known of that silence."""

    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    text: Both


class Accusation(_Part):
    """How sure a violation must be.

    Attributes:
        log10_alpha: family-wise level within one audit; no laxer than the audit's.
        coverage: share of parameters that must have been tested. Below 1, untested
            modules do not keep the outcome open once that share is reached.
    """

    log10_alpha: Annotated[float, Field(le=-6.0, ge=-300.0)] = -6.0
    coverage: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0


class Profile(_Part):
    """A whole definition.

    Attributes:
        schema_: ``parentage.profile/1``.
        id: what the command line calls it.
        version: date or number of the definition, for reports.
        title, stance: its name, and the definition in one sentence.
        accusation: how sure a violation must be.
        sources, rules: see there.
        silent: components without a rule.
    """

    schema_: Literal["parentage.profile/1"] = Field(alias="schema")
    id: Id
    version: Text
    title: Both
    stance: Both
    accusation: Accusation = Accusation()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    silent: tuple[Silence, ...] = ()

    def source(self, name: str) -> Source:
        """The source of this id."""
        return next(s for s in self.sources if s.id == name)
