# SPDX-License-Identifier: Apache-2.0
"""What is known of the scores: entered values, members' ballots, published figures.

A score that is not here is unknown, never zero. Values carry how far they were rounded:
``33.6`` stands for anything from 33.55 to 33.65, both ends included, so that nothing
hangs on how halves were rounded.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from parentage.verdict.profile import Both, Id

Path = Annotated[
    str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*){0,2}$")
]
"""``total``, ``part``, ``part.item`` or ``part.item.criterion``."""

Number = Annotated[Decimal, Field(ge=-1_000_000, le=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Part):
    """A raw score of a team on an item, or on one of the item's components.

    Attributes:
        team: id of the team.
        item: ``part.item``.
        component: id of the component, if it is one's.
        value: on the item's raw scale; see its scaling.
        target: what it is compared with, where the scaling is ``target``.
        decimals: places it was rounded to; ``None`` where it is exact.
        source: where it stands; ``None`` for what is entered.
    """

    team: Id
    item: Path
    component: Id | None = None
    value: Number
    target: Annotated[Decimal, Field(gt=0)] | None = None
    decimals: Annotated[int, Field(ge=0, le=9)] | None = None
    source: Id | None = None


class Ballot(_Part):
    """What one member of a panel gave one team.

    Attributes:
        member: how the member is called.
        team: id of the team.
        item: ``part.item``.
        criterion: id of the criterion, where the item has criteria.
        value: on the panel's scale.
    """

    member: Name
    team: Id
    item: Path
    criterion: Id | None = None
    value: Number


class Exclusion(_Part):
    """A member whose scores of a team are left out, such as for a conflict of interest.

    Attributes:
        member: how the member is called.
        team: id of the team.
        reason: shown beside the score.
    """

    member: Name
    team: Id
    reason: Name


class Vote(_Part):
    """A member's answer in a wildcard round: can this team compete?"""

    member: Name
    team: Id
    able: bool


class Figure(_Part):
    """A published number or order.

    Attributes:
        kind: ``score`` of a team; ``average`` over all teams; ``top``: the highest,
            and whose it is; ``gap`` between the highest and the lowest; ``order``:
            ``teams`` from best to worst, none equal; ``first``: ``teams`` are the
            best ones, in no stated order.
        of: ``total``, a part, or ``part.item``.
        team: for ``score``.
        teams: for ``top``, ``order`` and ``first``.
        value: points.
        decimals: places ``value`` was rounded to; by default those it is written with.
        source: where it stands.
    """

    kind: Literal["score", "average", "top", "gap", "order", "first"]
    of: Path
    team: Id | None = None
    teams: tuple[Id, ...] = ()
    value: Number | None = None
    decimals: Annotated[int, Field(ge=0, le=9)] | None = None
    source: Id

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs_value = self.kind in {"score", "average", "top", "gap"}
        if needs_value != (self.value is not None):
            raise ValueError(
                f"a figure of kind {self.kind!r} "
                + ("needs a value" if needs_value else "has no value")
            )
        if (self.kind == "score") != (self.team is not None):
            raise ValueError("'team' belongs to figures of kind 'score', and to them")
        if self.kind in {"order", "first"} and not self.teams:
            raise ValueError(f"a figure of kind {self.kind!r} needs 'teams'")
        if self.kind in {"score", "average", "gap"} and self.teams:
            raise ValueError(f"'teams' means nothing in a figure of kind {self.kind!r}")
        return self

    @property
    def places(self) -> int:
        """Decimals that the value was rounded to."""
        if self.decimals is not None or self.value is None:
            return self.decimals or 0
        exponent = self.value.as_tuple().exponent
        return max(-exponent, 0) if isinstance(exponent, int) else 0

    @property
    def reach(self) -> Decimal:
        """Half of the last place: how far the unrounded value may lie away."""
        return Decimal(5).scaleb(-self.places - 1)


class Decision(_Part):
    """What was decided of a team at the gate.

    Attributes:
        team: id of the team.
        criterion: id of the criterion; ``None`` for the gate as a whole.
        outcome: ``open`` where nothing could be said.
        by: ``committee``, or ``verdict`` of ``parentage`` under a profile.
        reason: why, in both languages.
        source: where it stands; ``None`` for what is entered.
        profile, report: for a verdict, the definition and the digest of the report.
    """

    team: Id
    criterion: Id | None = None
    outcome: Literal["pass", "fail", "open"]
    by: Literal["committee", "verdict"]
    reason: Both
    source: Id | None = None
    profile: Annotated[str, Field(max_length=200)] | None = None
    report: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Scores(_Part):
    """Everything that is known of the scores of a stage."""

    values: Annotated[tuple[Value, ...], Field(max_length=100_000)] = ()
    ballots: Annotated[tuple[Ballot, ...], Field(max_length=1_000_000)] = ()
    exclusions: Annotated[tuple[Exclusion, ...], Field(max_length=100_000)] = ()
    votes: Annotated[tuple[Vote, ...], Field(max_length=100_000)] = ()
    figures: Annotated[tuple[Figure, ...], Field(max_length=10_000)] = ()

    def plus(self, more: Scores) -> Scores:
        """Both together."""
        return Scores(
            values=self.values + more.values,
            ballots=self.ballots + more.ballots,
            exclusions=self.exclusions + more.exclusions,
            votes=self.votes + more.votes,
            figures=self.figures + more.figures,
        )
