# SPDX-License-Identifier: Apache-2.0
"""The shipped background, typed-in facts and real configs."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from parentage.evidence.architecture import Background, load_background
from parentage.model.architecture import Component, Filled, read_architecture

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def background() -> Background:
    return load_background()


@pytest.fixture(scope="session")
def facts() -> dict[str, Component]:
    """Decoders whose configs were typed in from their sources."""
    file = ROOT / "background" / "architecture_facts.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        m["name"]: read_architecture(m["config"]).components["text_decoder"]
        for m in data["model"]
    }


@pytest.fixture(scope="session")
def entry(background: Background) -> Any:
    """A component of the background by model, as if it came from a config."""

    def find(model: str, kind: str = "text_decoder") -> Component:
        known = next(e for e in background.of(kind) if e.model == model)
        filled = {
            name: Filled(value, "stated", name) for name, value in known.values.items()
        }
        return Component(kind, "", filled, known_type=True)

    return find


@pytest.fixture(scope="session")
def real_config() -> Any:
    """A config of the data folder, by the start of its name."""
    yaml = pytest.importorskip("yaml")
    root = os.environ.get("PARENTAGE_DATA")
    if root is None or not (Path(root) / "configs").is_dir():
        pytest.skip("PARENTAGE_DATA does not name a folder with configs")

    def load(name: str) -> dict[str, Any]:
        file = Path(root) / "configs" / name
        text = file.read_text(encoding="utf-8")
        return yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text)

    return load
