# SPDX-License-Identifier: Apache-2.0
"""The architectures of public models: what is common and what is rare among them.

The unit that counts is the *maker of the design*: ten models of one organisation, or
the model of another that documentedly took its design over, are one unit, not ten.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, Final

from parentage.errors import DescriptionError
from parentage.model.architecture import Component, fields
from parentage.model.architecture.values import Value

SCHEMA: Final = "parentage.architectures/1"
_PRIOR: Final = 2.0
"""Weight, in makers, of the pooled rate against those who share a parent's value."""


@dataclass(frozen=True, slots=True)
class Known:
    """One component of a public model.

    Attributes:
        kind: kind of component.
        organisation: whose design it is.
        family: the organisation's family.
        model: the model; copies of one model carry one name.
        design: the family that the design goes back to.
        released: month of the family's first release, or empty.
        values: values by field.
        unsaid: fields with what is usual, of a model type whose code says no more.
        guessed: fields filled with what is usual, because nothing says otherwise.
        sources: repositories the values were read in.
    """

    kind: str
    organisation: str
    family: str
    model: str
    design: str
    values: Mapping[str, Value]
    released: str = ""
    unsaid: frozenset[str] = frozenset()
    guessed: frozenset[str] = frozenset()
    sources: tuple[Mapping[str, str], ...] = ()

    @property
    def maker(self) -> str:
        """The organisation that the design goes back to: the unit that counts."""
        return self.design.split("/", maxsplit=1)[0]


@dataclass(frozen=True)
class Background:
    """Known architectures, and how common each value is among their makers."""

    entries: tuple[Known, ...]
    _cache: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    def of(self, kind: str) -> tuple[Known, ...]:
        """The entries for one kind of component."""
        return tuple(e for e in self.entries if e.kind == kind)

    def without(
        self,
        *,
        organisations: Iterable[str] = (),
        makers: Iterable[str] = (),
        models: Iterable[str] = (),
    ) -> Background:
        """The background without some owners, makers of designs or models.

        A candidate must not be weighed against itself.
        """
        owners, units = frozenset(organisations), frozenset(makers)
        names = frozenset(models)
        return Background(
            tuple(
                e
                for e in self.entries
                if e.organisation not in owners
                and e.maker not in units
                and e.model not in names
            )
        )

    def bits(
        self, kind: str, name: str, values: Mapping[str, Value], *, alone: bool = False
    ) -> float:
        """How surprising a value is, in bits.

        Args:
            kind: kind of component.
            name: the field.
            values: the values of the component: the field's own and its parent's.
            alone: whether the parent's value is not shared, so that it says nothing.

        Returns:
            ``-log2`` of the smoothed share of makers who used the
            value; where the field follows from a parent, of those who used the
            parent's value too, if that is smaller. A field that nobody else has
            filled says nothing: 0.
        """
        spread = self._spread(kind, name)
        value = values[name]
        count = sum(value in held for held in spread.values())
        asked = self.makers(kind) if fields()[name].optional else len(spread)
        share = (count + 1) / (asked + 1)
        parent = fields()[name].parent
        if parent and not alone and parent in values:
            share = max(share, self._given(kind, name, parent, values))
        return -math.log2(share)

    def makers(self, kind: str) -> int:
        """Number of makers of one kind of component."""
        if ("makers", kind) not in self._cache:
            self._cache["makers", kind] = len({e.maker for e in self.of(kind)})
        return int(self._cache["makers", kind])

    def _spread(self, kind: str, name: str) -> Mapping[str, frozenset[Value]]:
        """Values of a field by maker."""
        key = (kind, name)
        if key not in self._cache:
            found: dict[str, set[Value]] = {}
            for e in self.of(kind):
                if name in e.values and name not in e.guessed:
                    found.setdefault(e.maker, set()).add(e.values[name])
            self._cache[key] = found
        spread: Mapping[str, frozenset[Value]] = self._cache[key]
        return spread

    def _given(
        self, kind: str, name: str, parent: str, values: Mapping[str, Value]
    ) -> float:
        """Share of makers with this value among those with the parent's value.

        With few of them it falls back on how often two makers who agree
        on the parent also agree on this field, whatever the values.
        """
        pairs = self._pairs(kind, name, parent)
        here = pairs.get(values[parent], {})
        agree = sum(values[name] in held for held in here.values())
        pooled = self._agreement(kind, name, parent)
        return (agree + _PRIOR * pooled) / (len(here) + _PRIOR)

    def _pairs(
        self, kind: str, name: str, parent: str
    ) -> Mapping[Value, Mapping[str, set[Value]]]:
        key = (kind, name, parent)
        if key not in self._cache:
            found: dict[Value, dict[str, set[Value]]] = {}
            for e in self.of(kind):
                if name in e.values and parent in e.values and name not in e.guessed:
                    held = found.setdefault(e.values[parent], {})
                    held.setdefault(e.maker, set()).add(e.values[name])
            self._cache[key] = found
        pairs: Mapping[Value, Mapping[str, set[Value]]] = self._cache[key]
        return pairs

    def _agreement(self, kind: str, name: str, parent: str) -> float:
        key = ("agreement", kind, name, parent)
        if key not in self._cache:
            same = trials = 0
            for held in self._pairs(kind, name, parent).values():
                sets = list(held.values())
                for i, one in enumerate(sets):
                    for other in sets[:i]:
                        trials += 1
                        same += bool(one & other)
            self._cache[key] = (same + 1) / (trials + 1)
        return float(self._cache[key])


def known(component: Component, *, model: str = "", owner: str = "") -> Known:
    """A component in the form of a background entry.

    Args:
        component: the component.
        model: name of the model it belongs to.
        owner: its organisation, where known.
    """
    return Known(
        kind=component.kind,
        organisation=owner,
        family="",
        model=model,
        design=owner or model,
        values=component.values(),
        unsaid=component.unsaid() - component.guessed(),
        guessed=component.guessed(),
    )


@cache
def load_background() -> Background:
    """The background that is shipped.

    Raises:
        DescriptionError: the file is of another version.
    """
    file = resources.files("parentage.evidence.background") / "architectures.json"
    data = json.loads(file.read_text("utf-8"))
    if data.get("schema") != SCHEMA:
        raise DescriptionError(
            f"schema {data.get('schema')!r}",
            file="architectures.json",
            expected=SCHEMA,
            advice="Reinstall the package.",
        )
    return Background(tuple(_entry(row) for row in data["entries"]))


def _entry(row: Mapping[str, Any]) -> Known:
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row["values"].items()
    }
    made = Known(
        kind=row["kind"],
        organisation=row["organisation"],
        family=row["family"],
        model=row["model"],
        design=row["design"],
        values=values,
        released=row["released"],
    )
    return replace(
        made,
        unsaid=frozenset(row["unsaid"]),
        guessed=frozenset(row["guessed"]),
        sources=tuple(row["sources"]),
    )
