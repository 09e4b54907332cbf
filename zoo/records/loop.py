# SPDX-License-Identifier: Apache-2.0
"""A training loop that leaves a record: a line for every step, and states at some."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from zoo.recipes.data import Batches

Rate = Callable[[int], float]


@dataclass
class Loop:
    """A model in training.

    Attributes:
        model: gives an object with a ``loss`` for a batch.
        optimiser: AdamW over its trainable parameters.
        lines: one CSV line for every step done, in the order done.
        clip: largest norm of the gradient.
    """

    model: torch.nn.Module
    optimiser: torch.optim.AdamW
    lines: list[str] = field(default_factory=list)
    clip: float = 1.0

    def steps(
        self,
        numbers: Iterable[int],
        batches: Batches,
        rate: Rate,
        after: Callable[[int], None] | None = None,
    ) -> None:
        """Do the steps of these numbers; ``after`` is told how many are behind it."""
        trained = [p for p in self.model.parameters() if p.requires_grad]
        self.model.train()
        for step in numbers:
            for group in self.optimiser.param_groups:
                group["lr"] = rate(step)
            loss = self.model(**batches(step)).loss
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(trained, self.clip)
            self.optimiser.step()
            self.optimiser.zero_grad()
            self.lines.append(
                f"{step},{float(loss.detach()):.5f},{rate(step):.6e},{float(norm):.4f},"
                f"{time.time():.3f}"
            )
            if after is not None:
                after(step + 1)


HEADER = "step,loss,lr,grad_norm,time"


def adamw(model: torch.nn.Module, lr: float) -> torch.optim.AdamW:
    """The optimizer of every run: plain AdamW, matrices and vectors alike."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.AdamW(trained, lr=lr, betas=(0.9, 0.95), weight_decay=0.1)
