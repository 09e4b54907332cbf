# SPDX-License-Identifier: Apache-2.0
"""Names of tensors as text: templates, scopes, and an order of their own.

The *template* of a name has ``#`` in place of each component that is a number, so that
a model of fifty thousand tensors has some dozens of templates.
"""

from __future__ import annotations

import re
from typing import Final

_SEPARATOR: Final = re.compile(r"[./]")
_DIGITS: Final = re.compile(r"([0-9]+)")
_INDEX: Final = re.compile(r"(?<![^./])[0-9]{1,9}(?![^./])")
MAX_INDEX_DIGITS: Final = 9
"""Longer numbers are words: no model has a billion layers."""

_NEUTRAL: Final = frozenset(
    {
        "model",
        "transformer",
        "module",
        "base_model",
        "gpt_neox",
        "_orig_mod",
        "backbone",
    }
)
"""Components that saves add or leave out without changing what a name means."""


def components(name: str) -> list[str]:
    """The parts of a dotted (or slashed) name."""
    return _SEPARATOR.split(name)


def is_index(component: str) -> bool:
    """Whether a component is a plain number."""
    return (
        component.isascii()
        and component.isdigit()
        and len(component) <= MAX_INDEX_DIGITS
    )


def template(name: str) -> tuple[str, tuple[int, ...]]:
    """Template of a name, and the numbers that were taken out."""
    numbers = tuple(map(int, _INDEX.findall(name)))
    return _INDEX.sub("#", name).replace("/", "."), numbers


def scope_of(prefix: str) -> str:
    """Prefix without the components that mean nothing."""
    return ".".join(p for p in prefix.split(".") if p and p not in _NEUTRAL)


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts ``layers.10`` after ``layers.9``."""
    return tuple(
        (1, int(part), "") if number % 2 else (0, 0, part)
        for number, part in enumerate(_DIGITS.split(name))
    )


def words(scope: str) -> frozenset[str]:
    """Lower-case words of a scope: components and what underscores part in them."""
    found: set[str] = set()
    for part in scope.lower().split("."):
        found.add(part)
        found.update(part.split("_"))
    return frozenset(found)
