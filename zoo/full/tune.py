# SPDX-License-Identifier: Apache-2.0
"""Ways to train on: everything, low rank, preferences, a teacher's outputs."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import torch
from torch.nn.functional import kl_div, log_softmax, logsigmoid
from torch.nn.utils import parametrize
from transformers import PreTrainedModel
from zoo.full.networks import Reader
from zoo.recipes.data import Batches
from zoo.recipes.training import Curve
from zoo.recipes.training import train as run


class LowRank(torch.nn.Module):
    """Adds ``B A`` to a weight, with ``B`` zero at the start."""

    def __init__(self, weight: torch.Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = weight.shape
        self.a = torch.nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.b = torch.nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight with its update."""
        return weight + self.b @ self.a


def full(model: PreTrainedModel, batches: Batches, *, steps: int, lr: float) -> Curve:
    """Train every weight for next-token prediction, or an encoder on its pictures."""
    trained: torch.nn.Module = model
    if "pixel_values" in batches(0):
        trained = Reader(model, batches(0)["labels"].shape[1])
    return run(trained, batches, steps=steps, lr=lr)


def lora(
    model: torch.nn.Module, batches: Batches, *, steps: int, lr: float, rank: int
) -> Curve:
    """Train a low-rank update of every matrix of the layers, and merge it."""
    model.requires_grad_(False)
    linear = [
        m
        for n, m in model.named_modules()
        if isinstance(m, torch.nn.Linear) and ".layers." in n
    ]
    for module in linear:
        update = LowRank(module.weight, rank)
        parametrize.register_parametrization(module, "weight", update)
    curve = run(model, batches, steps=steps, lr=lr, weight_decay=0.0)
    for module in linear:
        parametrize.remove_parametrizations(module, "weight")
    return curve


class Preference(torch.nn.Module):
    """Direct preference optimisation: real text against text with swapped tokens."""

    def __init__(self, model: torch.nn.Module, beta: float = 0.1) -> None:
        super().__init__()
        self.model = model
        self.beta = beta
        self.reference = copy.deepcopy(model).requires_grad_(False)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> SimpleNamespace:
        """Return an object with the ``loss``."""
        del labels
        worse = input_ids.clone()
        worse[:, 1::4] = input_ids.roll(1, 0)[:, 1::4]
        both = torch.cat([input_ids, worse])
        gain = _likelihood(self.model, both) - _likelihood(self.reference, both)
        good, bad = gain.chunk(2)
        return SimpleNamespace(loss=-logsigmoid(self.beta * (good - bad)).mean())


def _likelihood(model: torch.nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """Log-likelihood of each row."""
    logits = log_softmax(model(tokens).logits[:, :-1], -1)
    chosen: torch.Tensor = logits.gather(-1, tokens[:, 1:, None])[..., 0]
    return chosen.sum(-1)


def preference(
    model: torch.nn.Module, batches: Batches, *, steps: int, lr: float
) -> Curve:
    """Tune on made-up preferences."""
    return run(Preference(model), batches, steps=steps, lr=lr)


class Student(torch.nn.Module):
    """A model that learns a teacher's distribution over the next token."""

    def __init__(self, model: torch.nn.Module, teacher: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        self.teacher = teacher.requires_grad_(False)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> SimpleNamespace:
        """Return an object with the ``loss``."""
        del labels
        wanted = log_softmax(self.teacher(input_ids).logits, -1)
        given = log_softmax(self.model(input_ids).logits, -1)
        size = given.shape[0] * given.shape[1]
        loss = kl_div(given, wanted, reduction="sum", log_target=True) / size
        return SimpleNamespace(loss=loss)


def distil(
    model: torch.nn.Module,
    teacher: torch.nn.Module,
    batches: Batches,
    *,
    steps: int,
    lr: float,
) -> Curve:
    """Teach a model the outputs of another one; no weight is copied."""
    return run(Student(model, teacher), batches, steps=steps, lr=lr)
