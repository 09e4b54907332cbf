# SPDX-License-Identifier: Apache-2.0
"""Eight honest training records: packets with weights, optimizer states and logs.

``python -m zoo.records.honest FOLDER`` trains what is not there yet. Families differ,
one run was resumed, one had its learning rate restarted, one is a vision-language
model in two stages. Checkpoints are stored in float32, as training holds them, the
released weights in bfloat16.
"""

from __future__ import annotations

import copy
import math
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlavaForConditionalGeneration,
    PreTrainedModel,
)
from zoo.full import networks
from zoo.recipes import moe, storage, tokenizer, vlm
from zoo.recipes.data import Batches, caption_batches, text_batches
from zoo.records.loop import HEADER, Loop, adamw
from zoo.records.manifest import ASKED, write_manifest

from parentage.training.digests import write_digests
from parentage.training.packet import open_packet

LENGTH = 64


@dataclass(frozen=True)
class Stage:
    """A stretch of training under one schedule."""

    name: str
    first: int
    steps: int
    family: str
    lr: float
    final: float
    warmup: int = 30
    frozen: str | None = None

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from the start of the run."""
        done = step - self.first
        if done < self.warmup:
            return self.lr * (done + 1) / self.warmup
        share = (done - self.warmup) / max(1, self.steps - self.warmup)
        shapes: dict[str, Callable[[], float]] = {
            "cosine": lambda: 0.5 * (1 + math.cos(math.pi * share)),
            "linear": lambda: 1 - share,
            "constant": lambda: 1.0,
            "wsd": lambda: 1.0 if share < 0.8 else (1 - share) / 0.2,
        }
        return self.final + (self.lr - self.final) * shapes[self.family]()


@dataclass(frozen=True)
class Record:
    """A run and what its packet holds.

    Attributes:
        name, network, seed: of the run.
        stages: one after the other.
        points: steps of checkpoints besides the first and the last.
        rows: sequences (or pictures) per step.
        back: ``(at, to)``: at the first step training went back to the second.
        replay: first step and number of steps whose batches are handed in.
        corpus: of text.
        asked: steps of each stretch between checkpoints whose batches are handed in.
    """

    name: str
    network: str
    seed: int
    stages: tuple[Stage, ...]
    points: tuple[int, ...] = (100, 200, 300, 350, 450)
    rows: int = 8
    back: tuple[int, int] | None = None
    replay: tuple[int, int] | None = (300, 50)
    corpus: str = "stories"
    asked: int = 16

    @property
    def steps(self) -> int:
        """Number of steps."""
        return self.stages[-1].first + self.stages[-1].steps

    @property
    def marks(self) -> tuple[int, ...]:
        """Steps of all checkpoints, the first and the last among them."""
        return (0, *self.points, self.steps)


def one(family: str, lr: float = 2e-3, final: float = 1e-4) -> tuple[Stage, ...]:
    """A run of a single stage."""
    return (Stage("pretraining", 0, 600, family, lr, final),)


RECORDS: Sequence[Record] = (
    Record("llama-cosine", "llama", 501, one("cosine")),
    Record("llama-resumed", "llama", 502, one("cosine"), back=(400, 350)),
    Record(
        "llama-restarted",
        "llama",
        503,
        (
            Stage("first", 0, 350, "cosine", 2e-3, 1e-4),
            Stage("second", 350, 250, "cosine", 1e-3, 1e-4),
        ),
    ),
    Record("neox-linear", "gpt_neox", 504, one("linear", final=0.0)),
    Record("moe-wsd", "moe", 505, one("wsd", final=0.0)),
    Record("gpt2-constant", "gpt2", 506, one("constant", 1e-3, 1e-3), corpus="notes"),
    Record("vision-cosine", "vision", 507, one("cosine"), rows=32),
    Record(
        "vlm-two-stages",
        "vlm",
        508,
        (
            Stage("all", 0, 400, "cosine", 2e-3, 2e-4),
            Stage("decoder", 400, 200, "cosine", 5e-4, 5e-5, frozen=vlm.ENCODER),
        ),
        points=(100, 200, 300, 350, 400, 500),
    ),
)


def network(kind: str) -> PreTrainedModel:
    """A freshly initialised network."""
    if kind == "vlm":
        return LlavaForConditionalGeneration(vlm.config())
    if kind == "gpt2":
        return GPT2LMHeadModel(
            GPT2Config(
                vocab_size=512,
                n_embd=64,
                n_layer=4,
                n_head=4,
                n_positions=256,
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                bos_token_id=tokenizer.BEGIN,
                eos_token_id=tokenizer.END,
                tie_word_embeddings=False,
            )
        )
    return networks.network(kind)


def data(record: Record, model: PreTrainedModel) -> Batches:
    """Batch of every step."""
    if record.network == "vision":
        return networks.picture_batches(
            seed=record.seed, data_seed=record.seed, rows=record.rows
        )
    if record.network == "vlm":
        return caption_batches(
            seed=record.seed,
            data_seed=record.seed,
            image_tokens=model.config.image_seq_length,
            rows=record.rows,
        )
    return text_batches(
        {record.corpus: 1.0},
        seed=record.seed,
        data_seed=record.seed,
        rows=record.rows,
        length=LENGTH,
    )


def weights(model: torch.nn.Module, folder: Path, dtype: torch.dtype) -> None:
    """Write config and weights in the names of transformers; the model stays as is."""
    twin = copy.deepcopy(model)
    assert isinstance(twin, PreTrainedModel)
    torch.nn.Module.to(twin, dtype=dtype)
    twin.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def optimizer_state(
    model: torch.nn.Module, optimiser: torch.optim.AdamW, file: Path
) -> None:
    """Both moments of every parameter, as tensors under the parameter's name."""
    found: dict[str, torch.Tensor] = {}
    steps = 0
    for name, parameter in model.named_parameters():
        state = optimiser.state.get(parameter)
        if state:
            found[f"{name}.exp_avg"] = state["exp_avg"].clone()
            found[f"{name}.exp_avg_sq"] = state["exp_avg_sq"].clone()
            steps = max(steps, int(state["step"]))
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(found, file, metadata={"step": str(steps)})


class _Tape:
    """What a run leaves behind."""

    def __init__(self, record: Record, folder: Path, model: PreTrainedModel) -> None:
        self.record, self.folder, self.model = record, folder, model

    def keep(self, done: int, optimiser: torch.optim.AdamW | None) -> None:
        if done not in self.record.marks:
            return
        weights(self.model, self.folder / f"checkpoints/step-{done}", torch.float32)
        if optimiser is not None:
            file = self.folder / f"optimizer/step-{done}.safetensors"
            optimizer_state(self.model, optimiser, file)


def train(record: Record, folder: Path) -> None:
    """Train a run and write its packet, whole or not at all."""
    storage.seed_everything(record.seed)
    model = network(record.network)
    trained: torch.nn.Module = model
    if record.network == "vision":
        trained = networks.Reader(model, networks.answers(record.seed).shape[1])
    batches = data(record, model)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    tape = _Tape(record, partial, model)
    tape.keep(0, None)
    hooks = []
    if record.network == "moe":
        hooks.append(moe.balancer(model, model.config.n_routed_experts))
    logs: dict[str, list[str]] = {}
    for stage in record.stages:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(
                stage.frozen is None or not name.startswith(stage.frozen)
            )
        loop = Loop(trained, adamw(trained, stage.lr))

        def after(done: int, loop: Loop = loop) -> None:
            for hook in hooks:
                hook()
            tape.keep(done, loop.optimiser)

        end = stage.first + stage.steps
        if record.back is None:
            loop.steps(range(stage.first, end), batches, stage.rate, after)
        else:
            at, to = record.back
            loop.steps(range(stage.first, to), batches, stage.rate, after)
            saved = copy.deepcopy((trained.state_dict(), loop.optimiser.state_dict()))
            loop.steps(range(to, at), batches, stage.rate, after)
            trained.load_state_dict(saved[0])
            loop.optimiser.load_state_dict(saved[1])
            loop.steps(range(to, end), batches, stage.rate, after)
        logs[stage.name] = loop.lines
    weights(model, partial / "released", torch.bfloat16)
    _write(record, partial, batches, logs, model)
    partial.replace(folder)


def _write(
    record: Record,
    folder: Path,
    batches: Batches,
    logs: dict[str, list[str]],
    model: PreTrainedModel,
) -> None:
    (folder / "logs").mkdir()
    for name, lines in logs.items():
        text = "\n".join([HEADER, *lines]) + "\n"
        (folder / f"logs/{name}.csv").write_text(text, encoding="utf-8")
    if record.replay is not None:
        first, count = record.replay
        held: dict[str, torch.Tensor] = {}
        for step in range(first, first + count):
            for key, value in batches(step).items():
                held[f"{step}.{key}"] = value.clone()
        (folder / "replay").mkdir()
        save_file(held, folder / f"replay/steps-{first}.safetensors")
    complete(record, folder, batches, model)


def complete(
    record: Record, folder: Path, batches: Batches, model: PreTrainedModel
) -> None:
    """Write what follows from the recipe alone: sampled batches, manifest, digests."""
    shutil.rmtree(folder / "segments", ignore_errors=True)
    for first, end in pairwise(record.marks if record.network in ASKED else ()):
        (folder / "segments").mkdir(exist_ok=True)
        held: dict[str, torch.Tensor] = {}
        for step in {
            first + i * (end - first) // record.asked for i in range(record.asked)
        }:
            for key, value in batches(step).items():
                held[f"{step}.{key}"] = value.clone()
        save_file(held, folder / f"segments/steps-{first}.safetensors")
    write_manifest(record, folder, sum(p.numel() for p in model.parameters()))
    write_digests(open_packet(folder))


def refresh(record: Record, folder: Path) -> None:
    """Complete a packet that was written before its recipe had all parts."""
    if record.network in ASKED and not (folder / "segments").exists():
        model = network(record.network)
        complete(record, folder, data(record, model), model)


def fill(records: Sequence[Record], folder: Path) -> None:
    """Train every run that has no packet in ``folder`` yet, and complete the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        target = folder / record.name
        if target.exists():
            refresh(record, target)
        else:
            train(record, target)
            print(f"{record.name}: {target}", flush=True)


if __name__ == "__main__":
    fill(RECORDS, Path(sys.argv[1]))
