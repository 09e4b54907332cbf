# SPDX-License-Identifier: Apache-2.0
"""What the terminal and the page say alike about an architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from parentage.report import format as fmt
from parentage.report import lineage_words as say
from parentage.report.language import ENGLISH, Language

if TYPE_CHECKING:
    from parentage.report.lineage_architecture import ArchitectureInfo, FieldItem

NO_WEIGHT: Final = 0.05
"""Below so many bits, rarity rounds to nothing."""


def weightless(row: FieldItem) -> bool:
    """Whether a field agrees without its agreement saying anything."""
    return row.relation == "equal" and row.bits < NO_WEIGHT


def architecture_notes(info: ArchitectureInfo, lang: Language = ENGLISH) -> list[str]:
    """Parameters, contradictions and unusable values of a model, one line each."""
    texts = []
    for component in info.components:
        count = component.count
        kind = say.table_word(say.COMPONENTS, component.kind, lang)
        if count.total is None:
            texts.append(
                lang(
                    "{component}: parameters not counted ({reason})",
                    component=kind,
                    reason=count.reason or "",
                )
            )
            continue
        texts.append(
            lang(
                "{component}: {total} parameters by its fields, {active} active for a "
                "token",
                component=kind,
                total=fmt.whole(count.total),
                active=fmt.whole(count.active or 0),
            )
        )
    if info.stored is not None and info.stored.counted is not None:
        stored, counted = info.stored.total, info.stored.counted
        text = (
            lang("the tensors hold as many: {stored}", stored=fmt.whole(stored))
            if stored == counted
            else lang(
                "the tensors of the text model hold {stored}; {difference} against the "
                "count",
                stored=fmt.whole(stored),
                difference=f"{stored - counted:+,}",
            )
        )
        texts.append(text)
    texts += [
        lang(
            "contradiction: {field} is {stated} in the config and {shapes} by the "
            "shapes of the tensors",
            field=one.field,
            stated=say.value_text(one.stated),
            shapes=say.value_text(one.shapes),
        )
        for one in info.contradictions
    ]
    texts += [
        lang(
            "unusable value: {key} holds {found}, expected {expected}",
            key=one.key,
            found=one.found,
            expected=one.expected,
        )
        for one in info.problems
    ]
    return texts
