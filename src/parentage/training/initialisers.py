# SPDX-License-Identifier: Apache-2.0
"""A library of the ways in which frameworks draw initial weights, and which one fits.

Only distributions are compared here: which of them was used says nothing about whose
weights they are, and anyone can draw from them. It is for a declaration to be held
against the weights, and for a seed to be tried with the right scheme.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np

from parentage.stats.initial import Shape

OUT_ROLES: Final = frozenset({"o_proj", "o_rows", "down_proj", "fc_out"})
"""Roles that write into the residual stream."""

GROUPS: Final = {
    "token_embedding": "embedding",
    "lm_head": "head",
    **dict.fromkeys(OUT_ROLES, "out"),
}


@dataclass(frozen=True)
class Drawn:
    """A measured tensor.

    Attributes:
        role: in the vocabulary of descriptions.
        layer: from 0, or ``None``.
        fan_in: inputs of one output.
        shape: family of distributions that fits.
        std: root mean square of the entries.
        error: standard error of ``std``, relative.
    """

    role: str
    layer: int | None
    fan_in: int
    shape: Shape
    std: float
    error: float

    @property
    def group(self) -> str:
        """Group of the role in a scheme."""
        return GROUPS.get(self.role, "other")


@dataclass(frozen=True)
class Rule:
    """How a group is drawn; see ``initialisers.toml``."""

    shapes: tuple[str, ...]
    value: float = 1.0
    over: tuple[str | int, ...] = ()
    any: bool = False


@dataclass(frozen=True)
class Scheme:
    """A framework's way of drawing.

    Attributes:
        id, title, source: name for programs, for people, and where it stands.
        free: whether one unknown factor multiplies every deviation.
        groups: rule of each group.
    """

    id: str
    title: str
    source: str
    free: bool
    groups: Mapping[str, Rule]


@dataclass(frozen=True)
class SchemeFit:
    """How many tensors a scheme accounts for.

    Attributes:
        scheme: id.
        agree, tensors: of all measured tensors.
        factor: the common factor of a scheme with a free scale, else 1.
        worst: role whose deviation is furthest from the scheme's, and by how much.
    """

    scheme: str
    agree: int
    tensors: int
    factor: float
    worst: tuple[str, float] | None


@cache
def schemes() -> Mapping[str, Scheme]:
    """The library, by id, in the order of the file."""
    text = resources.files("parentage.training").joinpath("initialisers.toml")
    found = {}
    for name, row in tomllib.loads(text.read_text("utf-8")).items():
        groups = {
            key: Rule(
                tuple(value["shapes"]),
                value.get("value", 1.0),
                tuple(value.get("over", ())),
                value.get("any", False),
            )
            for key, value in row.items()
            if isinstance(value, dict)
        }
        free = row.get("scale") == "free"
        found[name] = Scheme(name, row["title"], row["source"], free, groups)
    return found


SURE: Final = 6.0
"""Standard errors within which a deviation agrees: chance exceeds it once in 5e8."""

ROUNDING: Final = 0.005
"""Relative difference that is allowed besides: deviations are stated with few digits,
and a family cut at three deviations is told from a normal one only in large tensors."""


def fit_scheme(
    scheme: Scheme, drawn: Sequence[Drawn], *, width: int, layers: int
) -> SchemeFit:
    """How many tensors a scheme accounts for.

    Args:
        scheme: of the library.
        drawn: measured tensors, at least one.
        width: of the residual stream.
        layers: of the model.
    """
    ratios: list[float | None] = []
    for item in drawn:
        rule = scheme.groups.get(item.group, scheme.groups["other"])
        if not _same_family(item, rule.shapes):
            ratios.append(None)
        elif rule.any:
            ratios.append(math.nan)
        else:
            ratios.append(item.std / _expected(rule, item, width, layers))
    known = [r for r in ratios if r is not None and not math.isnan(r)]
    factor = float(np.median(known)) if scheme.free and known else 1.0
    agree, worst = 0, None
    for item, ratio in zip(drawn, ratios, strict=True):
        off = 0.0 if ratio is None or math.isnan(ratio) else abs(ratio / factor - 1)
        if ratio is not None and off <= SURE * item.error + ROUNDING:
            agree += 1
        elif worst is None or off > worst[1]:
            worst = (item.role, off)
    return SchemeFit(scheme.id, agree, len(drawn), factor, worst)


NEIGHBOURS: Final = frozenset({"normal", "truncated-3"})
"""Families that small tensors do not tell apart: they differ by 0.0027 of the mass."""


def _same_family(item: Drawn, shapes: Sequence[str]) -> bool:
    return item.shape in shapes or (
        item.shape in NEIGHBOURS and not NEIGHBOURS.isdisjoint(shapes)
    )


def _expected(rule: Rule, item: Drawn, width: int, layers: int) -> float:
    depth = 1 if item.layer is None else item.layer + 1
    names = {
        "fan_in": item.fan_in,
        "width": width,
        "layers": max(layers, 1),
        "depth": depth,
    }
    product = math.prod(names[o] if isinstance(o, str) else o for o in rule.over)
    return rule.value / math.sqrt(product)


def recognise(
    drawn: Sequence[Drawn], *, width: int, layers: int
) -> tuple[SchemeFit, ...]:
    """All schemes of the library, those that account for most tensors first."""
    if not drawn:
        return ()
    fits = [
        fit_scheme(scheme, drawn, width=width, layers=layers)
        for scheme in schemes().values()
    ]
    return tuple(sorted(fits, key=lambda f: -f.agree))
