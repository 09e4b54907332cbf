# SPDX-License-Identifier: Apache-2.0
"""Codes of a checked claim as sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from parentage.report.language import ENGLISH, Language, marked

if TYPE_CHECKING:
    from parentage.report.claim_document import ClaimDocument
    from parentage.verdict.claim_result import (
        CellResult,
        ControlResult,
        RateResult,
        Reason,
        Support,
        Trap,
    )

CELLS: Final = {
    "reproduces": (marked("reproduces"), "="),
    "cut-off": (marked("reproduces, digits dropped"), "="),
    "differs": (marked("does not reproduce"), "≠"),
    "not-checkable": (marked("cannot be checked"), "–"),
}
"""Outcome of a number -> (words, sign)."""

SUPPORTS: Final = {
    "can": marked("can carry the claim"),
    "cannot": marked("cannot carry the claim"),
    "unknown": marked("is not known to carry the claim"),
}

STATISTICS: Final = {
    "cosine": marked("cosine"),
    "pearson": marked("Pearson correlation"),
    "centred-cosine": marked("centred cosine"),
    "relative-l2": marked("relative L2 distance"),
    "mean-absolute-difference": marked("mean absolute difference"),
    "percentile-99-difference": marked("99th percentile of differences"),
    "sigma-correlation": marked("correlation of standard deviations over depth"),
    "equal-hash": marked("equality of hashes"),
    "jaccard": marked("Jaccard index"),
    "containment": marked("share contained"),
    "equal-ids": marked("equal ids"),
    "count": marked("count"),
    "equal-fields": marked("equal fields"),
    "value": marked("value"),
    "parameter-share": marked("share of parameters"),
    "cosine-distance": marked("cosine distance"),
    "jsd": marked("Jensen-Shannon divergence"),
    "p-value": marked("p-value"),
    "l2": marked("L2 distance"),
    "z": marked("z score"),
    "difference": marked("difference"),
}

SUBJECTS: Final = {
    "norm-gains": marked("norm gains"),
    "matrices": marked("weight matrices"),
    "all-tensors": marked("all tensors"),
    "router": marked("router weights"),
    "embeddings": marked("token embeddings"),
    "layers": marked("layers"),
    "tokenizer": marked("tokenizers"),
    "config": marked("settings"),
    "model": marked("a model"),
    "behaviour": marked("outputs"),
    "weights": marked("weights"),
}

KINDS: Final = {
    "shuffled": marked("one vector shuffled"),
    "random": marked("random numbers of equal mean and spread"),
    "mismatched": marked("other layers beside each other"),
    "independent": marked("independent models"),
    "positive": marked("a known descendant"),
}
"""Controls: what they compare."""

HOW: Final = {
    "shuffled": marked(
        "Shuffle one of the two vectors: a value that stays never depended on which "
        "element is which."
    ),
    "random": marked(
        "Draw random vectors of equal mean and spread: what they give needs no model."
    ),
    "mismatched": marked(
        "Put layers of different numbers beside each other: copied layers agree with "
        "their own number only."
    ),
    "independent": marked(
        "Measure a third model of the same size that neither team trained."
    ),
    "positive": marked(
        "Measure a model that is known to descend from the reference: the statistic "
        "must find it."
    ),
}
"""Controls: how a missing one is made."""

REASONS: Final = {
    "norm-gain-cosine": marked(
        "The cosine of norm gains is never evidence of descent: gains are positive and "
        "close to a common level, so vectors of unrelated models point the same way."
    ),
    "norm-gain-distance": marked(
        "The distance of norm gains is never evidence of descent: it measures the "
        "common level of the gains."
    ),
    "tensors-of-one-level": marked(
        "Gains and other tensors of one sign raise the mean cosine of all tensors "
        "between unrelated models too."
    ),
    "tokenizer": marked(
        "A tokenizer is never evidence about weights: anyone can train new weights "
        "with a given tokenizer."
    ),
    "architecture": marked("Equal settings are never evidence about weights."),
    "share": marked("How large a part is says nothing about where it comes from."),
    "one-model": marked("A number about one model alone compares nothing."),
    "behaviour": marked(
        "Outputs of unrelated models can be nearer than those of relatives: they may "
        "support a finding about weights, and never stand for one."
    ),
    "null-control": marked(
        "A control holds no value: {detail}. Without it nothing may be concluded."
    ),
    "false-positive-controls": marked(
        "Controls beside the claim reach the claimed value: {detail}."
    ),
    "false-positive-known-pairs": marked(
        "Models that are known to be independent reach the claimed value too often."
    ),
    "false-positive-benchmark": marked(
        "In the accuracy benchmark, too many independent pairs reach the claimed value."
    ),
    "miss-known-pairs": marked(
        "Known descendants score as low too often for a low value to show that there "
        "is no descent."
    ),
    "miss-benchmark": marked(
        "In the accuracy benchmark, too many descendants score as low."
    ),
    "positive-control-fails": marked(
        "A known descendant does not reach the claimed value: {detail}."
    ),
    "rate-not-known": marked("Its error rate at this value was never measured."),
    "rate-not-bounded": marked(
        "Too few known pairs were measured to bound its error rate by one in a hundred."
    ),
    "controls-missing": marked("Controls are missing."),
    "no-source": marked("no raw data are published for it"),
    "no-data": marked("the raw table is not at hand: {detail}"),
    "no-model": marked("the model was not given: {detail}"),
    "no-row": marked("no row of the table fits: {detail}"),
    "many-rows": marked("several rows of the table fit: {detail}"),
    "no-path": marked("the table holds nothing there: {detail}"),
    "not-a-number": marked("the table holds no finite number there: {detail}"),
    "nothing-to-divide-by": marked("the denominator is zero"),
    "no-tensor": marked("there is no such tensor: {detail}"),
    "too-large": marked("the tensor is too large to be read whole: {detail}"),
    "shapes": marked("the shapes differ: {detail}"),
    "layers": marked("these are no layers: {detail}"),
    "few-layers": marked("three layers are needed, not {detail}"),
    "no-function": marked("this statistic is not computed from weights: {detail}"),
    "no-module": marked("there is no such module: {detail}"),
    "constant": marked("the tensor is constant, so any two models share it: {detail}"),
    "no-merges": marked("a tokenizer states no merges: {detail}"),
}

TRAPS: Final = {
    "null-control": marked(
        "A control that failed in silence: {subject} holds no value at all. It was "
        "counted as evidence by being beside it."
    ),
    "wrong-centring": marked(
        "Wrong centring in {subject}: {printed} is what subtracting the constant "
        "{constant} gives. Subtracting each vector's own mean gives {pearson}."
    ),
    "centring-differs": marked(
        "In {subject} the centred cosine is {centred} and the Pearson correlation "
        "{pearson}. By definition they are the same number, so one of them was "
        "centred by something else than the mean."
    ),
    "cut-tensors": marked(
        "In the table {subject}, {rows} of {all} rows are tensors of different shapes; "
        "what is compared there is a part of them, or nothing."
    ),
    "control-beats-claim": marked(
        "A control reaches what is claimed, {subject}: {reached} of {values} values "
        "(mean {mean})."
    ),
    "shuffling-changes-nothing": marked(
        "In the table {subject}, the mean cosine is {cosine}; over all orders of the "
        "elements of one vector it would be {shuffled}. What is left once the means "
        "are subtracted is {pearson} ({rows} vectors)."
    ),
}

CAVEAT: Final = marked(
    "This page says what published numbers can and cannot show. It is no finding about "
    "the models, and says nothing of anyone's intent."
)


def statistic_words(kind: str, lang: Language = ENGLISH) -> str:
    """``statistic/subject`` as words."""
    statistic, _, subject = kind.partition("/")
    return lang(
        "{statistic} of {subject}",
        statistic=lang(STATISTICS.get(statistic, statistic)),
        subject=lang(SUBJECTS.get(subject, subject)),
    )


def reason_words(reason: Reason, lang: Language = ENGLISH) -> str:
    """A reason as a sentence or a part of one."""
    text = REASONS.get(reason.code)
    if text is None:
        return f"{reason.code} {reason.detail}".strip()
    detail = KINDS.get(reason.detail)
    return lang(text, detail=lang(detail) if detail else reason.detail)


def trap_words(trap: Trap, lang: Language = ENGLISH) -> str:
    """A trap with its numbers."""
    places = {name: number(value) for name, value in trap.numbers.items()}
    subject, _, kind = trap.subject.partition(": ")
    if kind in KINDS:
        subject = f"{subject}, {lang(KINDS[kind])}"
    elif kind:
        subject = trap.subject
    return lang(TRAPS[trap.code], subject=subject, **places)


def number(value: float | str | None) -> str:
    """Up to six significant digits; whole numbers as they are."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value if len(value) <= 20 else value[:16] + "…"
    if float(value).is_integer() and abs(value) < 1e12:
        return f"{int(value):,}"
    return f"{value:.6g}".replace("-", "−")


def percent(value: float) -> str:
    """A rate in per cent, never rounded to nothing or to all."""
    if 0 < value < 0.0001:
        return "< 0.01 %"
    if 0.9999 < value < 1:
        return "> 99.99 %"
    return f"{100 * value:.2f} %"


def rate_words(rate: RateResult, claimed: str, lang: Language = ENGLISH) -> str:
    """How often the statistic errs at the claimed value."""
    count = f"{rate.at_least:,}"
    if rate.at_most != rate.at_least:
        count = lang(
            "{least} to {most}", least=f"{rate.at_least:,}", most=f"{rate.at_most:,}"
        )
    texts = {
        ("controls", "false-positive"): marked(
            "Controls beside the claim, {title}: {count} of {trials} values reach "
            "{claimed}"
        ),
        ("known-pairs", "false-positive"): marked(
            "Known-independent pairs: {count} of {trials} reach {claimed}"
        ),
        ("known-pairs", "miss"): marked(
            "Known descendants: {count} of {trials} do not reach {claimed}"
        ),
        ("benchmark", "false-positive"): marked(
            "Accuracy benchmark, independent pairs: {count} of {trials} reach {claimed}"
        ),
        ("benchmark", "miss"): marked(
            "Accuracy benchmark, descendants: {count} of {trials} do not reach "
            "{claimed}"
        ),
    }
    said = lang(
        texts[rate.origin, rate.error],
        title=lang(KINDS.get(rate.title, rate.title)),
        count=count,
        trials=f"{rate.trials:,}",
        claimed=claimed,
    )
    bounds = lang(
        "95 % bounds {low} to {high}", low=percent(rate.low), high=percent(rate.high)
    )
    return f"{said} ({bounds})."


def control_words(control: ControlResult, lang: Language = ENGLISH) -> str:
    """What a control compares and what it holds."""
    kind = lang(KINDS[control.kind])
    title = control.title
    if control.origin == "moments":
        title = lang("computed from the means and deviations of the claim's own table")
    elif control.origin == "weights":
        title = lang("computed from the given models: {title}", title=title)
    if control.reason is not None:
        held = reason_words(control.reason, lang)
    elif control.silent:
        held = lang("no value at all")
    else:
        held = lang(
            "{values} values from {smallest} to {largest}, {reached} reach the claimed",
            values=control.values,
            smallest=number(control.smallest),
            largest=number(control.largest),
            reached=control.reached,
        )
    return f"{kind}: {title}: {held}"


def cell_words(cell: CellResult, lang: Language = ENGLISH) -> str:
    """How a number came out, with the reason where it could not be checked."""
    words = lang(CELLS[cell.outcome][0])
    if cell.reason is None:
        return words
    return f"{words}: {reason_words(cell.reason, lang)}"


def headline(document: ClaimDocument, lang: Language = ENGLISH) -> list[str]:
    """What a reader must know first: at most three sentences."""
    cells = document.judgement.cells
    total = sum(cells.values())
    differs, open_ = cells.get("differs", 0), cells.get("not-checkable", 0)
    checked = total - open_
    if differs:
        first = lang(
            "{count} of {checked} numbers that could be checked do not reproduce.",
            count=differs,
            checked=checked,
        )
    elif checked:
        first = lang(
            "All {checked} numbers that could be checked reproduce.", checked=checked
        )
    else:
        first = lang("None of the {total} numbers could be checked.", total=total)
    found = [first]
    if open_ and checked:
        found.append(lang("{count} cannot be checked.", count=open_))
    supports = document.judgement.supports
    if supports:
        found.append(_support_line(supports, lang))
    return found


def _support_line(supports: Iterable[Support], lang: Language) -> str:
    outcomes = {s.outcome for s in supports}
    worst = next(o for o in ("cannot", "unknown", "can") if o in outcomes)
    kinds = sorted({s.statistic for s in supports if s.outcome == worst})
    named = ", ".join(statistic_words(kind, lang) for kind in kinds)
    texts = {
        "cannot": marked("The claim cannot rest on this: {statistics}."),
        "unknown": marked(
            "Whether the claim can rest on this is not known: {statistics}."
        ),
        "can": marked("The claim can rest on this: {statistics}."),
    }
    return lang(texts[worst], statistics=named)


def says_words(support: Support, lang: Language = ENGLISH) -> str:
    """What a series is said to show, and at which value."""
    text = (
        marked("said to show descent at {claimed}")
        if support.says == "derived"
        else marked("read as a sign of no descent at {claimed}")
    )
    return lang(text, claimed=support.claimed_at)
