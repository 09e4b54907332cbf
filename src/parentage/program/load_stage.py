# SPDX-License-Identifier: Apache-2.0
"""Reads stages and scores, and says everything that is wrong with one at once."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from parentage.artifact.entry import shown
from parentage.errors import StageError
from parentage.program.check_scores import score_problems
from parentage.program.check_stage import stage_problems
from parentage.program.scores import Scores
from parentage.program.stage import Stage
from parentage.verdict.toml_lines import lines_of
from parentage.verdict.toml_problems import Found, problems_of, with_lines

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
    raw = _read(path)
    return LoadedStage(parse_stage(raw, file=name), _digest(raw), name)


def parse_stage(raw: bytes, *, file: str) -> Stage:
    """Turn TOML into a stage.

    Raises:
        StageError: with every problem and its line in ``problems``.
    """
    data, lines = _toml(raw, file)
    found: list[Found] = []
    stage = None
    try:
        stage = Stage.model_validate(data)
    except ValidationError as error:
        found += problems_of(error)
    else:
        found += stage_problems(stage)
        found += [(("scores", *k), s) for k, s in score_problems(stage, stage.scores)]
    if found or stage is None:
        raise StageError.of(shown(file), with_lines(found, lines))
    return stage


def load_scores(name: str, stage: Stage) -> Scores:
    """Scores of a stage from a file of TOML or JSON.

    Raises:
        StageError: the file cannot be read or is wrong; the message lists everything
            that is.
    """
    raw = _read(Path(name))
    if name.endswith(".json"):
        try:
            data, lines = json.loads(raw, parse_float=Decimal), None
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise StageError(f"is not JSON: {error}", file=shown(name)) from error
    else:
        data, lines = _toml(raw, name)
    found: list[Found] = []
    scores = None
    try:
        scores = Scores.model_validate(data)
    except ValidationError as error:
        found += problems_of(error)
    else:
        found += score_problems(stage, scores)
    if found or scores is None:
        raise StageError.of(shown(name), with_lines(found, lines))
    return scores


def check_scores(stage: Stage, scores: Scores) -> None:
    """Complain about scores that a stage has no place for.

    Raises:
        StageError: with every problem.
    """
    found = score_problems(stage, scores)
    if found:
        rows = [(0, f"{'.'.join(map(str, k))}: {say}") for k, say in found]
        raise StageError.of("scores", rows)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StageError(
                "is too large", file=shown(str(path)), expected=f"{MAX_BYTES} bytes"
            )
        return path.read_bytes()
    except OSError as error:
        raise StageError(
            f"cannot be read: {error.strerror or error}",
            file=shown(str(path)),
            expected="a file (see docs/stages.md)",
        ) from error


def _toml(raw: bytes, file: str) -> tuple[dict[str, Any], dict[Any, int]]:
    """Numbers stay as they are written: 28.50 has two decimals."""
    try:
        text = raw.decode("utf-8")
        return tomllib.loads(text, parse_float=Decimal), lines_of(text)
    except (
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise StageError(
            f"is not TOML: {error}", file=shown(file), expected="UTF-8 text in TOML"
        ) from error


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
