# SPDX-License-Identifier: Apache-2.0
"""Models with a parent's parts in a new whole, and students that take none of them."""

from __future__ import annotations

from zoo.full.bases import STEPS
from zoo.full.descend import PARENTS, descendant, mapped, truth, tuning
from zoo.full.spec import STORIES, Item


def grown(n: int, parent: str) -> list[Item]:
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
            train=tuning(700 + n, steps=100),
            layers={
                "attention": mapped(range(6))["attention"],
                "experts": mapped(range(6))["mlp"],
            },
            honest=word != "-shuffled",
        )
        for word, settings in variants.items()
    ]


def grafted(n: int, parent: str) -> list[Item]:
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
            train=tuning(800 + n, steps=250, corpora=STORIES),
            modules=modules,
            layers=layers,
        )
        for word, taken, modules, layers in parts
    ]


def mapped_one(layer: int) -> dict[str, tuple[tuple[int, int], ...]]:
    """Layer map of a single layer that stayed in place."""
    return {"attention": ((layer, layer),), "mlp": ((layer, layer),)}


def students() -> list[Item]:
    """Distilled into an independent start: not a descendant by weights."""
    items = []
    for n, teacher in enumerate(PARENTS):
        train = tuning(
            900 + n,
            lr=2.5e-3,
            steps=STEPS,
            corpora=STORIES,
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
