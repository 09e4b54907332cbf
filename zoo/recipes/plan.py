# SPDX-License-Identifier: Apache-2.0
"""What is bundled: which recipe makes which model, and whose weights it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from zoo.recipes import decoder, moe, vlm
from zoo.recipes.training import Curve

Recipe = Callable[..., Curve]


@dataclass(frozen=True, slots=True)
class Inheritance:
    """One module of a model that comes from a parent.

    Attributes:
        module: name of the module, such as ``vision_encoder``.
        parent: the model it comes from.
        relation: how, in words.
        layers: the layers concerned; ``None`` for all of the module.
    """

    module: str
    parent: str
    relation: str
    layers: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One model to build.

    Attributes:
        name: its identifier and folder.
        recipe: the function that trains it.
        data: what it is trained on, in words.
        parameters: keyword arguments of the recipe.
        parentage: what it inherits.
    """

    name: str
    recipe: Recipe
    data: str
    parameters: Mapping[str, object]
    parentage: tuple[Inheritance, ...] = field(default=())


def _inherit(
    parent: str, relation: str, modules: str = "text_decoder embedding head"
) -> tuple[Inheritance, ...]:
    return tuple(Inheritance(m, parent, relation) for m in modules.split())


STORIES = "stories, made by zoo.recipes.text"
NOTES = "notes (arithmetic, code, Korean), made by zoo.recipes.text"
PICTURES = "drawn shapes with captions, made by zoo.recipes.images"
ENCODER_ONLY = "vision_encoder"

PLAN: tuple[Planned, ...] = (
    Planned("decoder-a", decoder.pretrain, STORIES, {"init_seed": 101, "seed": 11}),
    Planned("decoder-b", decoder.pretrain, STORIES, {"init_seed": 202, "seed": 11}),
    Planned("moe-a", moe.pretrain, STORIES, {"init_seed": 303, "seed": 12}),
    Planned("moe-b", moe.pretrain, STORIES, {"init_seed": 404, "seed": 12}),
    Planned("vlm-donor", vlm.pretrain, PICTURES, {"init_seed": 505, "seed": 13}),
    Planned("vlm-cured", vlm.pretrain, PICTURES, {"init_seed": 606, "seed": 13}),
    Planned(
        "vlm-frozen",
        vlm.pretrain,
        PICTURES,
        {"init_seed": 707, "seed": 13, "encoder_of": "vlm-donor", "encoder_lr": 0.0},
        _inherit("vlm-donor", "frozen copy", ENCODER_ONLY),
    ),
    Planned(
        "vlm-tuned",
        vlm.pretrain,
        PICTURES,
        {"init_seed": 808, "seed": 13, "encoder_of": "vlm-donor", "encoder_lr": 3e-4},
        _inherit("vlm-donor", "copied, then trained on", ENCODER_ONLY),
    ),
    Planned(
        "decoder-a-finetuned",
        decoder.descend,
        f"60 % {NOTES}; 40 % {STORIES}",
        {
            "parent": "decoder-a",
            "seed": 14,
            "steps": 400,
            "lr": 3e-4,
            "corpora": {"notes": 0.6, "stories": 0.4},
        },
        _inherit("decoder-a", "fine-tuned"),
    ),
    Planned(
        "decoder-a-continued",
        decoder.descend,
        NOTES,
        {
            "parent": "decoder-a",
            "seed": 15,
            "steps": 2000,
            "lr": 2.5e-3,
            "corpora": {"notes": 1.0},
        },
        _inherit("decoder-a", "continued pretraining at the full learning rate"),
    ),
    Planned(
        "decoder-half",
        decoder.graft,
        STORIES,
        {
            "parent": "decoder-a",
            "layers": [0, 1, 2],
            "init_seed": 909,
            "seed": 16,
            "steps": 1200,
            "lr": 1e-3,
        },
        (
            Inheritance(
                "text_decoder",
                "decoder-a",
                "layers taken, then trained on with new ones",
                (0, 1, 2),
            ),
        ),
    ),
)
"""In an order in which parents come before children."""
