# SPDX-License-Identifier: Apache-2.0
"""Which known architecture a component is nearest to, and what both models share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from parentage.evidence.architecture.background import (
    Background,
    Known,
    known,
    load_background,
)
from parentage.evidence.architecture.compare import (
    DIFFERENT,
    EQUAL,
    ComponentEvidence,
    compare,
    information,
)
from parentage.evidence.architecture.words import (
    Text,
    finding,
    least_makers,
    meaning,
    sentence,
    thresholds,
)
from parentage.model.architecture import Architecture, Component


@dataclass(frozen=True, slots=True)
class ArchitectureEvidence:
    """Comparison of two models' architectures, component by component.

    Attributes:
        candidate, reference: how the models were referred to.
        components: one comparison for each kind that both have.
        only_candidate, only_reference: kinds of components that one side has.
        sentence: what this is not evidence of.
    """

    candidate: str
    reference: str
    components: tuple[ComponentEvidence, ...]
    only_candidate: tuple[str, ...]
    only_reference: tuple[str, ...]
    sentence: Text

    def component(self, kind: str) -> ComponentEvidence | None:
        """The comparison of one kind of component, or ``None``."""
        return next((c for c in self.components if c.kind == kind), None)

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ComponentFinding:
    """What is said of one component of a model.

    Attributes:
        kind: kind of component.
        word: ``shared``, ``near``, ``common``, ``own`` or ``unweighed``.
        finding, meaning: the word as it is shown, and what it means.
        information: rarity of the component's design values, in bits.
        nearest: the nearest known architectures, nearest first.
        makers: independent makers that it was weighed against.
        sentence: what this is not evidence of.
    """

    kind: str
    word: str
    finding: Text
    meaning: Text
    information: float
    nearest: tuple[ComponentEvidence, ...]
    makers: int
    sentence: Text

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def compare_architectures(
    candidate: Architecture,
    reference: Architecture,
    background: Background | None = None,
    *,
    exclude: Iterable[str] = (),
) -> ArchitectureEvidence:
    """Compare two models' architectures.

    Args:
        candidate: the model in question.
        reference: the model it is compared with.
        background: known architectures, by default those that are shipped.
        exclude: organisations whose entries are left out of the background: the
            owners of both models. Entries that equal either side are left out anyway.
    """
    base = (background or load_background()).without(organisations=exclude)
    rows = []
    for kind, component in candidate.components.items():
        other = reference.components.get(kind)
        if other is None:
            continue
        mine = known(component, model=candidate.name)
        theirs = known(other, model=reference.name)
        rows.append(compare(mine, theirs, weigher(base, mine, theirs)))
    return ArchitectureEvidence(
        candidate.name,
        reference.name,
        tuple(rows),
        tuple(k for k in candidate.components if k not in reference.components),
        tuple(k for k in reference.components if k not in candidate.components),
        sentence(),
    )


def weigher(background: Background, *sides: Known) -> Background:
    """The background without the makers of the two sides' own designs.

    A design is a side's own if one of its models has the same values.
    """
    own = {
        entry.maker
        for side in sides
        for entry in background.of(side.kind)
        if entry.design == side.design or not _differing(side, entry)
    }
    return background.without(makers=own)


def _differing(one: Known, other: Known) -> bool:
    """Whether two entries differ in what both of them state."""
    common = [
        name
        for name in one.values
        if name in other.values
        and name not in one.guessed
        and name not in other.guessed
    ]
    return len(common) < 8 or any(
        one.values[name] != other.values[name]
        for name in common
        if name not in {"max_position_embeddings", "rope_scaling_kind"}
    )


def nearest(
    candidate: Component,
    background: Background | None = None,
    k: int = 5,
    *,
    exclude: Iterable[str] = (),
    model: str = "",
    before: str = "",
) -> tuple[ComponentEvidence, ...]:
    """The known architectures that a component is nearest to.

    Args:
        candidate: the component in question.
        background: known architectures, by default those that are shipped.
        k: how many to return; one for each model.
        exclude: organisations that are not asked: the candidate's own.
        model: name of the candidate's model; entries of that name are left out.
        before: a month (``2025-12``); families that were released in it or later
            are not asked, because nothing can be taken over from them.

    Returns:
        The nearest first: bits that agree less bits that differ. Each is weighed
        without the maker of its design.
    """
    base = (background or load_background()).without(
        organisations=exclude, models=[model] if model else ()
    )
    mine = known(candidate, model=model)
    return rank(mine, base, before=before)[:k]


def rank(
    mine: Known, base: Background, *, before: str = ""
) -> tuple[ComponentEvidence, ...]:
    """All entries of a background, nearest first; see :func:`nearest`."""
    weighers: dict[str, Background] = {}
    found: dict[str, ComponentEvidence] = {}
    for entry in base.of(mine.kind):
        # A year without a month may be its last one.
        released = (
            f"{entry.released}-12" if len(entry.released) == 4 else entry.released
        )
        if before and released >= before:
            continue
        if entry.maker not in weighers:
            weighers[entry.maker] = base.without(makers=[entry.maker])
        seen = compare(mine, entry, weighers[entry.maker])
        other = found.get(seen.reference)
        if other is None or _compared(seen) > _compared(other):
            found[seen.reference] = seen
    ranked = sorted(found.values(), key=lambda r: (-r.net_bits, r.reference))
    return tuple(ranked)


def _compared(seen: ComponentEvidence) -> tuple[int, float]:
    """How much two entries could be compared on; of copies, the fullest counts."""
    both = len(seen.names(EQUAL)) + len(seen.names(DIFFERENT))
    return both, seen.net_bits


def find(
    candidate: Component,
    background: Background | None = None,
    *,
    exclude: Iterable[str] = (),
    model: str = "",
    before: str = "",
    k: int = 5,
) -> ComponentFinding:
    """What is said of one component: shared, near, a common convention, or own.

    Args:
        candidate: the component in question.
        background: known architectures, by default those that are shipped.
        exclude: organisations that are not asked: the candidate's own.
        model: name of the candidate's model.
        before: the month of its release: later families are not asked.
        k: how many neighbours to show.
    """
    owners = tuple(exclude)
    base = background or load_background()
    rows = nearest(candidate, base, k, exclude=owners, model=model, before=before)
    rest = base.without(organisations=owners, models=[model] if model else ())
    total = information(known(candidate, model=model), rest)
    makers = rest.makers(candidate.kind)
    word = "own"
    if makers < least_makers():
        word = "unweighed"
    elif rows and rows[0].word in {"shared", "near"}:
        word = rows[0].word
    elif total < thresholds(candidate.kind).shared_bits:
        word = "common"
    return ComponentFinding(
        kind=candidate.kind,
        word=word,
        finding=finding(word),
        meaning=meaning(word),
        information=total,
        nearest=rows,
        makers=makers,
        sentence=sentence(),
    )
