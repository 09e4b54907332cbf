# SPDX-License-Identifier: Apache-2.0
"""Real configs, where the folder of real data is there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def real_configs() -> dict[str, dict[str, Any]]:
    """Every JSON and YAML config of the data folder, by file name."""
    yaml = pytest.importorskip("yaml")
    root = os.environ.get("PARENTAGE_DATA")
    if root is None or not (Path(root) / "configs").is_dir():
        pytest.skip("PARENTAGE_DATA does not name a folder with configs")
    found: dict[str, dict[str, Any]] = {}
    for file in sorted((Path(root) / "configs").iterdir()):
        text = file.read_text(encoding="utf-8")
        data = yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text)
        found[file.name] = data
    return found
