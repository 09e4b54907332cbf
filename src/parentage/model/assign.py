# SPDX-License-Identifier: Apache-2.0
"""Which family explains which names: a greedy cover, scope by scope.

A *scope* is what stands in front of the part of a name that a rule knows. In every
scope the family that explains the most names goes first; what it leaves open may be
explained by the next. The config's ``model_type`` only breaks ties.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from parentage.model.description import Stored
from parentage.model.families import Family, Rule, index, special
from parentage.model.names import scope_of, template

MAX_SCOPES: Final = 512
"""With more, what stands in front of names is noise, and is not looked at."""


@dataclass(frozen=True, slots=True)
class Item:
    """A stored tensor with its meaning."""

    stored: Stored
    rule: Rule
    layer: int | None
    expert: int | None


@dataclass(slots=True)
class Group:
    """The names that one family explains in one scope."""

    family: Family
    scope: str
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class _Kind:
    """All names with one template, under one reading."""

    names: list[tuple[Stored, tuple[int, ...]]] = field(default_factory=list)
    readings: dict[tuple[str, str], tuple[Family, tuple[Rule, ...]]] = field(
        default_factory=dict
    )


def _readings(shape: str) -> dict[tuple[str, str], tuple[Family, tuple[Rule, ...]]]:
    """(scope, family) -> rules that could explain a template; longest suffix wins."""
    known = index()
    parts = shape.split(".")
    found: dict[tuple[str, str], tuple[Family, tuple[Rule, ...]]] = {}
    seen: set[str] = set()
    for start in range(len(parts)):
        entries = known.get(".".join(parts[start:]), ())
        scope = scope_of(".".join(parts[:start])) if entries else ""
        for family, rules in entries:
            if family.name not in seen:
                seen.add(family.name)
                found[scope, family.name] = (family, rules)
    return found


def _quantised(shape: str) -> str | None:
    """Template of the weight that a scale or packed tensor belongs to."""
    parts = shape.split(".")
    endings = special("_quantised")
    for length in (1, 2, 3):
        base = endings.get(".".join(parts[-length:]))
        if base is not None and len(parts) > length:
            return ".".join([*parts[:-length], base])
    return None


def _aside(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The same places without a role: for parts of quantised weights."""
    return tuple(
        replace(r, roles=("other",), split="", transposed=False, stacked=False)
        for r in rules
    )


def assign(
    tensors: Iterable[Stored], model_types: frozenset[str]
) -> tuple[list[Group], list[Stored]]:
    """Choose families.

    Args:
        tensors: stored tensors, buffers excluded.
        model_types: hints found in the config.

    Returns:
        Groups in the order of choice, and what no rule explains.
    """
    kinds: dict[str, _Kind] = {}
    for stored in tensors:
        shape, numbers = template(stored.name)
        kind = kinds.get(shape)
        if kind is None:
            kind = kinds[shape] = _Kind(readings=_readings(shape))
            if not kind.readings and (base := _quantised(shape)) is not None:
                kind.readings = {
                    key: (family, _aside(rules))
                    for key, (family, rules) in _readings(base).items()
                }
        kind.names.append((stored, numbers))
    scopes = {scope for kind in kinds.values() for scope, _ in kind.readings}
    if len(scopes) > MAX_SCOPES:
        for kind in kinds.values():
            kind.readings = {("", name): r for (_, name), r in kind.readings.items()}
    return _cover(list(kinds.values()), model_types)


def _count(kind: _Kind, key: tuple[str, str]) -> int:
    _, rules = kind.readings[key]
    if not all(r.literal for r in rules):
        return len(kind.names)
    return sum(any(r.fits(numbers) for r in rules) for _, numbers in kind.names)


def _cover(
    kinds: Sequence[_Kind], model_types: frozenset[str]
) -> tuple[list[Group], list[Stored]]:
    members: dict[tuple[str, str], dict[int, int]] = {}
    families: dict[str, Family] = {}
    suffixes: dict[tuple[str, str], set[str]] = {}
    for number, kind in enumerate(kinds):
        for key, (family, rules) in kind.readings.items():
            count = _count(kind, key)
            if count:
                members.setdefault(key, {})[number] = count
                families[family.name] = family
                suffixes.setdefault(key, set()).update(r.suffix for r in rules)
    heap: list[tuple[int, bool, int, str, str]] = []

    def push(key: tuple[str, str]) -> None:
        family = families[key[1]]
        total = sum(members[key].values())
        miss = model_types.isdisjoint(family.model_types)
        if total:
            heapq.heappush(heap, (-total, miss, len(family.rules), key[1], key[0]))

    for key in members:
        if families[key[1]].requires <= suffixes[key]:
            push(key)
    groups: list[Group] = []
    open_names = [list(kind.names) for kind in kinds]
    while heap:
        total, _, _, name, scope = heapq.heappop(heap)
        key = (scope, name)
        current = {n: c for n, c in members[key].items() if open_names[n]}
        if sum(current.values()) != -total:
            members[key] = current
            push(key)
            continue
        group = Group(families[name], scope)
        for number in current:
            _take(group, kinds[number].readings[key][1], open_names, number)
        if group.items:
            groups.append(group)
    left = [stored for names in open_names for stored, _ in names]
    return groups, left


def _take(
    group: Group,
    rules: tuple[Rule, ...],
    open_names: list[list[tuple[Stored, tuple[int, ...]]]],
    number: int,
) -> None:
    """Move the names that the rules explain into the group."""
    left: list[tuple[Stored, tuple[int, ...]]] = []
    for stored, numbers in open_names[number]:
        rule = next((r for r in rules if r.fits(numbers)), None)
        if rule is None:
            left.append((stored, numbers))
            continue
        tail = numbers[len(numbers) - len(rule.slots) :]
        place: Mapping[str | int, int] = dict(zip(rule.slots, tail, strict=True))
        group.items.append(Item(stored, rule, place.get("layer"), place.get("expert")))
    open_names[number] = left
