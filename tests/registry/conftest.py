# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of the bundled models, made once, and registries of one's own."""

import json
from pathlib import Path

import pytest

from parentage.run.fingerprint import fingerprint

ZOO = Path(__file__).parents[2] / "zoo"


def manifest():
    return json.loads((ZOO / "manifest.json").read_text())


@pytest.fixture(scope="session")
def zoo():
    return ZOO


@pytest.fixture(scope="session")
def fingerprints():
    """Whole ones (the models are small) and small ones, by name."""
    return {
        size: {
            row["id"]: fingerprint(ZOO / row["path"], size=size)
            for row in manifest()["models"]
        }
        for size in (4_000_000, 300_000)
    }


@pytest.fixture(scope="session")
def small(fingerprints):
    return fingerprints[300_000]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """Nothing of the user's is read or written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("PARENTAGE_DATABASE_URL", raising=False)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.db'}"
    return request.getfixturevalue("postgres")
