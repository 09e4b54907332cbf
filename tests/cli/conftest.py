# SPDX-License-Identifier: Apache-2.0
"""The command line in this process, with the bundled models."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from parentage.cli.main import main

ZOO = Path(__file__).parents[2] / "zoo"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture(name="run")
def run_fixture(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("PARENTAGE_ZOO", raising=False)

    def run(*words):
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture(name="zoo", scope="session")
def zoo_fixture():
    return ZOO


@pytest.fixture(name="models", scope="session")
def models_fixture():
    return ZOO / "models"
