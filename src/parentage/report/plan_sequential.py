# SPDX-License-Identifier: Apache-2.0
"""What a sequential audit says of a module: when it was decided, what that saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language, marked

if TYPE_CHECKING:
    from parentage.report.document import EvidenceItem, ModuleResult

METHOD = "sequential"

NAMES = frozenset(
    {
        marked("bytes planned of candidate"),
        marked("bytes planned of reference"),
        marked("bytes read of candidate"),
        marked("bytes read of reference"),
        marked("copies left out"),
        marked("decided"),
        marked("element correlation"),
        marked("layers read"),
        marked("log10 e needed"),
    }
)
"""Names of the further numbers of a sequential test, beside those of other tests."""


def sequential_lines(module: ModuleResult, lang: Language = ENGLISH) -> list[str]:
    """One line for every reference that a module was held against in stages."""
    return [_line(e, lang) for e in module.evidence if e.method == METHOD]


def _line(item: EvidenceItem, lang: Language) -> str:
    details = item.details

    def number(name: str) -> int:
        return int(float(str(details.get(name, 0))))

    places = {
        "reference": item.reference,
        "read": number("layers read"),
        "layers": number("layers"),
        "e": _power(item.value),
        "needed": _power(float(str(details.get("log10 e needed", 0)))),
        "coins": fmt.whole(item.n),
    }
    if not details.get("decided"):
        return lang(
            "{reference}: not decided early: e-value {e} after {coins} coins of all "
            "{layers} layers, {needed} needed; read in full",
            **places,
        )
    planned = number("bytes planned of candidate"), number("bytes planned of reference")
    read = number("bytes read of candidate"), number("bytes read of reference")
    return lang(
        "{reference}: decided after {read} of {layers} layers: e-value {e} after "
        "{coins} coins, {needed} needed; {saved} of {planned} planned for both models "
        "not read",
        saved=fmt.byte_size(max(0, sum(planned) - sum(read)), lang),
        planned=fmt.byte_size(sum(planned), lang),
        **places,
    )


def _power(log10_e: float | None) -> str:
    """``10^8.0``: an e-value given as its ``log10``; it may be below one, too."""
    return f"10^{log10_e or 0.0:.1f}"
