# SPDX-License-Identifier: Apache-2.0
"""Descendants that are trained on: tuned, extended, cut."""

from __future__ import annotations

from zoo.full.bases import STEPS
from zoo.full.descend import (
    OTHERS,
    PARENTS,
    Change,
    architecture,
    descendant,
    mapped,
    truth,
    tuning,
)
from zoo.full.rebuilt import grafted, grown, students
from zoo.full.spec import MIXED, NOTES, STORIES, Item
from zoo.transforms.depth import upscaled_order

THIRD = ("llama-seed-4", "llama-order-5", "llama-data-6")
SIBLINGS = 3
UNMOVED = {"embedding": "identical", "head": "identical"}


def siblings(parent: str) -> list[str]:
    """Ids of the light fine-tunes of one parent."""
    return [f"{parent}-light-{n}" for n in range(SIBLINGS)]


def _light() -> list[Item]:
    items = [
        descendant(
            name,
            "light fine-tune",
            [parent],
            train=tuning(500 + n, lr=3e-4, corpora=(NOTES, STORIES, NOTES)[n]),
        )
        for parent in PARENTS
        for n, name in enumerate(siblings(parent))
    ]
    for parent in ("neox-0", "neox-5", "moe-0", "moe-4", "vision-0", "vision-5"):
        kind = architecture(parent)
        modules = ("vision_encoder",) if kind == "vision" else ()
        whole = truth(modules=modules) if modules else truth()
        corpora = {"pictures": 1.0} if modules else MIXED
        tune = tuning(510, lr=3e-4, corpora=corpora)
        items.append(
            descendant(
                f"{parent}-light",
                "light fine-tune",
                [parent],
                train=tune,
                modules=whole,
            )
        )
    return items


def _longer() -> list[Item]:
    items = []
    for n, parent in enumerate(OTHERS):
        items += [
            descendant(
                f"{parent}-heavy",
                "heavy fine-tune",
                [parent],
                train=tuning(520 + n, lr=2e-3, steps=300, corpora=NOTES),
            ),
            descendant(
                f"{parent}-preference",
                "preference tuning",
                [parent],
                train=tuning(530 + n, lr=3e-4, steps=100, method="preference"),
            ),
        ]
        for rank in (4, 64):
            items.append(
                descendant(
                    f"{parent}-lora-{rank}",
                    f"lora r={rank}",
                    [parent],
                    train=tuning(540 + n, lr=2e-3, method="lora", rank=rank),
                    modules=truth(**UNMOVED),
                )
            )
    for n, parent in enumerate(THIRD):
        items.append(
            descendant(
                f"{parent}-continued-1x",
                "continued 1x",
                [parent],
                train=tuning(550 + n, lr=2.5e-3, steps=STEPS, corpora=NOTES),
            )
        )
    for n, parent in enumerate(("neox-1", "neox-6", "neox-7")):
        items.append(
            descendant(
                f"{parent}-continued",
                "continued 0.4x",
                [parent],
                train=tuning(555 + n, lr=2.5e-3, steps=200, corpora=NOTES),
            )
        )
    return items


def _far() -> list[Item]:
    return [
        descendant(
            f"{parent}-continued-5x",
            "continued 5x",
            [parent],
            train=tuning(560 + n, lr=2.5e-3, steps=5 * STEPS, corpora=NOTES),
        )
        for n, parent in enumerate(THIRD)
    ]


def _reshaped(n: int, parent: str) -> list[Item]:
    """Vocabulary, depth and width changed, then trained on."""
    keep = (0, 1, 3, 5)
    order = upscaled_order(6, 4)
    narrow: dict[str, Change] = {
        "neurons": ("prune-neurons", {"keep": 112}),
        "heads": ("prune-heads", {"keep": 1}),
        "residual": ("prune-residual", {"keep": 48}),
    }
    items = [
        descendant(
            f"{parent}-retokenized",
            "embedding replaced",
            [parent],
            [("replace-vocabulary", {"tokens": 384, "seed": 600 + n})],
            train=tuning(600 + n, steps=250, vocabulary=384),
            modules=truth(embedding="independent", head="independent"),
        ),
        descendant(
            f"{parent}-extended",
            "vocabulary extended",
            [parent],
            [("extend-vocabulary", {"tokens": 576, "seed": 610 + n})],
            train=tuning(610 + n, vocabulary=576),
        ),
        descendant(
            f"{parent}-pruned-layers",
            "layers pruned",
            [parent],
            [("prune-layers", {"keep": keep})],
            train=tuning(620 + n),
            layers=mapped(keep),
        ),
        descendant(
            f"{parent}-upscaled",
            "depth up-scaled",
            [parent],
            [("upscale", {"take": 4})],
            train=tuning(630 + n),
            layers=mapped(order),
        ),
    ]
    for word, (change, settings) in narrow.items():
        for resorted in (False, True):
            how = "re-sorted" if resorted else "in order"
            items.append(
                descendant(
                    f"{parent}-narrow-{word}{'-resorted' if resorted else ''}",
                    f"width pruned {how} ({word})",
                    [parent],
                    [(change, {**settings, "resorted": resorted})],
                    train=tuning(640 + n),
                    honest=not resorted,
                )
            )
    return items


def trained() -> tuple[Item, ...]:
    """All of them; those that take longest early, so that both workers stay busy."""
    items = [*_light(), *_longer(), *_far()]
    for makers in (_reshaped, grown, grafted):
        for n, parent in enumerate(PARENTS):
            items += makers(n, parent)
    return (*items, *students())
