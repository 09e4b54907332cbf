# SPDX-License-Identifier: Apache-2.0
"""JSON with one object per metric: Megatron's golden values, evaluation results."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Final

from parentage.training.readers.huggingface import note_damage
from parentage.training.readers.json_stream import JsonDamage, entries
from parentage.training.readers.source import number
from parentage.training.series import Builder

METRICS: Final = {
    "lm loss": "loss",
    "lm loss validation": "eval_loss",
    "iteration-time": "step_time",
    "grad-norm": "grad_norm",
    "learning-rate": "lr",
}


def read_golden(path: Path, build: Builder) -> None:
    """Megatron's golden values: per metric an object of step to value.

    Every metric lists the same steps; what is ``nan`` was not logged there.
    """
    rows: dict[int, dict[str, float]] = {}
    where: dict[int, int] = {}
    try:
        for line, key, value in entries(path):
            column = METRICS.get(str(key))
            if column is None or not isinstance(value, dict):
                continue
            values = value.get("values")
            if not isinstance(values, dict):
                continue
            for name in ("end_step", "step_interval"):
                if (found := number(value.get(name))) is not None:
                    build.stated[name] = found
            missing = 0
            for text, entry in values.items():
                step, found = number(text), number(entry)
                if step is None or not math.isfinite(step) or found is None:
                    build.fact("unreadable-line", line, text=f"{text}: {entry!r}")
                elif column != "loss" and math.isnan(found):
                    missing += 1  # the writer's word for "not logged at this step"
                else:
                    rows.setdefault(int(step), {})[column] = found
                    where.setdefault(int(step), line)
            if missing:
                build.fact("not-logged", line, text=f"{column}: {missing}")
    except JsonDamage as damage:
        note_damage(damage, build)
    for record, (step, values) in enumerate(rows.items(), 1):
        build.add(record, {"step": float(step), **values})


_STEP = re.compile(r"(?:step|iter(?:ation)?)[_-]?(\d+)", re.IGNORECASE)


def read_evaluation(path: Path, build: Builder) -> None:
    """Results of the evaluation harness: one step per file, named in the file's name.

    ``eval_loss`` is the logarithm of the perplexity per word on LAMBADA, where it was
    measured: the one entry that is a loss.
    """
    try:
        for line, key, value in entries(path):
            if key != "results" or not isinstance(value, dict):
                continue
            match = _STEP.findall(path.stem)
            values = {"step": float(match[-1])} if match else {}
            if not match:
                build.fact("no-step", line, text=path.name)
            for task, scores in value.items():
                found = number(scores.get("ppl")) if isinstance(scores, dict) else None
                if task.startswith("lambada") and found and found > 0:
                    values["eval_loss"] = math.log(found)
            accuracies = [
                a
                for scores in value.values()
                if isinstance(scores, dict)
                and (a := number(scores.get("acc"))) is not None
            ]
            build.stated["tasks"] = float(len(value))
            if accuracies:
                build.stated["mean_accuracy"] = sum(accuracies) / len(accuracies)
            if values:
                build.add(line, values)
    except JsonDamage as damage:
        note_damage(damage, build)
