# SPDX-License-Identifier: Apache-2.0
"""Which column of a log is which, by a map from the manifest or by its name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from parentage.artifact.entry import shown
from parentage.errors import TrainingLogError
from parentage.training.manifest import Columns


@cache
def aliases() -> Mapping[str, tuple[str, ...]]:
    """Column of a series -> names that logs give it, in order of preference."""
    text = resources.files("parentage.training.readers").joinpath("aliases.toml")
    data = tomllib.loads(text.read_text("utf-8"))
    return {name: tuple(row) for name, row in data.items()}


def assign(
    names: Iterable[str], columns: Columns | None, *, file: str
) -> dict[str, str]:
    """Name in the log -> column of the series.

    Args:
        names: the columns or keys that the log has.
        columns: what the manifest says, which is followed where it says something.
        file: the log, for messages.

    Raises:
        TrainingLogError: the map names a column that is not there, or a column could
            be either of two and the map does not say which.
    """
    have = list(dict.fromkeys(names))
    found: dict[str, str] = {}
    told = columns.model_dump(exclude_none=True) if columns else {}
    for column, name in told.items():
        if name not in have:
            raise TrainingLogError(
                f"has no column {shown(name)!r}",
                file=file,
                expected="one of " + ", ".join(shown(n) for n in have[:30]),
                advice=f"Correct `columns.{column}` of this log in the manifest.",
            )
        found[name] = column
    plain: dict[str, list[str]] = {}
    for name in have:
        # W&B exports of a chart write "run - metric", and its range beside it.
        metric = name.rsplit(" - ", 1)[-1].strip().lower()
        if not metric.endswith(("__min", "__max")):
            plain.setdefault(metric, []).append(name)
    for column, known in aliases().items():
        if column in told:
            continue
        for alias in known:
            same = plain.get(alias, [])
            if len(same) > 1 and column != "step":
                listed = ", ".join(shown(n) for n in same[:6])
                raise TrainingLogError(
                    f"has {len(same)} columns that could be the {column}: {listed}",
                    file=file,
                    expected="one run in a log",
                    advice=f"Say which one with `columns.{column}` in the manifest.",
                )
            if same and same[0] not in found:
                found[same[0]] = column
                break
    return found
