# SPDX-License-Identifier: Apache-2.0
"""Two components, field by field, each agreement weighed by how rare the value is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from parentage.evidence.architecture.background import Background, Known
from parentage.evidence.architecture.words import (
    Text,
    Thresholds,
    derivations,
    difference_class,
    finding,
    least_makers,
    sentence,
    thresholds,
)
from parentage.model.architecture import fields
from parentage.model.architecture.schema import LEVELS, Field
from parentage.model.architecture.values import Value

EQUAL: Final = "equal"
DIFFERENT: Final = "different"
UNCLEAR: Final = "unclear"
"""One side states a value and the other is only guessed to have another."""
CANDIDATE: Final = "only the candidate"
REFERENCE: Final = "only the reference"


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field on both sides.

    Attributes:
        field: its name.
        group: the part of the design it belongs to.
        part: ``design``, ``vocabulary`` or ``context``.
        relation: ``equal``, ``different``, ``unclear``, ``only the candidate`` or
            ``only the reference``.
        candidate, reference: the values, ``None`` where there is none.
        bits: how surprising the value is, the candidate's where it has one; 0 where
            it is not weighed.
        difference: class of difference, or empty.
    """

    field: str
    group: str
    part: str
    relation: str
    candidate: Value | None
    reference: Value | None
    bits: float
    difference: str


@dataclass(frozen=True, slots=True)
class DerivedSize:
    """What the two differ by, where the design is otherwise the same.

    Attributes:
        complete: whether these steps explain every differing design field.
        steps: the steps, in words.
        scale: the one ratio by which the widths differ, if there is one.
        others: differing design fields that no step explains.
    """

    complete: bool
    steps: tuple[Text, ...]
    scale: float | None
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComponentEvidence:
    """What the comparison of two components shows.

    Attributes:
        kind: kind of component.
        reference: ``organisation/model`` of the reference.
        word: ``shared``, ``near``, ``common``, ``own`` or ``unweighed``.
        finding: the word as it is shown.
        fields: every field that one side fills.
        shared_bits: rarity of what agrees.
        different_bits: rarity of the candidate's values where the two differ, and of
            the parts that only one of them has.
        information: rarity of all of the candidate's design values.
        difference: highest class among the differing design fields, or ``none``.
        difference_text: the class as the programme's form words it.
        derived_size: what explains the differing fields.
        sentence: what this is not evidence of.
    """

    kind: str
    reference: str
    word: str
    finding: Text
    fields: tuple[FieldComparison, ...]
    shared_bits: float
    different_bits: float
    information: float
    difference: str
    difference_text: Text
    derived_size: DerivedSize
    sentence: Text

    @property
    def net_bits(self) -> float:
        """Bits that agree less bits that differ: how near the two are."""
        return self.shared_bits - self.different_bits

    def names(self, relation: str, part: str = "design") -> tuple[str, ...]:
        """Fields of one part that stand in one relation."""
        return tuple(
            f.field for f in self.fields if f.relation == relation and f.part == part
        )

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def compare(
    candidate: Known,
    reference: Known,
    background: Background,
    *,
    limits: Thresholds | None = None,
) -> ComponentEvidence:
    """Compare two components of one kind.

    Args:
        candidate: the component in question.
        reference: the one it is compared with.
        background: known architectures, *without* the makers of either side.
        limits: thresholds, by default those that are shipped.
    """
    kind = candidate.kind
    limits = limits or thresholds(kind)
    rows = tuple(
        _field(field, candidate, reference, background)
        for field in fields().values()
        if field.name in candidate.values or field.name in reference.values
    )
    design = [row for row in rows if row.part == "design"]
    shared = sum(row.bits for row in design if row.relation == EQUAL)
    different = sum(r.bits for r in design if r.relation not in {EQUAL, UNCLEAR})
    total = information(candidate, background)
    differing = tuple(r.field for r in design if r.relation == DIFFERENT)
    few = background.makers(kind) < least_makers()
    firm = any(not fields()[name].retunable for name in differing)
    if few:
        word = "unweighed"
    elif shared >= limits.shared_bits and not firm:
        word = "shared"
    elif shared >= limits.shared_bits and shared >= limits.agreement * (
        shared + different
    ):
        word = "near"
    else:
        word = "common" if total < limits.shared_bits else "own"
    level = max(
        (row.difference for row in design if row.relation == DIFFERENT),
        key=LEVELS.index,
        default="none",
    )
    return ComponentEvidence(
        kind=kind,
        reference=f"{reference.organisation}/{reference.model}",
        word=word,
        finding=finding(word),
        fields=rows,
        shared_bits=shared,
        different_bits=different,
        information=total,
        difference=level,
        difference_text=difference_class(level),
        derived_size=_derived(differing, candidate.values, reference.values),
        sentence=sentence(),
    )


def information(component: Known, background: Background) -> float:
    """How surprising all design values of a component are together, in bits."""
    return sum(
        background.bits(component.kind, field.name, component.values)
        for field in fields().values()
        if field.part == "design"
        and field.name in component.values
        and field.name not in component.guessed
    )


def _field(
    field: Field, candidate: Known, reference: Known, background: Background
) -> FieldComparison:
    name = field.name
    mine, theirs = candidate.values.get(name), reference.values.get(name)
    relation = _relation(name, candidate, reference)
    bits = 0.0
    unsaid = all(
        name in side.unsaid or name in side.guessed for side in (candidate, reference)
    )
    if field.part != "design" or (relation == EQUAL and unsaid):
        pass
    elif relation in {EQUAL, DIFFERENT}:
        bits = _weight(field, candidate, reference, background)
    elif relation == CANDIDATE and _gone(field, candidate, reference):
        bits = background.bits(candidate.kind, name, candidate.values)
    elif relation == REFERENCE and _gone(field, candidate, reference):
        bits = background.bits(candidate.kind, name, reference.values)
    return FieldComparison(
        field=name,
        group=field.group,
        part=field.part,
        relation=relation,
        candidate=mine,
        reference=theirs,
        bits=bits,
        difference=_class(field, mine, theirs) if relation == DIFFERENT else "",
    )


_GATES: Final = {
    "experts": "feed_forward_kind",
    "latent": "attention_kind",
    "recurrent": "mixer",
}
"""For groups of fields that a design has or has not: the field that says so."""


def _gone(field: Field, candidate: Known, reference: Known) -> bool:
    """Whether one side lacks a field because its design has no such part."""
    gate = _GATES.get(field.group, "")
    one, other = candidate.values.get(gate), reference.values.get(gate)
    return one is not None and other is not None and one != other


def _weight(
    field: Field,
    candidate: Known,
    reference: Known,
    background: Background,
) -> float:
    """Rarity of the candidate's value: by itself where the parent's is not shared."""
    parent = field.parent
    apart = candidate.values.get(parent) != reference.values.get(parent)
    return background.bits(candidate.kind, field.name, candidate.values, alone=apart)


def _relation(name: str, candidate: Known, reference: Known) -> str:
    if name not in reference.values:
        return CANDIDATE
    if name not in candidate.values:
        return REFERENCE
    if candidate.values[name] == reference.values[name]:
        return EQUAL
    guessed = (name in candidate.guessed) or (name in reference.guessed)
    return UNCLEAR if guessed else DIFFERENT


def _class(field: Field, mine: Value | None, theirs: Value | None) -> str:
    """The class of one difference: appearing at all is more than another number."""
    appears = bool(mine) != bool(theirs)
    return field.appears if appears else field.level


def _derived(
    differing: tuple[str, ...],
    mine: Mapping[str, Value],
    theirs: Mapping[str, Value],
) -> DerivedSize:
    left = set(differing)
    steps: list[Text] = []
    scale = _scale(left, mine, theirs)
    for step in derivations():
        if step.id == "width" and scale is None:
            continue
        if step.id != "width" and scale is not None and step.fields <= _width():
            continue
        if left & step.fields:
            steps.append(step.text)
            left -= step.fields
    others = tuple(name for name in differing if name in left)
    return DerivedSize(bool(steps) and not others, tuple(steps), scale, others)


def _width() -> frozenset[str]:
    return next(d.fields for d in derivations() if d.id == "width")


def _scale(
    differing: set[str], mine: Mapping[str, Value], theirs: Mapping[str, Value]
) -> float | None:
    """The one ratio of the widths, where the hidden size is among what differs."""
    if "hidden_size" not in differing:
        return None
    ratios: set[float] = set()
    for name in differing & _width():
        one, other = mine[name], theirs[name]
        if isinstance(one, int) and isinstance(other, int) and other:
            ratios.add(one / other)
    return ratios.pop() if len(ratios) == 1 else None
