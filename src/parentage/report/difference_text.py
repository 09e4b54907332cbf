# SPDX-License-Identifier: Apache-2.0
"""What a full scan says, the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parentage.report import format as fmt
from parentage.report import words
from parentage.report.difference_document import Counts, Diff, Group, Numbers
from parentage.report.language import Language, marked

MOST = 20
"""Tensors named where some cannot be compared; the document has them all."""

COLUMNS = (
    marked("Part"),
    marked("Tensors"),
    marked("Identical"),
    marked("Values changed"),
    marked("Cosine"),
    marked("Pearson"),
    marked("Relative L2"),
    marked("Norm ratio"),
    marked("Largest difference"),
)

GAINS_NOTE = marked(
    "Gains and biases of normalisations are left out of the numbers of modules and "
    "layers and stand in lines of their own. Their mean is far from zero in every "
    "model, so their cosine is high between unrelated models too: it is no evidence. "
    "Pearson, which takes the means away, stands beside it."
)
READING_NOTE = marked(
    "These numbers describe and judge nothing. Whether weights depend on each other is "
    "what `parentage audit` tests."
)

_REASONS = {
    "shape": marked("shapes differ"),
    "format": marked("a number format that is not decoded"),
}
_STATUS = {
    "only-in-a": marked("only in {name}"),
    "only-in-b": marked("only in {name}"),
}


def headline(doc: Diff, lang: Language) -> str:
    """One sentence about both models."""
    counts = doc.total.tensors
    if doc.identical:
        return lang(
            "{a} and {b} hold the same weights: all {count} tensors are identical.",
            a=doc.a.name,
            b=doc.b.name,
            count=fmt.whole(total(counts)),
        )
    if not doc.differs:
        return lang(
            "No difference was found, but not all weights of {a} and {b} could be "
            "compared.",
            a=doc.a.name,
            b=doc.b.name,
        )
    return lang(
        "{a} and {b} differ: {identical} of {count} tensors are identical.",
        a=doc.a.name,
        b=doc.b.name,
        identical=fmt.whole(counts.identical),
        count=fmt.whole(total(counts)),
    )


def counted(counts: Counts, doc: Diff, lang: Language) -> str:
    """How many tensors are the same, differ, or stand alone."""
    return lang(
        "{identical} identical, {different} different, {unfit} not comparable, "
        "{left} only in {a}, {right} only in {b}",
        identical=fmt.whole(counts.identical),
        different=fmt.whole(counts.different),
        unfit=fmt.whole(counts.not_comparable),
        left=fmt.whole(counts.only_in_a),
        right=fmt.whole(counts.only_in_b),
        a=doc.a.name,
        b=doc.b.name,
    )


def total(counts: Counts) -> int:
    """All tensors of a group."""
    return sum(counts.model_dump().values())


def rows(doc: Diff, lang: Language) -> Iterator[tuple[bool, list[str]]]:
    """Lines of the table: whether it is a module's own, and its cells."""
    for module in doc.modules:
        name = words.label(module.name, lang)
        yield True, _row(name, module, module.numbers)
        if module.norm_gains is not None:
            said = lang("its norm gains, together")
            yield False, [said, "", "", *_cells(module.norm_gains)]
        if len(module.layers) < 2:
            continue
        for layer in module.layers:
            said = lang("outside the layers")
            if layer.layer is not None:
                said = lang("layer {number}", number=layer.layer)
            yield False, _row(said, layer, layer.numbers)


def _row(name: str, group: Group, numbers: Numbers | None) -> list[str]:
    counts = group.tensors
    front = [name, fmt.whole(total(counts)), fmt.whole(counts.identical)]
    return [*front, *_cells(numbers)]


def _cells(numbers: Numbers | None) -> list[str]:
    if numbers is None:
        return ["–"] * 6
    return [
        fmt.share(numbers.changed, numbers.pairs),
        _near_one(numbers.cosine, numbers.one_minus_cosine),
        fmt.number(numbers.pearson, 4),
        small(numbers.relative_l2),
        fmt.number(numbers.norm_ratio, 4),
        small(numbers.max_abs_difference),
    ]


def _near_one(cosine: float | None, apart: float | None) -> str:
    """``0.9913``; near one, how far from it: ``1 - 2.1e-07``."""
    if cosine is None or apart is None or not 0 < apart < 5e-4:
        return fmt.number(cosine, 4)
    return f"1 - {apart:.1e}"


def small(value: float | None) -> str:
    """Four digits that count."""
    return "–" if value is None else f"{value:.4g}"


def not_finite(doc: Diff, lang: Language) -> list[str]:
    """Tensors that hold NaN or infinite values."""
    found = []
    for tensor in doc.tensors:
        numbers = tensor.numbers
        if numbers is None or not any((*numbers.nan, *numbers.infinite)):
            continue
        found.append(
            lang(
                "{name}: NaN {nan_a} and {nan_b}, infinite {inf_a} and {inf_b}",
                name=tensor.a or tensor.b,
                nan_a=numbers.nan[0],
                nan_b=numbers.nan[1],
                inf_a=numbers.infinite[0],
                inf_b=numbers.infinite[1],
            )
        )
    return found


def left_over(doc: Diff, lang: Language) -> list[str]:
    """Tensors that could not be compared, and why."""
    found = []
    for tensor in doc.tensors:
        name = tensor.a or tensor.b or ""
        if tensor.status in _STATUS:
            model = doc.a if tensor.status == "only-in-a" else doc.b
            reason = lang(_STATUS[tensor.status], name=model.name)
        elif tensor.reason is not None:
            reason = lang(_REASONS[tensor.reason])
            if tensor.reason == "shape":
                reason += f" ({_shape(tensor.shape_a)}, {_shape(tensor.shape_b)})"
            else:
                reason += f" ({tensor.dtype_a}, {tensor.dtype_b})"
        else:
            continue
        found.append(f"{name}: {reason}")
    return found


def _shape(shape: Sequence[int] | None) -> str:
    return "×".join(str(n) for n in shape or ()) or "1"


def shortened(lines: Sequence[str], lang: Language) -> list[str]:
    """The first lines, and how many more there are."""
    rest = len(lines) - MOST
    more = [lang("and {count} more; --json lists all", count=rest)] if rest > 0 else []
    return [*lines[:MOST], *more]
