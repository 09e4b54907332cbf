# SPDX-License-Identifier: Apache-2.0
"""Licences of models: what an SPDX expression asks of whoever reuses weights.

The table is ``verdict_licences.toml``; every term names its clause, and every entry
says whether it was held against the licence's own text. Not legal advice.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

Family = Literal["open", "copyleft", "restricted", "non-commercial", "unknown"]

RESTRICTING: Final = frozenset(
    {
        "use-limits",
        "commercial-threshold",
        "non-commercial",
        "no-competing-models",
        "geography",
    }
)
"""Kinds of terms that limit who may use a model, or what for."""

MAX_EXPRESSION: Final = 500


@dataclass(frozen=True)
class Term:
    """One thing a licence asks.

    Attributes:
        kind: such as ``attribution`` (see ``report/verdict_licences.py``).
        clause: where in the licence; empty where that was not verified.
        text: what it asks, shortened.
        check: phrases of which one must stand beside the weights.
        prefix: how the model's name must begin.
    """

    kind: str
    clause: str
    text: str
    check: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(frozen=True)
class Licence:
    """A licence of the table.

    Attributes:
        id: of SPDX, or ``LicenseRef-…``.
        title, link: what it is called, and where its text is.
        verified: against what the entry was held.
        family: see the table.
        control: whether somebody else can end or change the rights; ``None`` where
            that is not known.
        terms: what it asks.
    """

    id: str
    title: str
    link: str
    verified: Literal["text", "summary", "unverified"]
    family: Family
    control: bool | None
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Expression:
    """A licence expression, understood as far as the table goes.

    Attributes:
        text: as it was written.
        licences: those of the table, in order of appearance.
        unknown: names that neither SPDX nor the table knows, or that the table lacks.
        choice: whether the expression offers a choice (``OR``).
        open: whether everybody may use, change and pass on; ``None`` if not known.
        controlled: whether somebody else can end or change the rights.
    """

    text: str
    licences: tuple[Licence, ...]
    unknown: tuple[str, ...]
    choice: bool
    open: bool | None
    controlled: bool | None


@cache
def table() -> dict[str, Licence]:
    """The licences by id."""
    file = resources.files("parentage.verdict").joinpath("verdict_licences.toml")
    rows = tomllib.loads(file.read_text("utf-8"))["licence"]
    return {row["id"]: _licence(row) for row in rows}


@cache
def _names() -> dict[str, str]:
    """What cards write, in small letters -> id."""
    file = resources.files("parentage.verdict").joinpath("verdict_licences.toml")
    rows = tomllib.loads(file.read_text("utf-8"))["licence"]
    found = {name.casefold(): row["id"] for row in rows for name in row["names"]}
    return found | {row["id"].casefold(): row["id"] for row in rows}


def _licence(row: dict[str, Any]) -> Licence:
    return Licence(
        row["id"],
        row["title"],
        row["link"],
        row["verified"],
        row["family"],
        row.get("control"),
        tuple(
            Term(
                t["kind"],
                t["clause"],
                t["text"],
                tuple(t.get("check", ())),
                t.get("prefix", ""),
            )
            for t in row["terms"]
        ),
    )


def read_expression(text: str) -> Expression:
    """What an expression asks: SPDX, or a name that model cards use.

    An expression that cannot be parsed is one unknown licence; nothing is guessed.
    """
    text = text.strip()[:MAX_EXPRESSION]
    known = _names().get(text.casefold())
    if known is not None:
        return _single(text, known)
    from license_expression import ExpressionError  # noqa: PLC0415

    try:
        tree = _spdx().parse(text)
    except (ExpressionError, ValueError, TypeError, AttributeError):
        tree = None
    if tree is None:
        return Expression(text, (), (text,) if text else (), False, None, None)
    found = _walk(tree)
    return Expression(text, *found)


@cache
def _spdx() -> Any:  # noqa: ANN401 - of a library without types
    """The licences of SPDX; reading their list takes a moment."""
    from license_expression import get_spdx_licensing  # noqa: PLC0415

    return get_spdx_licensing()


def _single(text: str, name: str) -> Expression:
    return Expression(text, *_leaf(name))


_Parts = tuple[tuple[Licence, ...], tuple[str, ...], bool, bool | None, bool | None]


def _leaf(name: str) -> _Parts:
    known = table().get(_names().get(name.casefold(), ""))
    if known is None:
        return (), (name,), False, None, None
    return (known,), (), False, known.family == "open", known.control


def _walk(node: Any) -> _Parts:  # noqa: ANN401 - of a library without types
    """Licences of a parsed expression: all of an AND hold, one of an OR."""
    arguments = getattr(node, "args", ())
    operator = getattr(node, "operator", "").strip()
    if not arguments or operator not in {"AND", "OR"}:
        # ``X WITH exception`` grants no less than X; the exception is not weighed.
        key = getattr(getattr(node, "license_symbol", node), "key", str(node))
        return _leaf(str(key))
    parts = [_walk(child) for child in arguments]
    licences = tuple(dict.fromkeys(x for p in parts for x in p[0]))
    unknown = tuple(dict.fromkeys(x for p in parts for x in p[1]))
    opens = [p[3] for p in parts]
    controls = [p[4] for p in parts]
    choice = operator == "OR" or any(p[2] for p in parts)
    if operator == "AND":
        return licences, unknown, choice, _every(opens), _some(controls)
    return licences, unknown, choice, _some(opens), _every(controls)


def _every(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _some(values: list[bool | None]) -> bool | None:
    if True in values:
        return True
    return None if None in values else False
