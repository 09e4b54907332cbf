# SPDX-License-Identifier: Apache-2.0
"""Models that share no weights: what every false accusation is measured on."""

from __future__ import annotations

from collections.abc import Mapping

from zoo.full.spec import MIXED, NOTES, STORIES, Item, Link

STEPS = 500
SNAPSHOTS = (0, 50, 100, 200)
"""Steps at which some runs are also kept; the model itself is the last one."""

MODULES = {
    "llama": ("text_decoder", "embedding", "head"),
    "gpt_neox": ("text_decoder", "embedding", "head"),
    "moe": ("text_decoder", "embedding", "head"),
    "vision": ("vision_encoder",),
}
CORPORA: tuple[Mapping[str, float], ...] = (STORIES, NOTES, MIXED)


def _base(
    name: str,
    architecture: str,
    group: str,
    *,
    init_seed: int,
    seed: int,
    data_seed: int = 0,
    corpora: Mapping[str, float] = STORIES,
    steps: int = STEPS,
    snapshots: tuple[int, ...] = (),
) -> Item:
    recipe: dict[str, object] = {
        "make": "pretrain",
        "architecture": architecture,
        "init_seed": init_seed,
        "seed": seed,
        "data_seed": data_seed,
        "corpora": dict(corpora),
        "steps": steps,
        "lr": 2.5e-3,
        "snapshots": list(snapshots),
    }
    return Item(name, "base", architecture, group, recipe)


def _llama() -> list[Item]:
    items = []
    for n in range(8):
        kept = SNAPSHOTS if n < 2 else ()
        items.append(
            _base(
                f"llama-seed-{n}",
                "llama",
                "seed-only",
                init_seed=1000 + n,
                seed=1,
                snapshots=kept,
            )
        )
    for n in range(8):
        kept = SNAPSHOTS if n < 1 else ()
        items.append(
            _base(
                f"llama-order-{n}",
                "llama",
                "seed-and-order",
                init_seed=1100 + n,
                seed=100 + n,
                snapshots=kept,
            )
        )
    for n in range(8):
        kept = SNAPSHOTS if n < 1 else ()
        items.append(
            _base(
                f"llama-data-{n}",
                "llama",
                "seed-and-data",
                init_seed=1200 + n,
                seed=200 + n,
                data_seed=1 + n,
                corpora=CORPORA[n % 3],
                snapshots=kept,
            )
        )
    for n, corpora in enumerate((STORIES, NOTES)):
        items.append(
            _base(
                f"llama-twin-{n}",
                "llama",
                "same-seed",
                init_seed=1300,
                seed=300 + n,
                data_seed=20 + n,
                corpora=corpora,
            )
        )
    return items


def _others() -> list[Item]:
    neox = [
        _base(
            f"neox-{n}",
            "gpt_neox",
            "seed-only" if n < 4 else "seed-and-order",
            init_seed=2000 + n,
            seed=1 if n < 4 else 400 + n,
        )
        for n in range(8)
    ]
    moe = [
        _base(
            f"moe-{n}",
            "moe",
            "seed-only" if n < 3 else "seed-and-order",
            init_seed=3000 + n,
            seed=1 if n < 3 else 500 + n,
            steps=300,
        )
        for n in range(6)
    ]
    vision = [
        _base(
            f"vision-{n}",
            "vision",
            "seed-only" if n < 4 else "seed-and-data",
            init_seed=4000 + n,
            seed=1 if n < 4 else 600 + n,
            data_seed=0 if n < 4 else n,
            corpora={"pictures": 1.0},
        )
        for n in range(8)
    ]
    return [*neox, *moe, *vision]


def _snapshots(base: Item) -> list[Item]:
    """The intermediate checkpoints of a run, as models of their own."""
    steps = base.recipe["snapshots"]
    assert isinstance(steps, list)
    whole = dict.fromkeys(MODULES[base.architecture], "reused")
    return [
        Item(
            f"{base.id}-step-{step}",
            "checkpoint",
            base.architecture,
            "checkpoint",
            {"make": "snapshot", "of": base.id, "step": step, "steps": step},
            (Link(base.id, whole),),
        )
        for step in steps
    ]


BASES: tuple[Item, ...] = (*_llama(), *_others())
CHECKPOINTS: tuple[Item, ...] = tuple(c for b in BASES for c in _snapshots(b))
