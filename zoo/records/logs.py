# SPDX-License-Identifier: Apache-2.0
"""Logs of small honest runs: every schedule, several batches, a resume, a restart.

``python -m zoo.records.logs FOLDER`` trains what is not there yet and writes one CSV
per run: step, loss, learning rate, gradient norm and seconds since 1970.
"""

from __future__ import annotations

import copy
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import LlamaForCausalLM
from zoo.recipes import storage
from zoo.recipes.data import text_batches
from zoo.recipes.decoder import config


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        name: of its file.
        seed: of weights and data order.
        family: learning-rate schedule, with linear warm-up before.
        steps, warmup, lr, final: of the schedule.
        rows, length: sequences per step and tokens of each.
        corpus: what it is trained on.
        back_at, back_to: at the first step training goes back to the second.
        restart: step at which the schedule begins anew.
    """

    name: str
    seed: int
    family: str = "cosine"
    steps: int = 1500
    warmup: int = 60
    lr: float = 2e-3
    final: float = 1e-4
    rows: int = 8
    length: int = 64
    corpus: str = "stories"
    back_at: int | None = None
    back_to: int | None = None
    restart: int | None = None


RUNS = (
    Run("cosine", 1),
    Run("linear", 2, "linear", final=0.0),
    Run("wsd", 3, "wsd"),
    Run("constant", 4, "constant", final=2e-3),
    Run("inverse-sqrt", 5, "inverse-sqrt"),
    Run("resumed", 6, back_at=900, back_to=700),
    Run("restarted", 7, restart=800),
    Run("large-batch", 8, rows=32, steps=1000),
    Run("small-batch", 9, rows=2, corpus="notes"),
    Run("notes", 10, "linear", corpus="notes"),
    Run("long", 11, steps=4000),
    Run("short", 12, steps=300, warmup=20),
)


def rate(run: Run, step: int) -> float:
    """The learning rate of a step."""
    end = run.steps
    if run.restart is not None:
        step, end = (
            (step, run.restart)
            if step < run.restart
            else (step - run.restart, run.steps - run.restart)
        )
    if step < run.warmup:
        return run.lr * (step + 1) / run.warmup
    done = (step - run.warmup) / max(1, end - run.warmup)
    shapes: dict[str, Callable[[], float]] = {
        "cosine": lambda: 0.5 * (1 + math.cos(math.pi * done)),
        "linear": lambda: 1 - done,
        "constant": lambda: 1.0,
        "wsd": lambda: 1.0 if done < 0.8 else (1 - done) / 0.2,
        "inverse-sqrt": lambda: math.sqrt(run.warmup / (step + 1)),
    }
    if run.family == "inverse-sqrt":
        return run.lr * shapes[run.family]()
    return run.final + (run.lr - run.final) * shapes[run.family]()


def train(run: Run, file: Path) -> None:
    """Train a run and write its log, whole or not at all."""
    storage.seed_everything(run.seed)
    shape = {"width": 48, "layers": 3, "intermediate": 128, "heads": 3, "kv_heads": 3}
    model = LlamaForCausalLM(config(**shape))
    batches = text_batches(
        {run.corpus: 1.0}, seed=run.seed, rows=run.rows, length=run.length
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=run.lr, betas=(0.9, 0.95))
    lines = ["step,loss,lr,grad_norm,time"]
    saved = None
    step, went_back = 0, False
    while step < run.steps:
        if step == run.back_to and not went_back:
            saved = copy.deepcopy((model.state_dict(), optimiser.state_dict()))
        if step == run.back_at and saved is not None and not went_back:
            model.load_state_dict(saved[0])
            optimiser.load_state_dict(saved[1])
            step, went_back = run.back_to or 0, True
        for group in optimiser.param_groups:
            group["lr"] = rate(run, step)
        loss = model(**batches(step)).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        lines.append(
            f"{step},{float(loss):.5f},{rate(run, step):.6e},{float(norm):.4f},"
            f"{time.time():.3f}"
        )
        step += 1
    partial = file.with_suffix(".partial")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.replace(file)


def main(folder: Path) -> None:
    """Train every run that has no log in ``folder`` yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for run in RUNS:
        file = folder / f"{run.name}.csv"
        if not file.exists():
            train(run, file)
            print(f"{run.name}: {file}", flush=True)
    facts = {run.name: asdict(run) for run in RUNS}
    (folder / "runs.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
