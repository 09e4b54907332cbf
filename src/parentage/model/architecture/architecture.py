# SPDX-License-Identifier: Apache-2.0
"""What an architecture is: components, their fields, and where each value is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from parentage.model.architecture.values import Value

SOURCES: Final = ("stated", "derived", "defaulted", "from shapes")
"""Where a value is from: written in a file; computed from written values; fixed by the
code of the model type; or read off the shapes of the stored tensors."""

USUAL: Final = ("usual", "none stated", "no groups stated")
"""Rules that fill in what is usual."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled field.

    Attributes:
        value: the value, cleaned.
        source: a word of :data:`SOURCES`.
        key: the key that stated it, or the rule that gave it.
    """

    value: Value
    source: str
    key: str

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"value": value, "source": self.source, "key": self.key}


@dataclass(frozen=True, slots=True)
class Component:
    """The architecture of one component.

    Attributes:
        kind: ``text_decoder``, ``vision_encoder`` or ``audio_encoder``.
        model_type: what the config calls it, or empty. Never compared.
        fields: filled fields by name.
        known_type: whether the code of the model type is known, so that what it
            leaves unsaid is known too.
    """

    kind: str
    model_type: str
    fields: Mapping[str, Filled]
    known_type: bool = False

    def guessed(self) -> frozenset[str]:
        """Fields filled with what is usual, because nothing says otherwise."""
        return frozenset() if self.known_type else self.unsaid()

    def unsaid(self) -> frozenset[str]:
        """Fields that hold what is usual because neither config nor code says more."""
        return frozenset(
            name
            for name, filled in self.fields.items()
            if filled.source == "defaulted" and filled.key in USUAL
        )

    def value(self, name: str) -> Value | None:
        """The value of a field, or ``None``."""
        found = self.fields.get(name)
        return None if found is None else found.value

    def whole(self, name: str) -> int:
        """The value of a counting field; ``0`` where it is not filled."""
        value = self.value(name)
        return value if isinstance(value, int) else 0

    def values(self) -> dict[str, Value]:
        """The values without their sources."""
        return {name: filled.value for name, filled in self.fields.items()}

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "kind": self.kind,
            "model_type": self.model_type,
            "fields": {name: filled.to_dict() for name, filled in self.fields.items()},
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that could not be used.

    Attributes:
        component: kind of component.
        field: the field it was for.
        key: where it stood.
        found: what was found, shortened.
        expected: what would have been right.
    """

    component: str
    field: str
    key: str
    found: str
    expected: str

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "component": self.component,
            "field": self.field,
            "key": self.key,
            "found": self.found,
            "expected": self.expected,
        }


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A field on which the config and the shapes of the tensors disagree.

    Attributes:
        component: kind of component.
        field: the field.
        stated: what the config says.
        shapes: what the tensors show.
    """

    component: str
    field: str
    stated: Value
    shapes: Value

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "component": self.component,
            "field": self.field,
            "stated": self.stated,
            "shapes": self.shapes,
        }


@dataclass(frozen=True, slots=True)
class Architecture:
    """The architecture of a model.

    Attributes:
        name: how the model was referred to.
        components: by kind, in reading order.
        problems: values that could not be used.
        contradictions: what the config says and the tensors deny.
    """

    name: str
    components: Mapping[str, Component]
    problems: tuple[Problem, ...] = ()
    contradictions: tuple[Contradiction, ...] = field(default=())

    def component(self, kind: str) -> Component | None:
        """The component of that kind, or ``None``."""
        return self.components.get(kind)

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "name": self.name,
            "components": {k: c.to_dict() for k, c in self.components.items()},
            "problems": [p.to_dict() for p in self.problems],
            "contradictions": [c.to_dict() for c in self.contradictions],
        }
