# SPDX-License-Identifier: Apache-2.0
"""Where weights come from and go to: seeds, copies of a parent, the saved folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedModel
from zoo.recipes import tokenizer


def seed_everything(seed: int) -> None:
    """Make the next initialisation and training repeatable on this machine."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)


def copy_parameters(
    target: torch.nn.Module, source: torch.nn.Module, prefixes: Sequence[str]
) -> None:
    """Overwrite every tensor of ``target`` whose name starts with a prefix.

    Raises:
        ValueError: if a prefix matches nothing.
    """
    ours, theirs = target.state_dict(), source.state_dict()
    for prefix in prefixes:
        names = [name for name in theirs if name.startswith(prefix)]
        if not names:
            message = f"no tensor starts with {prefix!r}"
            raise ValueError(message)
        for name in names:
            ours[name].copy_(theirs[name])


def save(model: PreTrainedModel, folder: Path) -> None:
    """Write a transformers model as BF16, with the shared tokenizer beside it."""
    torch.nn.Module.to(model, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokenizer.shared().save(str(folder / "tokenizer.json"))
