# SPDX-License-Identifier: Apache-2.0
"""The manifest of the full zoo: the rows of all models that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zoo.full.spec import Item

SCHEMA = "parentage.zoo-full/1"


def collect(items: Iterable[Item], folder: Path) -> dict[str, Any]:
    """Gather the rows beside the models, in the order of the plan."""
    paths = [folder / item.id / "row.json" for item in items]
    rows = [json.loads(p.read_text(encoding="utf-8")) for p in paths if p.exists()]
    return {"schema": SCHEMA, "models": rows}


def write(path: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, with each short list of numbers on one line."""
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    numbers = re.compile(r"\[\s+([-+.e\d,\s]+?)\s+\]")
    text = numbers.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    """The models of a manifest."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["models"]
    return rows
