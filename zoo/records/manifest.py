# SPDX-License-Identifier: Apache-2.0
"""The manifest of a small run's packet, from its recipe and from what was written."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.records.honest import Record, Stage

PEAK = 2e11
"""Operations per second that the processors of a small machine reach at most."""

REPEATABLE = frozenset({"llama", "gpt_neox", "gpt2", "vlm"})
"""Networks whose training is the library's model and its loss and nothing else: the
mixture of experts is balanced by own code, the picture reader has a head beside it."""

ASKED = REPEATABLE | {"moe"}
"""Networks that can be asked for the loss of a batch: the library's model has it. The
picture reader's loss needs a head that is not part of the model."""

LOSSES = {"vision": "binary-cross-entropy"}

Value = str | int | float | bool | dict[str, "Value"] | list["Value"]


def toml(value: Value) -> str:
    """A value as TOML; a JSON text is one for all but tables and infinities."""
    if isinstance(value, dict):
        rows = ", ".join(f"{k} = {toml(v)}" for k, v in value.items())
        return "{ " + rows + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return json.dumps(value)


def table(name: str, rows: dict[str, Value]) -> str:
    """A table of TOML."""
    return "\n".join([name, *(f"{k} = {toml(v)}" for k, v in rows.items())]) + "\n"


def write_manifest(record: Record, folder: Path, parameters: int) -> None:
    """Write ``packet.toml`` for what lies in the folder."""
    text = record.network not in ("vision", "vlm")
    model: dict[str, Value] = {
        "name": record.name,
        "released": "released",
        "parameters": parameters,
    }
    if record.network != "vision":
        model["vocabulary"] = 512
    parts = ['schema = "parentage.packet/1"\n', table("[model]", model)]
    start: dict[str, Value] = {
        "weights": "checkpoints/step-0",
        "seed": record.seed,
        "framework": "transformers, PreTrainedModel.init_weights",
    }
    if record.network not in ("vision", "vlm"):
        # The vision encoder draws by fan-in, which the manifest leaves undeclared.
        start["default"] = {"distribution": "normal", "std": 0.02}
    if record.network == "gpt2":
        std = 0.02 / (2 * 4) ** 0.5
        out: Value = {"distribution": "normal", "std": std}
        start["roles"] = {"o_proj": out, "fc_out": out}
    parts.append(table("[initialisation]", start))
    parts += [
        table("[[stages]]", _stage(record, stage, folder, text=text))
        for stage in record.stages
    ]
    for file in sorted(folder.glob("checkpoints/step-*"), key=_step):
        row: dict[str, Value] = {
            "step": _step(file),
            "weights": f"checkpoints/{file.name}",
        }
        state = f"optimizer/{file.name}.safetensors"
        if (folder / state).exists():
            row["optimizer"] = state
        if row["step"]:
            parts.append(table("[[checkpoints]]", row))
    if record.replay is not None and record.network in REPEATABLE:
        first, count = record.replay
        replay: dict[str, Value] = {
            "from_step": first,
            "steps": count,
            "batches": f"replay/steps-{first}.safetensors",
        }
        parts.append(table("[[replays]]", replay))
    if record.network in ASKED:
        parts += [
            table(
                "[[segments]]",
                {
                    "from_step": first,
                    "to_step": end,
                    "batches": f"segments/steps-{first}.safetensors",
                },
            )
            for first, end in pairwise(record.marks)
        ]
    (folder / "packet.toml").write_text("\n".join(parts), encoding="utf-8")


def _step(path: Path) -> int:
    return int(path.name.removeprefix("step-").removesuffix(".safetensors"))


def _stage(
    record: Record, stage: Stage, folder: Path, *, text: bool
) -> dict[str, Value]:
    kind = "pretraining" if stage.first == 0 else "continued"
    schedule: dict[str, Value] = {
        "family": stage.family,
        "warmup_steps": stage.warmup,
        "total_steps": stage.first + stage.steps,
        "final_lr": stage.final,
    }
    if stage.family == "wsd":
        schedule["decay_steps"] = (stage.steps - stage.warmup) // 5
    times = [
        float(line.rsplit(",", 1)[1])
        for line in (folder / f"logs/{stage.name}.csv").read_text("utf-8").split()[1:]
    ]
    row: dict[str, Value] = {
        "name": stage.name,
        "kind": kind,
        "loss": LOSSES.get(record.network, "token-cross-entropy"),
        "first_step": stage.first,
        "steps": stage.steps,
        "batch_size": record.rows,
        "optimizer": {
            "name": "adamw",
            "peak_lr": stage.lr,
            "betas": [0.9, 0.95],
            "weight_decay": 0.1,
            "gradient_clip": 1.0,
        },
        "schedule": schedule,
        "logs": [{"path": f"logs/{stage.name}.csv", "complete": True}],
        "hardware": [
            {
                "accelerator": "two processor cores",
                "count": 1,
                "hours": max((times[-1] - times[0]) / 3600, 1e-4),
                "precision": "fp32",
                "peak_flops": PEAK,
            }
        ],
    }
    if text:
        row["sequence_length"] = 64
        row["data"] = {
            "tokens": stage.steps * record.rows * 64,
            "order_seed": record.seed,
            "sources": [{"name": record.corpus, "licence": "CC0-1.0"}],
        }
    if record.back is not None:
        at, to = record.back
        row["resumes"] = [{"step": to, "reason": "stopped", "until": at - 1}]
    return row
