# SPDX-License-Identifier: Apache-2.0
"""A public case as data, ``parentage.case-file/1``: see ``docs/cases.md``.

What is established and what is disputed is what parties and sources say. No result of
this project stands in a case: results come from running it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from parentage.verdict.claim_number import UnprintableError, printed

CASE_FILE_SCHEMA: Final = "parentage.case-file/1"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=600)]
HubName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}$"),
]
Type = Literal["A", "W", "U", "D", "L", "P", "X", "C"]
"""Architecture only, weights, upcycled, depth or width changed, licence, product,
disputed, code."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Candidate(_Part):
    """The model under test: its public name, or why there is none."""

    ref: HubName | None = None
    absent: Words | None = None
    why: Words | None = None
    unverified: bool = False

    @model_validator(mode="after")
    def _one(self) -> Candidate:
        if (self.ref is None) == (self.absent is None):
            message = "a candidate has either a ref or a reason for being absent"
            raise ValueError(message)
        return self


class Reference(_Part):
    """A model that the candidate may descend from, and why it is named."""

    ref: HubName
    why: Words
    unverified: bool = False


class CaseControl(_Part):
    """A comparison whose answer is known: ``ref`` held against ``against``."""

    kind: Literal["positive", "negative"]
    ref: HubName
    against: HubName
    why: Words
    unverified: bool = False


class Number(_Part):
    """A number that a claim names, as it was printed."""

    what: Words
    printed: Words

    @model_validator(mode="after")
    def _finite(self) -> Number:
        try:
            printed(self.printed)
        except UnprintableError as error:
            raise ValueError(str(error)) from error
        return self


class Claim(_Part):
    """What a party says; ``file`` names a claim that can be checked."""

    by: Words
    says: Literal[
        "derived", "independent", "architecture", "tokenizer", "licence", "other"
    ]
    text: Words
    source: Words
    date: Words | None = None
    file: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+\.yaml$")] | None = (
        None
    )
    numbers: tuple[Number, ...] = ()


class Statement(_Part):
    """A sentence with its source."""

    text: Words
    source: Words


class CaseFile(_Part):
    """A public case: who said what of which models, and what to hold beside it."""

    format: Literal["parentage.case-file/1"]
    id: Name
    title: Words
    title_ko: Words
    date: Words
    types: tuple[Type, ...]
    sources: tuple[Words, ...]
    traps: tuple[Words, ...] = ()
    candidate: Candidate
    references: tuple[Reference, ...] = ()
    controls: tuple[CaseControl, ...] = ()
    claims: tuple[Claim, ...] = ()
    established: tuple[Statement, ...] = ()
    disputed: tuple[Statement, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> CaseFile:
        known = {r.ref for r in self.references}
        if self.candidate.ref in known:
            message = "the candidate is its own reference"
            raise ValueError(message)
        if not (self.established or self.disputed):
            message = "a case states what is established or what is disputed"
            raise ValueError(message)
        for control in self.controls:
            if control.ref == control.against:
                message = f"the control '{control.ref}' is held against itself"
                raise ValueError(message)
        return self

    def models(self) -> list[str]:
        """Every model that running the case reads, each once, candidate first."""
        names = [self.candidate.ref] if self.candidate.ref else []
        names += [r.ref for r in self.references]
        names += [name for c in self.controls for name in (c.ref, c.against)]
        return list(dict.fromkeys(names))
