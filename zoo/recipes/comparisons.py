# SPDX-License-Identifier: Apache-2.0
"""Which pairs are worth comparing, and the true answer for each module.

The answers are derived from the parentage in :mod:`zoo.recipes.plan`: a module is
reused where both models have an ancestor in common for it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from torch import Tensor
from zoo.recipes.plan import PLAN, Inheritance

PAIRS: dict[tuple[str, str], str] = {
    ("decoder-b", "decoder-a"): (
        "Innocent: same data, same order and same tokenizer, but another seed."
    ),
    ("decoder-a-finetuned", "decoder-a"): "A short fine-tune at a low learning rate.",
    ("decoder-a-continued", "decoder-a"): (
        "Trained on for as long again, on other data, at the full learning rate."
    ),
    ("decoder-a-finetuned", "decoder-b"): "A fine-tune against an unrelated model.",
    ("decoder-a-continued", "decoder-a-finetuned"): "Two descendants of one parent.",
    ("vlm-frozen", "vlm-donor"): (
        "Decoder and projector are its own, the vision encoder is a frozen copy."
    ),
    ("vlm-tuned", "vlm-donor"): (
        "Decoder and projector are its own, the copied vision encoder was trained on."
    ),
    ("vlm-cured", "vlm-donor"): (
        "Same architecture, every module trained from its own initialisation."
    ),
    ("vlm-cured", "vlm-frozen"): "The cured model against one with a copied encoder.",
    ("moe-b", "moe-a"): "Innocent: every hyper-parameter is shared, no weight is.",
    ("decoder-half", "decoder-a"): (
        "The first half of the layers is taken, all the rest is its own."
    ),
    ("decoder-half", "decoder-b"): "The half-taken model against an unrelated one.",
}


def modules(model: str) -> tuple[str, ...]:
    """Names of the modules of a bundled model."""
    text = ("text_decoder", "embedding", "head")
    return ("vision_encoder", "projector", *text) if "vlm" in model else text


def _links(model: str, module: str) -> list[Inheritance]:
    """From a model up to its first ancestor, for one module."""
    planned = next(p for p in PLAN if p.name == model)
    link = next((i for i in planned.parentage if i.module == module), None)
    return [] if link is None else [link, *_links(link.parent, module)]


def truth(
    candidate: str, reference: str, module: str
) -> tuple[str, tuple[int, ...] | None]:
    """The true answer for one module: its word, and its layers where partial."""
    ours, theirs = _links(candidate, module), _links(reference, module)
    if {candidate, *(i.parent for i in ours)}.isdisjoint(
        {reference, *(i.parent for i in theirs)}
    ):
        return "independent", None
    links = ours + theirs
    word = "identical" if all(i.relation == "frozen copy" for i in links) else "reused"
    return word, next((i.layers for i in links if i.layers), None)


def norm_gain_cosine(candidate: Path, reference: Path) -> float:
    """Mean cosine of same-named norm gains of the text decoders."""
    ours = load_file(candidate / "model.safetensors")
    theirs = load_file(reference / "model.safetensors")

    def cosine(a: Tensor, b: Tensor) -> float:
        x, y = a.double().numpy(), b.double().numpy()
        return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))

    names = [n for n in ours if n.endswith("norm.weight") and "vision" not in n]
    return float(np.mean([cosine(ours[name], theirs[name]) for name in names]))


def rows(models: Path) -> list[dict[str, object]]:
    """The manifest's comparisons between the models that exist."""
    result = []
    for (candidate, reference), why in PAIRS.items():
        if not all(
            (models / m / "config.json").exists() for m in (candidate, reference)
        ):
            continue
        answers = {m: truth(candidate, reference, m) for m in modules(candidate)}
        row: dict[str, object] = {
            "candidate": candidate,
            "reference": reference,
            "why": why,
            "truth": {m: word for m, (word, _) in answers.items()},
        }
        partial = {m: list(layers) for m, (_, layers) in answers.items() if layers}
        if partial:
            row["layers"] = partial
        cosine = norm_gain_cosine(models / candidate, models / reference)
        row["norm_gain_cosine"] = round(cosine, 6)
        result.append(row)
    return result
