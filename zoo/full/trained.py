# SPDX-License-Identifier: Apache-2.0
"""Descendants that are trained on: tuned, extended, cut, grown, grafted, distilled."""

from __future__ import annotations

from zoo.full.bases import STEPS
from zoo.full.descend import Change, architecture, descendant, mapped, truth, tuning
from zoo.full.spec import NOTES, STORIES, Item
from zoo.transforms.depth import upscaled_order

PARENTS = ("llama-seed-0", "llama-order-1", "llama-data-3")
"""One of each group; most kinds have one instance from each of them."""
OTHERS = ("llama-seed-2", "llama-order-3", "llama-data-5")
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
        tune = tuning(510, lr=3e-4)
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
                train=tuning(520 + n, lr=2e-3, steps=200, corpora=NOTES),
            ),
            descendant(
                f"{parent}-preference",
                "preference tuning",
                [parent],
                train=tuning(530 + n, lr=3e-4, steps=40, method="preference"),
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
            train=tuning(600 + n, steps=100, vocabulary=384),
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


def _grown(n: int, parent: str) -> list[Item]:
    """Mixtures of experts made of copies."""
    variants: dict[str, dict[str, object]] = {
        "": {},
        "-noisy": {"noise": 0.1},
        "-shuffled": {"shuffle": True},
    }
    return [
        descendant(
            f"{parent}-upcycled{word}",
            f"upcycled{word.replace('-', ' ')}",
            [parent],
            [("upcycle", {"experts": 4, "seed": 700 + n, **settings})],
            train=tuning(700 + n, steps=40),
            layers={
                "attention": mapped(range(6))["attention"],
                "experts": mapped(range(6))["mlp"],
            },
            honest=word != "-shuffled",
        )
        for word, settings in variants.items()
    ]


def _grafted(n: int, parent: str) -> list[Item]:
    """Part taken, the rest new, then trained."""
    half = [f"layer-{i}" for i in (0, 1, 2)]
    fresh = {"embedding": "independent", "head": "independent"}
    three = tuple((i, i) for i in range(3))
    six = tuple((i, i) for i in range(6))
    parts = (
        ("half", half, truth(**fresh), {"attention": three, "mlp": three}),
        ("attention", ["attention"], truth(**fresh), {"attention": six, "mlp": ()}),
        ("mlp", ["mlp"], truth(**fresh), {"attention": (), "mlp": six}),
        ("layer", ["layer-2"], truth(**fresh), mapped_one(2)),
        (
            "embedding",
            ["embedding"],
            truth(text_decoder="independent", head="independent"),
            None,
        ),
    )
    return [
        descendant(
            f"{parent}-took-{word}",
            "half taken" if word == "half" else f"one part taken ({word})",
            [parent],
            [("take", {"parts": taken, "seed": 800 + n})],
            train=tuning(800 + n, steps=100, corpora=STORIES),
            modules=modules,
            layers=layers,
        )
        for word, taken, modules, layers in parts
    ]


def mapped_one(layer: int) -> dict[str, tuple[tuple[int, int], ...]]:
    """Layer map of a single layer that stayed in place."""
    return {"attention": ((layer, layer),), "mlp": ((layer, layer),)}


def _students() -> list[Item]:
    """Distilled into an independent start: not a descendant by weights."""
    items = []
    for n, teacher in enumerate(PARENTS):
        train = tuning(
            900 + n,
            lr=2.5e-3,
            steps=200,
            corpora=STORIES if n < 2 else NOTES,
            method="distil",
            teacher=teacher,
        )
        recipe = {
            "make": "derive",
            "inputs": [teacher],
            "base": None,
            "transforms": [["initialise", {"seed": 5000 + n}]],
            "train": train,
            "dtype": "BF16",
            "init_seed": 5000 + n,
            "seed": train["seed"],
            "steps": train["steps"],
        }
        items.append(
            Item(
                f"{teacher}-student",
                "distilled",
                "llama",
                "distilled",
                recipe,
                sources=(teacher,),
            )
        )
    return items


def trained() -> tuple[Item, ...]:
    """All of them; those that take longest last but the students."""
    items = [*_light(), *_longer()]
    for makers in (_reshaped, _grown, _grafted):
        for n, parent in enumerate(PARENTS):
            items += makers(n, parent)
    return (*items, *_students(), *_far())
