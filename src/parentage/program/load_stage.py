# SPDX-License-Identifier: Apache-2.0
"""Reads stages and scores, and says everything that is wrong with one at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from parentage.artifact.entry import shown
from parentage.errors import StageError
from parentage.program.check_scores import score_problems
from parentage.program.check_stage import stage_problems
from parentage.program.scores import Scores
from parentage.program.stage import Stage
from parentage.verdict.toml_file import parse_toml, read_written
from parentage.verdict.toml_lines import Path as Keys
from parentage.verdict.toml_problems import Found, problems_of, with_lines

M = TypeVar("M", bound=BaseModel)

MAX_BYTES: Final = 50_000_000
"""Of a file of scores: a million ballots fit."""


@dataclass(frozen=True)
class LoadedStage:
    """A stage with what reports say of its file.

    Attributes:
        stage: the stage.
        digest: SHA-256 of the file.
        origin: ``shipped``, or the file.
    """

    stage: Stage
    digest: str
    origin: str


@cache
def shipped_stages() -> dict[str, LoadedStage]:
    """The stages that come with the package, by id, sorted."""
    found = {}
    folder = resources.files("parentage.program").joinpath("stages")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            raw = file.read_bytes()
            stage = parse_stage(raw, file=file.name)
            found[stage.id] = LoadedStage(stage, _digest(raw), "shipped")
    return dict(sorted(found.items()))


def load_stage(name: str) -> LoadedStage:
    """A stage by the id of a shipped one, or by file.

    Raises:
        StageError: there is no such stage, or the file is wrong; the message lists
            everything that is.
    """
    known = shipped_stages()
    if name in known:
        return known[name]
    path = Path(name)
    if not path.suffix and not path.exists():
        raise StageError(
            f"there is no stage '{shown(name)}'",
            expected="a file, or one of " + ", ".join(known),
            advice="List them with `parentage program list`.",
        )
    raw = _read(name)
    return LoadedStage(parse_stage(raw, file=name), _digest(raw), name)


def parse_stage(raw: bytes, *, file: str) -> Stage:
    """Turn TOML into a stage.

    Raises:
        StageError: with every problem and its line in ``problems``.
    """
    data, lines = _toml(raw, file)
    return _checked(Stage, data, lines, file, _problems)


def load_scores(name: str, stage: Stage) -> Scores:
    """Scores of a stage from a file of TOML or JSON.

    Raises:
        StageError: the file cannot be read or is wrong; the message lists everything
            that is.
    """
    raw = _read(name)
    lines = None
    if name.endswith(".json"):
        try:
            data = json.loads(raw, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise StageError(f"is not JSON: {error}", file=shown(name)) from error
    else:
        data, lines = _toml(raw, name)
    return _checked(Scores, data, lines, name, partial(score_problems, stage))


def check_scores(stage: Stage, scores: Scores) -> None:
    """Complain about scores that a stage has no place for.

    Raises:
        StageError: with every problem.
    """
    found = score_problems(stage, scores)
    if found:
        rows = [(0, f"{'.'.join(map(str, k))}: {say}") for k, say in found]
        raise StageError.of("scores", rows)


def _problems(stage: Stage) -> list[Found]:
    found = score_problems(stage, stage.scores)
    return stage_problems(stage) + [(("scores", *keys), say) for keys, say in found]


def _checked(
    model: type[M],
    data: object,
    lines: dict[Keys, int] | None,
    file: str,
    problems: Callable[[M], list[Found]],
) -> M:
    """What a file says as a model, or one error with everything that is wrong."""
    try:
        made = model.model_validate(data)
    except ValidationError as error:
        found = problems_of(error)
    else:
        found = problems(made)
        if not found:
            return made
    raise StageError.of(shown(file), with_lines(found, lines))


def _read(name: str) -> bytes:
    return read_written(
        name, MAX_BYTES, StageError, expected="a file (see docs/stages.md)"
    )


def _toml(raw: bytes, file: str) -> tuple[dict[str, Any], dict[Keys, int]]:
    """Numbers stay as they are written: 28.50 has two decimals."""
    return parse_toml(raw, file, StageError, parse_float=Decimal)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
