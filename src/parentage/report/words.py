# SPDX-License-Identifier: Apache-2.0
"""Sentences: the same finding always in the same words, and never stronger.

Every function says English unless it is given another language.
"""

from __future__ import annotations

from collections.abc import Sequence

from parentage.report.language import ENGLISH, Language, marked

LABELS = {
    "text_decoder": marked("text decoder"),
    "text_encoder": marked("text encoder"),
    "vision_encoder": marked("vision encoder"),
    "audio_encoder": marked("audio encoder"),
    "projector": marked("projector"),
    "embedding": marked("token embedding"),
    "head": marked("output head"),
    "unrecognised": marked("unrecognised tensors"),
}

BLOCKS = {
    "attention": marked("attention"),
    "cross_attention": marked("cross-attention"),
    "mlp": marked("MLPs"),
    "experts": marked("experts"),
    "shared_experts": marked("shared experts"),
    "router": marked("routers"),
    "norms": marked("norms"),
    "embedding": marked("embedding"),
    "head": marked("output matrix"),
    "projector": marked("projector"),
    "other": marked("other tensors"),
}


def label(module: str, lang: Language = ENGLISH) -> str:
    """A module's name in plain words."""
    stem, _, number = module.rpartition("_")
    if number.isdigit() and stem in LABELS:
        return f"{lang(LABELS[stem])} {number}"
    return lang(LABELS[module]) if module in LABELS else module.replace("_", " ")


def block_label(block: str, lang: Language = ENGLISH) -> str:
    """A block's name in plain words."""
    return lang(BLOCKS[block]) if block in BLOCKS else block


def percent(share: float) -> str:
    """A share with enough digits for small modules not to vanish."""
    value = 100 * share
    if value == 0:
        return "0 %"
    digits = 2 if value >= 0.01 else 5
    return f"{value:.{digits}f} %"


def layers_text(
    layers: Sequence[tuple[int | None, int | None]], lang: Language = ENGLISH
) -> str:
    """``layers 0–5`` or, where numbers moved, ``layers 3–5 (its 6–8)``."""
    pairs = [(a, b) for a, b in layers if a is not None and b is not None]
    if not pairs:
        return ""
    runs: list[list[int]] = []
    for a, b in pairs:
        if runs and a == runs[-1][1] + 1 and b == runs[-1][3] + 1:
            runs[-1][1], runs[-1][3] = a, b
        else:
            runs.append([a, a, b, b])
    texts = []
    for first, last, there, there_last in runs:
        own = f"{first}" if first == last else f"{first}–{last}"
        other = f"{there}" if there == there_last else f"{there}–{there_last}"
        if first != there:
            own = lang("{own} (its {other})", own=own, other=other)
        texts.append(own)
    numbers = ", ".join(texts)
    if len(pairs) == 1:
        return lang("layer {numbers}", numbers=numbers)
    return lang("layers {numbers}", numbers=numbers)


def parts_text(
    parts: Sequence[tuple[str, Sequence[tuple[int | None, int | None]]]],
    lang: Language = ENGLISH,
) -> str:
    """``attention and MLPs of layers 0–2; routers``: equal layers together."""
    grouped: dict[str, list[str]] = {}
    for block, layers in parts:
        where = layers_text(layers, lang)
        grouped.setdefault(where, []).append(block_label(block, lang))
    texts = []
    for where, blocks in grouped.items():
        names = listing(blocks, lang)
        texts.append(
            lang("{blocks} of {layers}", blocks=names, layers=where) if where else names
        )
    return "; ".join(texts)


def listing(words: Sequence[str], lang: Language = ENGLISH) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    first = ", ".join(words[:-1])
    return lang("{first} and {last}", first=first, last=words[-1])


def power_text(
    correlation: float | None, probability: float, lang: Language = ENGLISH
) -> str:
    """What would have been found."""
    if correlation is None:
        return lang("there are too few units to find anything")
    return lang(
        "an element correlation of {correlation} or more would have been found "
        "with probability {probability}",
        correlation=f"{correlation:.3f}",
        probability=f"{probability:g}",
    )


SENTENCES = {
    "identical": marked(
        "The {name} is identical to that of {reference} in every value read."
    ),
    "reused": marked("The {name} carries weights of {reference}."),
    "reused in part": marked("The {name} carries weights of {reference} ({where})."),
    "correspondence": marked(
        "The {name} corresponds to that of {reference} more than chance explains, "
        "without proof of reuse: {reason}."
    ),
    "not-testable": marked("The {name} could not be tested: {reason}."),
    "no-dependence-found": marked(
        "No dependence of the {name} on any reference was found; {power}."
    ),
    "limited": marked(
        "No dependence of the {name} on any reference was found ({reason}); {power}."
    ),
}
"""What is said of a module with each finding."""


def module_sentence(
    module: str,
    finding: str,
    reference: str | None,
    where: str,
    *,
    whole: bool,
    power: str,
    reason: str | None,
    lang: Language = ENGLISH,
) -> str:
    """One sentence for one module.

    Args:
        module, finding, reference: as in the document.
        where: the reused parts in words, in the same language.
        whole: whether all of the module is reused, so that ``where`` says nothing.
        power: what would have been found, in the same language.
        reason: what limits the finding, in the same language.
        lang: the language.
    """
    kind = finding
    if finding == "reused" and where and not whole:
        kind = "reused in part"
    elif finding == "no-dependence-found" and reason:
        kind = "limited"
    return lang(
        SENTENCES[kind],
        name=label(module, lang),
        reference=reference,
        where=where,
        power=power,
        reason=reason,
    )


def headline(
    candidate: str,
    references: Sequence[str],
    *,
    accused: Sequence[tuple[str, str, str, float, str]],
    cleared: Sequence[str],
    untested: Sequence[str],
    unclear: Sequence[str],
    lang: Language = ENGLISH,
) -> str:
    """One sentence (or a few) that can be quoted as it stands.

    Args:
        candidate: the model under test.
        references: the models it was held against.
        accused: (module, finding, reference, share, where) of reused modules; an
            empty ``where`` means all of it.
        cleared, untested, unclear: names of the other modules.
        lang: the language, which ``where`` is said in already.
    """

    def labels(modules: Sequence[str]) -> str:
        return listing([label(m, lang) for m in modules], lang)

    against = listing(list(references), lang)
    sentences = []
    if accused:
        claims = listing([_claim(item, lang) for item in accused], lang)
        sentences.append(
            lang("In {candidate}, {claims}.", candidate=candidate, claims=claims)
        )
        if cleared:
            sentences.append(
                lang(
                    "No dependence was found in the {modules}.", modules=labels(cleared)
                )
            )
    elif cleared and (untested or unclear):
        sentences.append(
            lang(
                "No dependence of {candidate} on {references} was found in the "
                "{modules}.",
                candidate=candidate,
                references=against,
                modules=labels(cleared),
            )
        )
    elif cleared:
        sentences.append(
            lang(
                "No dependence of {candidate} on {references} was found.",
                candidate=candidate,
                references=against,
            )
        )
    elif not unclear:
        return lang(
            "{candidate} could not be tested against {references}.",
            candidate=candidate,
            references=against,
        )
    if unclear:
        sentences.append(
            lang(
                "More agreement than chance explains, without proof of reuse, is in "
                "the {modules}.",
                modules=labels(unclear),
            )
        )
    if untested:
        sentences.append(lang("Not testable: the {modules}.", modules=labels(untested)))
    return " ".join(sentences)


def _claim(
    item: tuple[str, str, str, float, str],
    lang: Language,
) -> str:
    module, finding, reference, share, where = item
    part = percent(share)
    size = (
        lang("{share} of parameters, {where}", share=part, where=where)
        if where
        else lang("{share} of parameters", share=part)
    )
    text = (
        marked("the {name} ({size}) is identical to that of {reference}")
        if finding == "identical"
        else marked("the {name} ({size}) carries weights of {reference}")
    )
    return lang(text, name=label(module, lang), size=size, reference=reference)
