# SPDX-License-Identifier: Apache-2.0
"""One plain training loop: AdamW, warm-up and cosine, weight decay, clipping."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from zoo.recipes.data import Batches

Curve = list[tuple[int, float]]
"""Training loss: ``(step, mean loss since the point before)``."""


def _groups(
    model: torch.nn.Module, weight_decay: float, rates: Mapping[str, float]
) -> list[dict[str, object]]:
    """Parameter groups by learning-rate factor; only matrices decay."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = next((r for part, r in rates.items() if part in name), 1.0)
        decay = weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "rate": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def schedule(step: int, steps: int, warmup: int) -> float:
    """Factor on the learning rate: linear warm-up, then cosine down to a twentieth."""
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.05 + 0.475 * (1 + math.cos(math.pi * progress))


def train(
    model: torch.nn.Module,
    batches: Batches,
    *,
    steps: int,
    lr: float,
    warmup: int = 100,
    weight_decay: float = 0.1,
    clip: float = 1.0,
    rates: Mapping[str, float] | None = None,
    after_step: Callable[[], None] | None = None,
    points: int = 30,
) -> Curve:
    """Train a model in place.

    Args:
        model: anything that returns an object with a ``loss`` for a batch.
        batches: gives the batch of each step.
        steps: number of steps.
        lr: highest learning rate.
        warmup: steps of linear warm-up (at most a tenth of all steps).
        weight_decay: decoupled weight decay, on matrices only.
        clip: largest norm of the gradient.
        rates: factor on the learning rate of parameters whose name contains a word.
        after_step: called after every step.
        points: number of points of the loss curve after the first.

    Returns:
        The loss curve.
    """
    warmup = min(warmup, max(1, steps // 10))
    groups = _groups(model, weight_decay, rates or {})
    optimiser = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95))
    parameters = [p for p in model.parameters() if p.requires_grad]
    every = max(1, steps // points)
    curve: Curve = []
    recent: list[float] = []
    model.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = lr * group["rate"] * schedule(step, steps, warmup)
        loss = model(**batches(step)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimiser.step()
        optimiser.zero_grad()
        if after_step is not None:
            after_step()
        recent.append(float(loss.detach()))
        if step == 0 or (step + 1) % every == 0:
            curve.append((step + 1, round(sum(recent) / len(recent), 4)))
            recent = []
    return curve
