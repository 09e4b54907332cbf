# SPDX-License-Identifier: Apache-2.0
"""Helpers that write the plan of descendants: recipe and truth in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zoo.full.spec import DECODER, MIXED, Item, LayerMap, Link

Change = tuple[str, Mapping[str, object]]
PARENTS = ("llama-seed-0", "llama-order-1", "llama-data-3")
"""One of each group; most kinds have one instance from each of them."""
OTHERS = ("llama-seed-2", "llama-order-3", "llama-data-5")
FAMILIES = {"neox": "gpt_neox", "moe": "moe", "vision": "vision"}


def architecture(parent: str) -> str:
    """Architecture of a base, by its name."""
    return FAMILIES.get(parent.split("-", maxsplit=1)[0], "llama")


def tuning(
    seed: int,
    *,
    steps: int = 120,
    lr: float = 1e-3,
    corpora: Mapping[str, float] = MIXED,
    **more: object,
) -> dict[str, object]:
    """Settings of further training."""
    return {
        "steps": steps,
        "lr": lr,
        "corpora": dict(corpora),
        "seed": seed,
        "data_seed": 50,
        **more,
    }


def truth(
    relation: str = "reused", *, modules: Sequence[str] = DECODER, **other: str
) -> dict[str, str]:
    """Relation of each module; ``other`` names those with another relation."""
    return {**dict.fromkeys(modules, relation), **other}


def mapped(order: Iterable[int], *blocks: str) -> LayerMap:
    """Layer map: own layers in order, the parent's as given."""
    pairs = tuple(enumerate(order))
    return dict.fromkeys(blocks or ("attention", "mlp"), pairs)


def descendant(
    name: str,
    kind: str,
    parents: Sequence[str],
    changes: Sequence[Change] = (),
    *,
    train: Mapping[str, object] | None = None,
    modules: Mapping[str, str] | None = None,
    layers: LayerMap | None = None,
    base: str | None = None,
    dtype: str = "BF16",
    honest: bool = True,
    unchanged: bool = False,
) -> Item:
    """One model that carries weights of its parents.

    Args:
        name: its id.
        kind: what was done.
        parents: whose weights it carries.
        changes: transformations, in order.
        train: settings of further training.
        modules: relation of each module to each parent.
        layers: layer map, where layers moved or only some were taken.
        base: what the parents of a merge were fine-tuned from.
        dtype: stored format.
        honest: false for a disguise.
        unchanged: whether the outputs must stay.
    """
    recipe: dict[str, Any] = {
        "make": "derive",
        "inputs": list(parents),
        "base": base,
        "transforms": [[change, dict(settings)] for change, settings in changes],
        "train": dict(train) if train else None,
        "dtype": dtype,
    }
    if train:
        recipe |= {"seed": train["seed"], "steps": train["steps"]}
    links = tuple(Link(p, dict(modules or truth()), layers) for p in parents)
    return Item(
        name,
        kind,
        architecture(parents[0]),
        "descendant",
        recipe,
        links,
        (base,) if base else (),
        honest,
        unchanged,
    )
