# SPDX-License-Identifier: Apache-2.0
"""Cases: a candidate, the references that are listed, and what the recipe did.

Merges with other shares and densities than the zoo's, quantised copies of siblings and
passthrough merges are made here from the zoo's models; they need no training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from zoo.full.descend import OTHERS, PARENTS
from zoo.full.pairs import split
from zoo.full.trained import THIRD, siblings
from zoo.transforms import merge, quantise
from zoo.transforms.weights import Array, Weights, layer_of, load, store

STRANGER = "llama-seed-7"


@dataclass(frozen=True)
class Case:
    """One question.

    Attributes:
        question: ``weights``, ``remainder``, ``quantised``, ``adapter``,
            ``passthrough`` or ``ordinary``.
        kind: what was done, in words.
        candidate, references: names in the zoo (or of what was made).
        truth: weights, or the true parent's name under ``parent``.
    """

    question: str
    kind: str
    candidate: str
    references: tuple[str, ...]
    truth: dict[str, float | str] = field(default_factory=dict)

    @property
    def part(self) -> str:
        """``choose`` for a quarter of the cases, ``held-back`` for the others."""
        return split(self.candidate, "+".join(self.references))


def effective(
    models: Sequence[Weights], base: Weights, density: float
) -> dict[str, Array]:
    """Coefficients that TIES applied: (parents, elements) for each tensor."""
    found = {}
    for name, start in base.tensors.items():
        changes = np.stack([m.tensors[name] - start for m in models]).astype(float)
        kept = np.stack([merge._trim(c, density) for c in changes])
        sign = np.sign(kept.sum(0))
        agree = (np.sign(kept) == sign) & (kept != 0)
        found[name] = agree / np.maximum(agree.sum(0), 1)
    return found


def ties_truth(
    zoo: Path, base: str, parents: Sequence[str], density: float
) -> dict[str, float | str]:
    """Effective weights of TIES over the matrices and vectors of the layers.

    The average of the coefficients that the recipe gave a parent's change, over all
    elements, weighed by the squared change.
    """
    start = load(zoo / base)
    models = [load(zoo / p) for p in parents]
    applied = effective(models, start, density)
    top, total = np.zeros(len(parents)), np.zeros(len(parents))
    for name, row in applied.items():
        if layer_of(name) is None and name != "model.norm.weight":
            continue
        squared = np.stack([m.tensors[name] - start.tensors[name] for m in models]) ** 2
        axes = tuple(range(1, squared.ndim))
        top += (row * squared).sum(axes)
        total += squared.sum(axes)
    return dict(zip(parents, (top / total).tolist(), strict=True))


def cases(zoo: Path, made: Path) -> Iterator[Case]:
    """All cases of one zoo; what is not in it is written to ``made``."""
    for number, parent in enumerate(PARENTS):
        yield from _merges(zoo, parent)
        yield from _made_merges(zoo, made, number, parent)
        yield from _made_copies(zoo, made, parent)
    for parent in OTHERS:
        yield from _stored(parent)
    yield from ordinary()


def _slerp(parents: Sequence[str]) -> dict[str, float | str]:
    if len(parents) == 2:
        return dict.fromkeys(parents, 0.5)
    return dict(zip(parents, (0.25, 0.25, 0.5), strict=True))


def _merges(zoo: Path, parent: str) -> Iterator[Case]:
    children = siblings(parent)
    groups = {
        "two-siblings": children[:2],
        "three-siblings": children,
        "sibling-and-independent": [children[0], STRANGER],
    }
    for what, parents in groups.items():
        for method in ("linear", "slerp", "ties", "dare"):
            name = f"{parent}-{method}-{what}"
            kind = f"{method} of {what.replace('-', ' ')}"
            truth: dict[str, float | str] = dict.fromkeys(parents, 1 / len(parents))
            if method == "ties":
                truth = ties_truth(zoo, parent, parents, 0.5)
            elif method == "slerp":
                truth = _slerp(parents)
            yield Case("weights", kind, name, (parent, *parents), truth)
            if method in ("linear", "slerp"):
                yield Case("weights", f"{kind}, no base", name, tuple(parents), truth)
            for gone in parents:
                left = tuple(p for p in parents if p != gone)
                yield Case("remainder", kind, name, (parent, *left))
            if what == "sibling-and-independent":
                for only in parents:
                    yield Case("remainder", f"{kind}, one listed", name, (only,))


def _made_merges(zoo: Path, made: Path, number: int, parent: str) -> Iterator[Case]:
    base = load(zoo / parent)
    names = siblings(parent)
    children = [load(zoo / n) for n in names]
    for shares in ((0.3, 0.7), (0.85, 0.15), (0.5, 0.3, 0.2)):
        used, short = children[: len(shares)], "-".join(f"{s:g}" for s in shares)
        merged = merge.linear(used, shares=shares)
        name = _write(merged, made, f"{parent}-linear-{short}")
        truth: dict[str, float | str] = dict(zip(names, shares, strict=False))
        yield Case("weights", "linear, other shares", name, (parent, *truth), truth)
        for gone in truth:
            left = tuple(n for n in truth if n != gone)
            yield Case("remainder", "linear, other shares", name, (parent, *left))
    for share in (0.25, 0.7):
        merged = merge.slerp([children[0], load(zoo / STRANGER)], share=share)
        name = _write(merged, made, f"{parent}-slerp-{share}-stranger")
        truth = {names[0]: 1 - share, STRANGER: share}
        yield Case("weights", "slerp, other shares", name, tuple(truth), truth)
        merged = merge.slerp(children[:2], share=share)
        name = _write(merged, made, f"{parent}-slerp-{share}")
        truth = {names[0]: 1 - share, names[1]: share}
        yield Case("weights", "slerp, other shares", name, (parent, *truth), truth)
    for density in (0.2, 0.8):
        merged = merge.ties(children[:2], base=base, density=density)
        name = _write(merged, made, f"{parent}-ties-{density}")
        truth = ties_truth(zoo, parent, names[:2], density)
        yield Case("weights", "ties, other densities", name, (parent, *truth), truth)
        merged = merge.dare(
            children[:2], base=base, seed=7000 + number, density=density
        )
        name = _write(merged, made, f"{parent}-dare-{density}")
        truth = dict.fromkeys(names[:2], 0.5)
        yield Case("weights", "dare, other densities", name, (parent, *truth), truth)
    first, second = children[:2]
    mixed = first.map(
        lambda name, a: second.tensors[name] if (layer_of(name) or 0) > 2 else a
    )
    name = _write(mixed, made, f"{parent}-passthrough")
    yield Case("passthrough", "layers 0-2 and 3-5", name, (parent, *names))


def _made_copies(zoo: Path, made: Path, parent: str) -> Iterator[Case]:
    names = siblings(parent)
    kin = (parent, *names)
    for source in names:
        model = load(zoo / source)
        copies = {
            "4-bit, groups of 32": quantise.round_to_nearest(model, bits=4),
            "4-bit, one scale a row": quantise.round_to_nearest(
                model, bits=4, group=1 << 20
            ),
            "8-bit, groups of 32": quantise.round_to_nearest(model, bits=8),
            "8-bit, one scale a row": quantise.round_to_nearest(
                model, bits=8, group=1 << 20
            ),
            "3-bit, groups of 32": quantise.round_to_nearest(model, bits=3),
            "fp8": quantise.fp8(model),
            "fp8 dequantised": quantise.fp8(model, stored=False),
        }
        for kind, copied in copies.items():
            short = kind.replace(",", "").replace(" ", "-")
            name = _write(copied, made, f"{source}-{short}")
            yield Case("quantised", kind, name, kin, {"parent": source})


def _write(model: Weights, made: Path, name: str) -> str:
    if not (made / name).exists():
        store(model, made / name)
    return name


def _stored(parent: str) -> Iterator[Case]:
    kin = [
        parent,
        *(f"{parent}-{k}" for k in ("preference", "lora-4", "lora-64", "heavy")),
    ]
    for word in ("4-bit", "8-bit", "fp8", "fp8-dequantised"):
        name = f"{parent}-{word}"
        yield Case("quantised", word, name, tuple(kin), {"parent": parent})
    for rank in (4, 64):
        name = f"{parent}-lora-{rank}"
        yield Case("adapter", f"lora r={rank}", name, (parent,), {"rank": float(rank)})


def ordinary() -> Iterator[Case]:
    """Descendants that were trained on, each beside its kin: nothing was merged."""
    for parent in PARENTS:
        children = siblings(parent)
        for child in children:
            kin = [c for c in children if c != child]
            yield Case("ordinary", "light fine-tune", child, (parent,))
            yield Case("ordinary", "light fine-tune", child, (parent, *kin))
            for other in kin:
                yield Case("ordinary", "light fine-tune", child, (parent, other))
        for change in (
            "extended",
            "retokenized",
            "pruned-layers",
            "upscaled",
            "upcycled",
            "upcycled-noisy",
            "took-half",
            "took-attention",
            "took-mlp",
            "took-layer",
        ):
            name = f"{parent}-{change}"
            yield Case("ordinary", change, name, (parent,))
            yield Case("ordinary", change, name, (parent, children[0]))
    for parent in OTHERS:
        kinds = ("heavy", "preference", "lora-4", "lora-64")
        for kind in kinds:
            name = f"{parent}-{kind}"
            kin = [f"{parent}-{k}" for k in kinds if k != kind]
            yield Case("ordinary", kind, name, (parent,))
            yield Case("ordinary", kind, name, (parent, *kin))
            for other in kin:
                yield Case("ordinary", kind, name, (parent, other))
    for parent in THIRD:
        for kind, other in (("1x", "5x"), ("5x", "1x")):
            name, beside = f"{parent}-continued-{kind}", f"{parent}-continued-{other}"
            yield Case("ordinary", f"continued {kind}", name, (parent,))
            yield Case("ordinary", f"continued {kind}", name, (parent, beside))
    for parent in ("neox-0", "neox-5", "moe-0", "moe-4", "vision-0", "vision-5"):
        yield Case("ordinary", "light fine-tune", f"{parent}-light", (parent,))
    for parent in ("neox-1", "neox-6", "neox-7"):
        yield Case("ordinary", "continued 0.4x", f"{parent}-continued", (parent,))
    yield from _checkpoints()


def _checkpoints() -> Iterator[Case]:
    """Later checkpoints of a run beside earlier ones, and the other way round."""
    for run in ("llama-seed-0", "llama-order-0", "llama-seed-1", "llama-data-0"):
        steps = [*(f"{run}-step-{n}" for n in (0, 50, 100, 200)), run]
        for place, name in enumerate(steps):
            for other in steps[:place]:
                yield Case("ordinary", "later checkpoint", name, (other,))
            for number, first in enumerate(steps):
                for second in steps[number + 1 :]:
                    if name in (first, second):
                        continue
                    kind = "checkpoint between" if number < place else "checkpoint"
                    yield Case("ordinary", kind, name, (first, second))
