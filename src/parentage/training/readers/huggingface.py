# SPDX-License-Identifier: Apache-2.0
"""``trainer_state.json`` of transformers' Trainer, entry by entry."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from parentage.training.manifest import Columns
from parentage.training.readers.json_stream import JsonDamage, entries
from parentage.training.readers.names import assign
from parentage.training.readers.source import number
from parentage.training.series import Builder

STATED: Final = (
    *("global_step", "max_steps", "num_train_epochs", "total_flos", "logging_steps"),
    *("train_batch_size", "num_input_tokens_seen", "epoch"),
)
"""What the state says about the run as a whole, beside its history."""

SUMMARY: Final = ("train_runtime", "train_samples_per_second", "train_steps_per_second")


def read_trainer_state(path: Path, columns: Columns | None, build: Builder) -> None:
    """Read the history into ``build``; what the file says of the run is ``stated``.

    A file that is cut or damaged yields what precedes the damage, which is a fact.

    Raises:
        TrainingLogError: the file is no JSON object at all.
    """
    # Entries have few different sets of keys; what a key means is settled once each.
    known: dict[tuple[str, ...], dict[str, str]] = {}
    try:
        for line, key, value in entries(path, frozenset({"log_history"})):
            if key == "log_history" and isinstance(value, dict):
                names = tuple(value)
                if names not in known:
                    told = columns if columns and _has_all(columns, names) else None
                    known[names] = assign(names, told, file=path.name)
                _entry(line, value, known[names], build)
            elif key == "log_history":
                build.fact("unreadable-line", line, text=f"not an object: {value!r}")
            elif key in STATED and (found := number(value)) is not None:
                build.stated[str(key)] = found
    except JsonDamage as damage:
        note_damage(damage, build)


def note_damage(damage: JsonDamage, build: Builder) -> None:
    """Keep where and how a JSON file is damaged as a fact."""
    code = "truncated" if damage.truncated else "damaged"
    build.fact(code, damage.line, text=damage.message)


def _entry(
    line: int, entry: dict[str, object], known: dict[str, str], build: Builder
) -> None:
    values = {}
    for name, column in known.items():
        value = number(entry[name])
        if value is not None:
            values[column] = value
    for name in SUMMARY:
        # The last entry sums the run up; its mean loss is no point of the curve.
        if (found := number(entry.get(name))) is not None:
            build.stated[name] = found
            values.pop("loss", None)
    if "step" in values:
        build.add(line, values)
    else:
        build.fact("no-step", line, text=", ".join(entry))


def _has_all(columns: Columns, names: tuple[str, ...]) -> bool:
    return set(columns.model_dump(exclude_none=True).values()) <= set(names)
