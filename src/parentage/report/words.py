# SPDX-License-Identifier: Apache-2.0
"""Sentences: the same finding always in the same words, and never stronger."""

from __future__ import annotations

from collections.abc import Sequence

LABELS = {
    "text_decoder": "text decoder",
    "text_encoder": "text encoder",
    "vision_encoder": "vision encoder",
    "audio_encoder": "audio encoder",
    "projector": "projector",
    "embedding": "token embedding",
    "head": "output head",
    "unrecognised": "unrecognised tensors",
}

BLOCKS = {
    "attention": "attention",
    "cross_attention": "cross-attention",
    "mlp": "MLPs",
    "experts": "experts",
    "shared_experts": "shared experts",
    "router": "routers",
    "norms": "norms",
    "embedding": "embedding",
    "head": "output matrix",
    "projector": "projector",
    "other": "other tensors",
}


def label(module: str) -> str:
    """A module's name in plain words."""
    stem, _, number = module.rpartition("_")
    if number.isdigit() and stem in LABELS:
        return f"{LABELS[stem]} {number}"
    return LABELS.get(module, module.replace("_", " "))


def percent(share: float) -> str:
    """A share with enough digits for small modules not to vanish."""
    value = 100 * share
    if value == 0:
        return "0 %"
    digits = 2 if value >= 0.01 else 5
    return f"{value:.{digits}f} %"


def layers_text(layers: Sequence[tuple[int | None, int | None]]) -> str:
    """``layers 0–5`` or, where numbers moved, ``layers 3–5 (as 6–8 there)``."""
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
        texts.append(own if first == there else f"{own} (its {other})")
    single = len(pairs) == 1
    return ("layer " if single else "layers ") + ", ".join(texts)


def parts_text(
    parts: Sequence[tuple[str, Sequence[tuple[int | None, int | None]]]],
) -> str:
    """``attention and MLPs of layers 0–2; routers``: equal layers together."""
    grouped: dict[str, list[str]] = {}
    for block, layers in parts:
        grouped.setdefault(layers_text(layers), []).append(BLOCKS.get(block, block))
    texts = []
    for where, blocks in grouped.items():
        names = listing(blocks)
        texts.append(f"{names} of {where}" if where else names)
    return "; ".join(texts)


def listing(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def power_text(correlation: float | None, probability: float) -> str:
    """What would have been found."""
    if correlation is None:
        return "there are too few units to find anything"
    return (
        f"an element correlation of {correlation:.3f} or more would have been found "
        f"with probability {probability:g}"
    )


def module_sentence(
    module: str,
    finding: str,
    reference: str | None,
    where: str,
    *,
    whole: bool,
    power: str,
    reason: str | None,
) -> str:
    """One sentence for one module."""
    name = label(module)
    if finding == "identical":
        return f"The {name} is identical to that of {reference} in every value read."
    if finding == "reused":
        extent = "" if whole or not where else f" ({where})"
        return f"The {name} carries weights of {reference}{extent}."
    if finding == "correspondence":
        return (
            f"The {name} corresponds to that of {reference} more than chance explains, "
            f"without proof of reuse: {reason}."
        )
    if finding == "not-testable":
        return f"The {name} could not be tested: {reason}."
    limit = f" ({reason})" if reason else ""
    return f"No dependence of the {name} on any reference was found{limit}; {power}."


def headline(
    candidate: str,
    references: Sequence[str],
    *,
    accused: Sequence[tuple[str, str, str, float, str]],
    cleared: Sequence[str],
    untested: Sequence[str],
    unclear: Sequence[str],
) -> str:
    """One sentence (or a few) that can be quoted as it stands.

    Args:
        candidate: the model under test.
        references: the models it was held against.
        accused: (module, finding, reference, share, where) of reused modules; an
            empty ``where`` means all of it.
        cleared, untested, unclear: names of the other modules.
    """
    against = listing(list(references))
    sentences = []
    if accused:
        claims = [_claim(*item) for item in accused]
        sentences.append(f"In {candidate}, {listing(claims)}.")
        if cleared:
            sentences.append(f"No dependence was found in the {_labels(cleared)}.")
    elif cleared:
        where = f" in the {_labels(cleared)}" if untested or unclear else ""
        sentences.append(f"No dependence of {candidate} on {against} was found{where}.")
    elif not unclear:
        return f"{candidate} could not be tested against {against}."
    if unclear:
        sentences.append(
            "More agreement than chance explains, without proof of reuse, is in the "
            f"{_labels(unclear)}."
        )
    if untested:
        sentences.append(f"Not testable: the {_labels(untested)}.")
    return " ".join(sentences)


def _claim(module: str, finding: str, reference: str, share: float, where: str) -> str:
    extent = f", {where}" if where else ""
    name = f"the {label(module)} ({percent(share)} of parameters{extent})"
    if finding == "identical":
        return f"{name} is identical to that of {reference}"
    return f"{name} carries weights of {reference}"


def _labels(modules: Sequence[str]) -> str:
    return listing([label(m) for m in modules])
