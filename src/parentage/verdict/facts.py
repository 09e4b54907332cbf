# SPDX-License-Identifier: Apache-2.0
"""What a profile judges: facts about components, with what each of them rests on.

Facts are values, so that a change can be tried: :mod:`parentage.verdict.cure` judges
changed facts to say what would satisfy a rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from parentage.verdict.vocabulary import Class, Component, Grade, Item

State = Literal["known", "nothing-found", "correspondence", "not-testable", "silent"]
"""``known``: a class is known. ``nothing-found``: exact tests with power found nothing.
``correspondence``: more agreement than chance, no proof. ``not-testable``: nothing can
be said. ``silent``: no test exists and nothing is declared (data, code)."""

Direction = Literal["undecided", "from-reference", "from-candidate"]
"""Who descends from whom: weights alone do not say it."""

Openness = Literal["open", "restricted", "unknown"]


@dataclass(frozen=True)
class LicenceFact:
    """What is known of the licence that a reused component came under.

    Attributes:
        stated: the expression, as written; ``None`` if none is known.
        openness: whether it lets everybody use, change and pass on without limits.
        complied: whether its duties are met; ``None`` if that cannot be told.
        controlled: whether somebody else may end or change the rights; ``None`` if
            not known.
        clauses: what speaks against, shortened, with licence and clause.
    """

    stated: str | None = None
    openness: Openness = "unknown"
    complied: bool | None = None
    controlled: bool | None = None
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComponentFact:
    """One component, or one module of it.

    Attributes:
        component: see :data:`~parentage.verdict.vocabulary.Component`.
        module: name in the report; ``None`` where no tensors are meant.
        parameters, share: of the model.
        state: what is known at all.
        found: the class; ``unknown`` unless ``state`` is ``known``.
        grade: what the class rests on.
        references: models that it was found, or said, to descend from.
        log10_p: of the exact finding, corrected for the audit; ``None`` without one.
        declared_own: whether the maker declares it as trained from its own
            initialisation.
        recorded: whether a training record supports exactly that.
        disclosed: whether the maker names the sources that were found; ``None`` where
            it cannot be told.
        own_family: whether the maker calls the source its own earlier model.
        licence: of what is reused.
        difference: class of difference of an architecture, or empty.
        detail: why it is no more than it is, in English.
        power: smallest element correlation that would have been found, and with which
            probability, as they are shown; empty where nothing was looked for.
        direction: ``from-candidate`` keeps whatever was found from being a violation.
    """

    component: Component
    module: str | None = None
    parameters: int | None = None
    share: float | None = None
    state: State = "silent"
    found: Class = "unknown"
    grade: Grade = "none"
    references: tuple[str, ...] = ()
    log10_p: float | None = None
    declared_own: bool = False
    recorded: bool = False
    disclosed: bool | None = None
    own_family: bool = False
    licence: LicenceFact = LicenceFact()
    difference: str = ""
    detail: str = ""
    power: tuple[str, ...] = ()
    direction: Direction = "undecided"


@dataclass(frozen=True)
class Facts:
    """Everything about one candidate that a profile can ask.

    Attributes:
        components: at least one fact for each component.
        coverage: share of parameters in modules that were tested.
        declarations: whether anything the maker says was read at all.
        published: items that are said to be published, with whether the licence is
            open (``None``: not stated).
        withheld: items that the maker says are not published.
    """

    components: tuple[ComponentFact, ...]
    coverage: float
    declarations: bool = False
    published: tuple[tuple[Item, bool | None], ...] = ()
    withheld: tuple[Item, ...] = ()

    def of(self, components: Iterable[Component]) -> tuple[ComponentFact, ...]:
        """Facts of some components, in the order of the facts."""
        wanted = set(components)
        return tuple(f for f in self.components if f.component in wanted)

    def changed(self, old: ComponentFact, new: ComponentFact) -> Facts:
        """The same facts with one in another's place."""
        return replace(
            self, components=tuple(new if f == old else f for f in self.components)
        )
