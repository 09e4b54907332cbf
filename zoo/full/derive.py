# SPDX-License-Identifier: Apache-2.0
"""Make a descendant: load parents, transform weights, train on, check, save."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM, PreTrainedModel
from zoo.full import networks, pretrain, tune
from zoo.full.spec import Item
from zoo.recipes import storage
from zoo.recipes.data import text_batches
from zoo.recipes.training import Curve
from zoo.transforms import registry
from zoo.transforms.weights import Weights, load, store

TOLERANCE = 1e-3
"""Largest change of a logit, relative to the largest logit, that counts as none."""


def open_model(folder: Path, architecture: str = "llama") -> PreTrainedModel:
    """Read a model in full precision."""
    kind = AutoModel if architecture == "vision" else AutoModelForCausalLM
    model: PreTrainedModel = kind.from_pretrained(folder, dtype=torch.float32)
    return model


def derive(
    folder: Path, cache: Path, item: Item
) -> tuple[Curve, dict[str, float | dict[str, float]]]:
    """Build a descendant.

    Args:
        folder: where to write it.
        cache: folder of all models.
        item: what to build. Its recipe names ``inputs`` (first the parents),
            ``base``, ``transforms``, ``train`` and ``dtype``.

    Returns:
        The loss curve (empty without training), and more for the row.
    """
    recipe: dict[str, Any] = dict(item.recipe)
    dtype = str(recipe.get("dtype", "BF16"))
    models = [load(cache / name) for name in recipe["inputs"]]
    base = load(cache / recipe["base"]) if recipe.get("base") else None
    changed = registry.apply(models, recipe.get("transforms", ()), base)
    training = recipe.get("train")
    if training is None:
        store(changed, folder, dtype)
        if item.unchanged:
            extra: dict[str, float | dict[str, float]] = {
                "outputs_unchanged": difference(cache / recipe["inputs"][0], folder)
            }
            return [], extra
        return [], {}
    curve = train(changed, folder, cache, item, dtype)
    return curve, {}


def train(start: Weights, folder: Path, cache: Path, item: Item, dtype: str) -> Curve:
    """Train a model from given weights, and save it.

    Args:
        start: the weights.
        folder: where to write the model.
        cache: folder of all models.
        item: its recipe says how to train.
        dtype: format to save in.
    """
    settings: dict[str, Any] = dict(item.recipe["train"])  # type: ignore[call-overload]
    storage.seed_everything(settings["seed"])
    scratch = folder / "start"
    store(start, scratch, "F32")
    model = open_model(scratch, item.architecture)
    shutil.rmtree(scratch)
    if item.architecture == "vision":
        batches = networks.picture_batches(
            seed=settings["seed"], data_seed=settings.get("data_seed", 0)
        )
    else:
        batches = text_batches(
            settings["corpora"],
            seed=settings["seed"],
            data_seed=settings.get("data_seed", 0),
            rows=8,
            length=64,
            vocabulary=settings.get("vocabulary", 512),
        )
    method = settings.get("method", "full")
    steps, lr = int(settings["steps"]), float(settings["lr"])
    if method == "lora":
        curve = tune.lora(model, batches, steps=steps, lr=lr, rank=settings["rank"])
    elif method == "preference":
        curve = tune.preference(model, batches, steps=steps, lr=lr)
    elif method == "distil":
        teacher = open_model(cache / settings["teacher"])
        curve = tune.distil(model, teacher, batches, steps=steps, lr=lr)
    else:
        curve = tune.full(model, batches, steps=steps, lr=lr)
    pretrain.save(model, folder, dtype)
    return curve


def difference(parent: Path, child: Path) -> dict[str, float]:
    """Largest difference of the logits of two models on random tokens.

    Raises:
        ValueError: if the outputs changed.
    """
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(3, 512, (4, 48), generator=generator)
    with torch.no_grad():
        before = open_model(parent)(tokens).logits
        after = open_model(child)(tokens).logits
    worst = float((before - after).abs().max())
    relative = worst / float(before.abs().max())
    if relative > TOLERANCE:
        message = f"{child.name}: outputs changed by {relative:.2g} of the largest"
        raise ValueError(message)
    return {"max_abs": worst, "relative": relative}
