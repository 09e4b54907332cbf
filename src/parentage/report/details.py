# SPDX-License-Identifier: Apache-2.0
"""Further numbers of a test, in one line and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language, marked
from parentage.report.reasons import say_reason
from parentage.report.words import block_label

NAMES = frozenset(
    {
        marked("blocks"),
        marked("candidate units"),
        marked("effective features"),
        marked("effective features in blocks"),
        marked("elements"),
        marked("fixed points"),
        marked("groups"),
        marked("layers"),
        marked("log10 p of blocks"),
        marked("log10 p of fixed points"),
        marked("log10 p of swap coins"),
        marked("p-value by"),
        marked("pairs of tensors compared"),
        marked("pearson"),
        marked("reference units"),
        marked("relative l2"),
        marked("share changed"),
        marked("tensors"),
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
            name = lang(key) if key in NAMES else key
            texts.append(f"{name} {_plain(value, lang)}")
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


def _plain(value: object, lang: Language) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return fmt.number(value)
    if isinstance(value, str):
        return say_reason(value, lang)
    if isinstance(value, Sequence):
        texts = [_plain(v, lang) for v in value]
        if len(texts) == 2:
            return lang("{part} of {total}", part=texts[0], total=texts[1])
        return ", ".join(texts)
    return str(value)
