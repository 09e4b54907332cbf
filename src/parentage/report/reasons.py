# SPDX-License-Identifier: Apache-2.0
"""Reasons, notes and problems of a document, said in another language.

A document holds them as English text, written where the reason arose. Here every such
text is known again: the constant ones word for word, the others by their pattern. What
is not known stays English, and pages mark it so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from parentage.report.language import ENGLISH, Language, marked
from parentage.report.words import LABELS, label

MAX_LENGTH = 600
"""Longer texts are shown as they are: matching takes time, and ours are shorter."""


@dataclass(frozen=True)
class Pattern:
    """A text with places.

    Attributes:
        text: the English text, places in braces.
        said: how the value of a place is said; others are shown as they are.
    """

    text: str
    said: Mapping[str, Callable[[str, Language], str]] = field(default_factory=dict)


def _word(text: str, lang: Language) -> str:
    return lang(text) if text in WORDS else text


def _kind(name: str, lang: Language) -> str:
    return label(name, lang) if name in LABELS else name


WORDS = frozenset(
    {
        marked("heads"),
        marked("key/value heads"),
        marked("dims per head"),
        marked("plain dims per head"),
        marked("rotary dims per head"),
        marked("value dims per head"),
    }
)
"""What a config and the shapes may disagree about."""

CONSTANT = frozenset(
    {
        # verdict
        marked(
            "shapes differ, so only the index range common to both was compared; "
            "nothing follows for weights that were cut out or re-ordered"
        ),
        marked(
            "tensors of unknown role agree closely in value with tensors of equal "
            "shape, but no exact test applies to them"
        ),
        marked("no units of a usable symmetry were read in both models"),
        marked("fingerprints hold no values of tensors of unknown role"),
        marked("the registry holds nothing of its shape and seed"),
        marked("the two fingerprints were made with different seeds"),
        marked("found over all layers together; no single layer is beyond doubt"),
        marked(
            "decided by the sequential test before all layers were read; the others "
            "were not looked at"
        ),
        marked(
            "too few units: even a copy could not be told from chance at the level of "
            "an accusation"
        ),
        marked("rarer than chance alone, but not at the level of an accusation (1e-6)"),
        marked(
            "shares the residual stream of reused parts, which by itself pulls own "
            "weights into their basis; reuse of this module is not shown"
        ),
        marked(
            "its units correspond to the reference's once a relabelling is undone, far "
            "beyond every independent pair measured; no exact test covers this, so "
            "reuse is not proven"
        ),
        marked(
            "found after a relabelling was undone: units matched by other tensors "
            "agree in sign beyond chance"
        ),
        # comparison
        marked(
            "the order test matched the residual dims of the two widths, which leaves "
            "no relabelling of them to test with"
        ),
        marked(
            "positions are a fixed table, so relabelling the residual dims changes the "
            "function; tests that rest on it do not apply"
        ),
        marked("the symmetry of tensors of unknown role is not known"),
        # tests
        marked("no unit of this symmetry was found in both models"),
        marked("no exchangeable units were read in both models"),
        marked("no trained tensor of the residual stream was read in both models"),
        marked("no tensors of equal shape were read"),
        marked("exchange of pairs"),
        # alignment
        marked("no controls of this kind of network"),
        marked("all norm gains are exactly one, the reference's are not"),
        marked("no residual dim stands out, some of the reference's do"),
        marked("both sides of every neuron have the same length"),
        marked(
            "the lengths of a neuron's two sides stand in far wilder ratios than the "
            "reference's"
        ),
        marked(
            "matched neurons agree in magnitude while their signs fall like coins: "
            "signs were drawn anew"
        ),
        marked("identity"),
        marked("permutation of dims, from tokens"),
        marked("rotation, from tokens"),
        marked("rotation, without tokens"),
        # descriptions
        marked(
            "names are of no known family: roles were taken from shapes, gate and up "
            "are not told apart"
        ),
        marked("nothing tells the size of the heads: rows are kept as stored"),
    }
)
"""Texts without places."""

PATTERNS = (
    # verdict, comparison and tests
    Pattern(
        marked(
            "exact tests reject, but the element correlation {effect} is below the "
            "floor of {floor}"
        )
    ),
    Pattern(marked("{reference} has no {kind}"), {"kind": _kind}),
    Pattern(marked("rank among {count} relabellings")),
    # descriptions
    Pattern(
        marked("config says {said} {word}, the shapes say {found}"), {"word": _word}
    ),
    Pattern(
        marked(
            "config says {heads} heads of {dims} dims, which no shape fits: rows are "
            "kept as stored"
        )
    ),
    Pattern(
        marked(
            "{module}: {count} tensors have names that family {family} does not know, "
            "such as {example}"
        ),
        {"module": label},
    ),
    Pattern(
        marked(
            "names of {count} tensors were recognised by comparing values with "
            "{reference}"
        )
    ),
    # values
    Pattern(
        marked("{bad} of {size} values read are NaN or infinite and were taken as zero")
    ),
    # layout of a file
    Pattern(marked("{count} bytes before this tensor belong to no tensor")),
    Pattern(marked("{count} more ranges belong to no tensor")),
    Pattern(marked("{count} bytes follow the last tensor and belong to none")),
    Pattern(marked("{count} tensors have no elements: {names}")),
    # files of a folder
    Pattern(marked("one shard of {total} was named; the others were not read")),
    Pattern(marked("{count} of {total} shards of {name} are here")),
    Pattern(marked("{count} more files of this kind were left aside")),
    Pattern(marked("{name} was not used")),
    Pattern(marked("{name} holds weights that were not read")),
    # index of shards
    Pattern(marked("{count} more tensors: in the index but in no shard")),
    Pattern(marked("{count} more tensors: not in the shard that the index names")),
    Pattern(marked("{count} more tensors: in a shard but not in the index")),
    Pattern(marked("{name} is in the index but in no shard")),
    Pattern(marked("{name} is not in the shard that the index names")),
    Pattern(marked("{name} is in a shard but not in the index")),
)
"""Texts with places; the first that fits is taken."""


def say_reason(text: str, lang: Language) -> str:
    """A reason, note or problem in a language; an unknown one as it is."""
    return _said(text, lang) or text


def is_known(text: str, lang: Language) -> bool:
    """Whether a reason can be said in a language, so that it need not stay English."""
    return _said(text, lang) is not None


def _said(text: str, lang: Language) -> str | None:
    if lang == ENGLISH or text in CONSTANT:
        return lang(text)
    if len(text) > MAX_LENGTH:
        return None
    # Several reasons in one.
    first, semicolon, rest = text.partition("; ")
    if semicolon:
        said, more = _said(first, lang), _said(rest, lang)
        if said is not None and more is not None:
            return f"{said}; {more}"
    for pattern, expression in _expressions():
        match = expression.fullmatch(text)
        if match is not None:
            places = {
                name: pattern.said[name](value, lang) if name in pattern.said else value
                for name, value in match.groupdict().items()
            }
            return lang(pattern.text, **places)
    # A note about one module begins with its name.
    front, colon, rest = text.partition(": ")
    if colon and _is_module(front):
        said = _said(rest, lang)
        return None if said is None else f"{label(front, lang)}: {said}"
    return None


def _is_module(name: str) -> bool:
    stem, _, number = name.rpartition("_")
    return name in LABELS or (number.isdigit() and stem in LABELS)


@cache
def _expressions() -> tuple[tuple[Pattern, re.Pattern[str]], ...]:
    return tuple((p, expression(p.text)) for p in PATTERNS)


def expression(text: str) -> re.Pattern[str]:
    """Matches what a text becomes once its places are filled in."""
    pieces = re.split(r"\{(\w+)\}", text)
    source = "".join(
        f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece)
        for number, piece in enumerate(pieces)
    )
    return re.compile(source, re.DOTALL)
