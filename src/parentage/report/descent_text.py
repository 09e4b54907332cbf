# SPDX-License-Identifier: Apache-2.0
"""Descriptions of descent in sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from parentage.report import words
from parentage.report.language import ENGLISH, Language, marked

if TYPE_CHECKING:
    from parentage.report.descent_document import DescentItem, MixtureItem
    from parentage.report.descent_explain import AlignedView

METHODS = {
    "linear": marked("weighted mean"),
    "spherical": marked("spherical interpolation (SLERP)"),
    "ties": marked("merge of the largest changes (TIES)"),
    "dare": marked("merge with changes dropped at random (DARE)"),
}

EXTENTS = {
    "none": marked("not at all"),
    "light": marked("lightly"),
    "moderate": marked("moderately"),
    "heavy": marked("heavily"),
}

DIRECTIONS = {
    "weights-are-symmetric": marked(
        "Which of the two came first cannot be seen from the weights."
    ),
    "rounding-cannot-be-undone": marked(
        "The candidate is the later one: rounding cannot be undone, and the reference "
        "is not rounded."
    ),
    "dates-candidate-later": marked(
        "The candidate ({own}) was published later than {reference} ({other}), by the "
        "dates that were given; the weights do not say who came first."
    ),
    "dates-candidate-earlier": marked(
        "{reference} ({other}) was published later than the candidate ({own}), by the "
        "dates that were given: if one descends from the other, it is the reference. "
        "The weights do not say who came first."
    ),
    "lies-between-its-parents": marked(
        "The candidate is the later one: it lies between its parents; any of them "
        "would have to be an exact extrapolation of the others."
    ),
}

NOTES = {
    "parents-too-alike": marked(
        "Two of the parents changed in almost the same way, so the split between them "
        "is uncertain."
    ),
}

SHOWN = 0.005
"""Weights below this are not named."""


def headline(item: DescentItem, lang: Language = ENGLISH) -> str:
    """One sentence: the kind of descent of a module."""
    module = words.label(item.module, lang)
    return f"{module}: {_SAID[item.kind](item, lang)}"


def _identical(item: DescentItem, lang: Language) -> str:
    return lang(
        "every value read is the same as in {reference}.", reference=item.nearest
    )


def _passthrough(item: DescentItem, lang: Language) -> str:
    sources = dict.fromkeys(r for s in item.sources for r in s.references)
    return lang(
        "put together layer by layer from {references}, unchanged.",
        references=", ".join(sources),
    )


def _quantised(item: DescentItem, lang: Language) -> str:
    found = item.quantised
    return lang(
        "a copy of {reference}, rounded to {scheme}.",
        reference=item.nearest,
        scheme=scheme(found.scheme, found.group, lang) if found else "",
    )


def _merge(item: DescentItem, lang: Language) -> str:
    found = item.mixture
    return lang(
        "{method} of {parents}.",
        method=lang(METHODS.get(found.method, "")) if found else "",
        parents=parents(found, lang) if found else "",
    )


def _low_rank(item: DescentItem, lang: Language) -> str:
    return lang(
        "differs from {reference} by an update of rank {rank} (of {full} possible), "
        "as adapters (LoRA) leave it.",
        reference=item.nearest,
        rank=item.ranks.rank if item.ranks else "",
        full=item.ranks.full if item.ranks else "",
    )


def _remainder(item: DescentItem, lang: Language) -> str:
    found = item.remainder
    if found is None or found.sign == "dropped-changes":
        return lang(
            "values of {reference} beside changes that no listed model explains.",
            reference=found.reference if found else item.nearest,
        )
    return lang(
        "holds {share} of {reference} everywhere alike, and something that no listed "
        "model explains.",
        share=_percent(found.share),
        reference=found.reference,
    )


def _trained(item: DescentItem, lang: Language) -> str:
    return lang(
        "differs from {reference} {extent}, as training leaves it: by {percent} of its "
        "size.",
        reference=item.nearest,
        extent=lang(EXTENTS[item.extent or "none"]),
        percent=_percent(item.changes[0].relative if item.changes else 0.0),
    )


def _not_described(item: DescentItem, lang: Language) -> str:
    return lang("not described: {reason}.", reason=lang(item.reason or ""))


_SAID: Final[dict[str, Callable[[DescentItem, Language], str]]] = {
    "identical": _identical,
    "passthrough": _passthrough,
    "quantised": _quantised,
    "merge": _merge,
    "low-rank": _low_rank,
    "merge-with-remainder": _remainder,
    "trained": _trained,
    "not-described": _not_described,
}

NOT_READ = marked("no tensors of equal shape were read")


def details(item: DescentItem, lang: Language = ENGLISH) -> list[str]:
    """Further sentences, the most useful first."""
    rows: list[str] = []
    if item.remainder is not None:
        rows.append(
            lang(
                "Left over: {percent} of the change; rounding leaves {floor}. An "
                "unlisted parent of a merge would leave this; so would added noise.",
                percent=_percent(item.remainder.unexplained),
                floor=_percent(item.remainder.floor),
            )
        )
    if item.mixture is not None and item.mixture.base is not None:
        rows.append(
            lang(
                "Changes are counted from {base}; {percent} of the values are "
                "explained to the last stored digit.",
                base=item.mixture.base,
                percent=_percent(item.mixture.explained or 0.0),
            )
        )
    if item.quantised is not None:
        rows.append(
            lang(
                "Distance in units of what rounding leaves: {list}.",
                list=", ".join(
                    f"{c.reference} {c.residual:.2f}" for c in item.quantised.candidates
                ),
            )
        )
    if item.kind == "trained" and item.changes and item.changes[0].frozen > 0:
        rows.append(
            lang(
                "{percent} of its tensors are unchanged.",
                percent=_percent(item.changes[0].frozen),
            )
        )
    rows += [
        lang(
            "Of what leads from {anchor} to {reference}, a share of {share} ({low} to "
            "{high}) is there. Averaging with a model that is not listed leaves such a "
            "share, and so does similar training; the weights do not tell which.",
            anchor=item.nearest,
            reference=s.reference,
            share=f"{s.weight:.2f}",
            low=f"{s.low:.2f}",
            high=f"{s.high:.2f}",
        )
        for s in item.open_shares
    ]
    rows += [lang(NOTES[n]) for n in item.notes if n in NOTES]
    if item.dates or item.kind not in ("identical", "not-described"):
        own, other = item.dates or ("", "")
        rows.append(
            lang(
                DIRECTIONS[item.direction_reason],
                reference=item.nearest or "",
                own=own,
                other=other,
            )
        )
    return rows


def parents(mixture: MixtureItem, lang: Language = ENGLISH) -> str:
    """Parents with weights and intervals in one line."""
    rows = [
        lang(
            "{weight} {reference} ({low} to {high})",
            weight=f"{p.weight:.3f}",
            reference=p.reference,
            low=f"{p.low:.3f}",
            high=f"{p.high:.3f}",
        )
        for p in sorted(mixture.parents, key=lambda p: -p.weight)
        if abs(p.weight) >= SHOWN
    ]
    return ", ".join(rows)


def aligned_text(view: AlignedView, lang: Language = ENGLISH) -> str:
    """How many neurons were matched, in which basis, and how far the rest agrees."""
    return lang(
        "{place}: {matched} of {units} neurons were matched (basis: {basis}), "
        "{in_place} of them with the neuron of the same number; correlation of what "
        "took no part in the matching: {effect}.",
        place=_place(view, lang),
        matched=view.matched,
        units=view.units,
        basis=lang(view.basis),
        in_place=view.in_place,
        effect=f"{view.effect:+.3f}",
    )


def _place(view: AlignedView, lang: Language) -> str:
    if view.expert is None and view.reference_expert is None:
        return lang(
            "layer {layer} against layer {other}",
            layer=view.layer,
            other=view.reference_layer,
        )
    return lang(
        "layer {layer}, expert {expert} against layer {other}, expert {other_expert}",
        layer=view.layer,
        expert="–" if view.expert is None else view.expert,
        other=view.reference_layer,
        other_expert="–" if view.reference_expert is None else view.reference_expert,
    )


def scheme(name: str, group: int, lang: Language = ENGLISH) -> str:
    """A grid in words."""
    if name.startswith("fp8"):
        return lang("eight-bit floats ({name})", name=name.removeprefix("fp8-").upper())
    bits = name.removeprefix("int")
    if group:
        return lang("{bits}-bit integers in groups of {group}", bits=bits, group=group)
    return lang("{bits}-bit integers, one scale a row", bits=bits)


def _percent(share: float) -> str:
    value = 100 * share
    return f"{value:.1f} %" if value >= 0.1 else f"{value:.2g} %"
