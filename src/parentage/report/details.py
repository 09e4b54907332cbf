# SPDX-License-Identifier: Apache-2.0
"""Further numbers of a test, in one line and in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language, marked
from parentage.report.plan_sequential import NAMES as SEQUENTIAL
from parentage.report.reasons import say_reason
from parentage.report.words import block_label

NAMES = frozenset(
    {
        marked("all units read"),
        marked("basis"),
        marked("blocks"),
        marked("bytes read of the reference"),
        marked("candidate units"),
        marked("common dims"),
        marked("controls"),
        marked("effective features"),
        marked("effective features in blocks"),
        marked("elements"),
        marked("fixed points"),
        marked("given"),
        marked("groups"),
        marked("heads"),
        marked("kurtosis of residual coordinates"),
        marked("largest control"),
        marked("layers"),
        marked("log10 p of blocks"),
        marked("log10 p of fixed points"),
        marked("log10 p of swap coins"),
        marked("norm gains"),
        marked("norm gains exactly one"),
        marked("p-value by"),
        marked("pairs of tensors compared"),
        marked("pearson"),
        marked("reference units"),
        marked("relative l2"),
        marked("share changed"),
        marked("spread of the balance of neurons"),
        marked("tensors"),
        marked("units"),
        marked("values compared"),
        marked("values equal"),
    }
)
"""Names of the numbers."""

UNITS = frozenset(
    {
        marked("GLU neuron"),
        marked("MLP neuron"),
        marked("MLP neuron (by shape)"),
        marked("expert"),
        marked("gate neuron"),
        marked("key-value latent"),
        marked("latent query-key dim"),
        marked("latent rotary pair"),
        marked("projector neuron"),
        marked("query latent"),
        marked("rotary pair"),
        marked("value dim"),
        marked("value row"),
    }
)
"""Names of the units that coins are taken of."""


def details_text(details: Mapping[str, object], lang: Language = ENGLISH) -> str:
    """Further numbers of a test in one line.

    Args:
        details: number or text by name, or by unit within a name.
        lang: the language; names it does not know stay English.

    Rows of named numbers are left to the JSON document.
    """
    texts = []
    for key, value in details.items():
        if isinstance(value, Mapping):
            texts += [
                f"{_unit(str(name), lang)} {_plain(inner, lang)}"
                for name, inner in value.items()
            ]
        elif not _is_table(value):
            name = lang(key) if key in NAMES or key in SEQUENTIAL else key
            texts.append(f"{name} {_plain(value, lang, _beside)}")
    return "; ".join(texts)


def _is_table(value: object) -> bool:
    """Whether a value is rows of named numbers, which only programs read."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    return any(isinstance(row, Mapping) for row in value)


def _unit(name: str, lang: Language) -> str:
    """``mlp: GLU neuron``: the block and its units, both in words."""
    block, colon, unit = name.partition(": ")
    if not colon or unit not in UNITS or lang == ENGLISH:
        return name
    return f"{block_label(block, lang)}: {lang(unit)}"


def _of(part: str, total: str, lang: Language) -> str:
    return lang("{part} of {total}", part=part, total=total)


def _beside(own: str, other: str, lang: Language) -> str:
    """The candidate's number beside the reference's."""
    return lang("{candidate} against {reference}", candidate=own, reference=other)


def _plain(
    value: object,
    lang: Language,
    pair: Callable[[str, str, Language], str] = _of,
) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return lang("true") if value else lang("false")
    if isinstance(value, int | float):
        return fmt.number(value)
    if isinstance(value, str):
        return lang(value) if value in UNITS else say_reason(value, lang)
    if isinstance(value, Sequence):
        texts = [_plain(v, lang) for v in value]
        two = len(texts) == 2
        return pair(texts[0], texts[1], lang) if two else ", ".join(texts)
    return str(value)
