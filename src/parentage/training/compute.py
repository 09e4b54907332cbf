# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of training, and what hardware can do: pure numbers.

Training takes about 6 operations per parameter and token: 2 forward, 4 backward (a
multiply-add counts as two). Attention adds, per token and layer, 12 times the width of
all heads times the mean number of positions looked at, which is half of the sequence
where a token sees only what precedes it. Recomputed activations count as nothing: they
are work of the hardware, not of the model. Source: Kaplan et al. 2020 (2001.08361), and
appendix B of Chowdhery et al. 2022 (2204.02311).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from parentage.training.manifest import HardwarePart, ModelPart, StagePart

TERA = 1e12


@dataclass(frozen=True)
class Accelerator:
    """A device and its peaks.

    Attributes:
        id: such as ``H100-SXM``.
        names: other names that manifests use, in lower case.
        peaks: number format -> operations per second, dense.
        source: where the figures are from.
        link: the page that they were read on, where one was.
        checked: how: ``maker``, ``quoted``, ``derived`` or ``sheet``; see the table.
    """

    id: str
    names: tuple[str, ...]
    peaks: Mapping[str, float]
    source: str
    link: str | None
    checked: str


@cache
def accelerators() -> Mapping[str, Accelerator]:
    """All known devices by id."""
    text = resources.files("parentage.training").joinpath("accelerators.toml")
    data = tomllib.loads(text.read_text("utf-8"))
    return {
        name: Accelerator(
            name,
            tuple(row["names"]),
            {k: v * TERA for k, v in row.items() if isinstance(v, float)},
            row["source"],
            row.get("link"),
            row["checked"],
        )
        for name, row in data.items()
    }


def accelerator(name: str) -> Accelerator | None:
    """The device that a manifest means, ``None`` if it is not known.

    Maker and spelling do not matter: ``NVIDIA H100 SXM5`` is ``H100-SXM``.
    """
    plain = name.lower().replace("_", "-")
    for word in ("nvidia", "amd", "google", "instinct", "intel", "gpu", "cloud"):
        plain = plain.replace(word, "")
    plain = "-".join(plain.replace("-", " ").split())
    for found in accelerators().values():
        same = {found.id.lower(), *(n.replace(" ", "-") for n in found.names)}
        if plain in same:
            return found
    return None


def peak_of(part: HardwarePart) -> float | None:
    """Peak of one device in operations per second, ``None`` if it is not known."""
    if part.peak_flops is not None:
        return part.peak_flops
    found = accelerator(part.accelerator)
    return found.peaks.get(part.precision) if found else None


def tokens_of(stage: StagePart) -> int | None:
    """Tokens of a stage by its steps, batches and sequence length."""
    if stage.steps is None or stage.sequence_length is None:
        return None
    changes = sorted(stage.batch_changes, key=lambda c: c.from_step)
    marks = [(stage.first_step, stage.batch_size)]
    marks += [(c.from_step, c.batch_size) for c in changes]
    end = stage.first_step + stage.steps
    total = 0
    for number, (start, batch) in enumerate(marks):
        until = marks[number + 1][0] if number + 1 < len(marks) else end
        if batch is None:
            if until > start:
                return None
            continue
        total += max(0, min(until, end) - max(start, stage.first_step)) * batch
    return total * stage.sequence_length


def training_flops(
    model: ModelPart, tokens: float, sequence_length: int | None
) -> tuple[float, float] | None:
    """Operations of training on ``tokens``: by parameters, and by attention.

    Returns:
        ``(6 N D, attention)``, or ``None`` where parameters are not stated. Attention
        is 0 where layers, width or sequence length are not.
    """
    n = model.active_parameters or model.parameters
    if n is None:
        return None
    attention = 0.0
    if model.layers and model.attention_width and sequence_length:
        seen = sequence_length / 2
        attention = 12.0 * model.layers * model.attention_width * seen * tokens
    return 6.0 * n * tokens, attention
