# SPDX-License-Identifier: Apache-2.0
"""Training from nothing, with copies kept on the way."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from transformers import PreTrainedModel
from zoo.full import networks
from zoo.recipes import moe, storage
from zoo.recipes.data import text_batches
from zoo.recipes.training import Curve, train


def save(model: PreTrainedModel, folder: Path, dtype: str = "BF16") -> None:
    """Write config and weights, in the names of transformers; the model stays as is."""
    kind = {"BF16": torch.bfloat16, "F32": torch.float32}[dtype]
    twin = copy.deepcopy(model)
    torch.nn.Module.to(twin, dtype=kind)
    twin.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def pretrain(
    folder: Path,
    *,
    architecture: str,
    init_seed: int,
    seed: int,
    data_seed: int,
    corpora: Mapping[str, float],
    steps: int,
    lr: float,
    snapshots: Sequence[int] = (),
    rows: int = 8,
    length: int = 64,
) -> Curve:
    """Train a network from its own initialisation.

    Args:
        folder: where to write it; copies go to ``snapshots/STEP`` below.
        architecture: a name of :func:`zoo.full.networks.network`.
        init_seed: seed of the initial weights.
        seed: seed of the order of the data.
        data_seed: seed of the data.
        corpora: share of each corpus (ignored for pictures).
        steps: steps of training.
        lr: highest learning rate.
        snapshots: steps after which a copy is kept; 0 is the initialisation.
        rows: rows of a batch of text.
        length: tokens of a row.

    Returns:
        The loss curve.
    """
    storage.seed_everything(init_seed)
    model = networks.network(architecture)
    trained: torch.nn.Module = model
    if architecture == "vision":
        batches = networks.picture_batches(seed=seed, data_seed=data_seed)
        trained = networks.Reader(model, networks.answers(data_seed).shape[1])
    else:
        batches = text_batches(
            corpora, seed=seed, data_seed=data_seed, rows=rows, length=length
        )
    hooks = []
    if architecture == "moe":
        hooks.append(moe.balancer(model, model.config.n_routed_experts))
    done = 0
    if 0 in snapshots:
        save(model, folder / "snapshots" / "0")

    def after_step() -> None:
        nonlocal done
        done += 1
        for hook in hooks:
            hook()
        if done in snapshots:
            save(model, folder / "snapshots" / str(done))

    curve = train(trained, batches, steps=steps, lr=lr, after_step=after_step)
    save(model, folder)
    return curve


def snapshot(folder: Path, cache: Path, *, of: str, step: int, steps: int) -> Curve:
    """Take one kept copy as a model of its own."""
    del steps
    shutil.copytree(cache / of / "snapshots" / str(step), folder, dirs_exist_ok=True)
    return []
