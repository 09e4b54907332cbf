# SPDX-License-Identifier: Apache-2.0
"""Build one model in a worker process, and write its row beside it."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from zoo.full.spec import Item

LIBRARIES = ("torch", "transformers", "safetensors", "numpy")


def sha256(folder: Path) -> str:
    """Digest of a model's weights."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def count(weights: Path) -> int:
    """Number of stored weights."""
    with safe_open(weights, framework="pt") as file:
        return sum(file.get_tensor(name).numel() for name in file.keys())  # noqa: SIM118


def read_row(folder: Path) -> dict[str, Any] | None:
    """The row of a finished model, or ``None``."""
    path = folder / "row.json"
    if not path.exists():
        return None
    row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return row


def thin(curve: list[tuple[int, float]], points: int = 8) -> list[tuple[int, float]]:
    """A few points of a loss curve, the first and the last among them."""
    if len(curve) <= points:
        return curve
    return [curve[round(i * (len(curve) - 1) / (points - 1))] for i in range(points)]


def make(item: Item, cache: Path) -> dict[str, Any]:
    """Build a model into its folder, which appears only when it is complete.

    Args:
        item: what to build; what it needs lies in the cache.
        cache: folder of all models.

    Returns:
        Its row of the manifest.
    """
    from zoo.full import derive, pretrain

    torch.set_num_threads(1)
    started = time.monotonic()
    temporary = cache / f".{item.id}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    settings: dict[str, Any] = dict(item.recipe)
    kind = settings.pop("make")
    extra: dict[str, Any] = {}
    if kind == "pretrain":
        curve = pretrain.pretrain(temporary, **settings)
    elif kind == "snapshot":
        curve = pretrain.snapshot(temporary, cache, **settings)
    else:
        curve, extra = derive.derive(temporary, cache, item)
    row = {
        "id": item.id,
        "kind": item.kind,
        "architecture": item.architecture,
        "group": item.group,
        "recipe": dict(item.recipe),
        "seed": settings.get("seed"),
        "init_seed": settings.get("init_seed"),
        "data": data(settings),
        "steps": settings.get("steps", 0),
        "loss": thin(curve),
        "parameters": count(temporary / "model.safetensors"),
        "sha256": sha256(temporary),
        "parents": item.truth(),
        "sources": list(item.sources),
        "honest": item.honest,
        **extra,
        "digest": item.digest(),
        "needs": {name: sha256(cache / name) for name in item.needs},
        "seconds": round(time.monotonic() - started, 1),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    }
    (temporary / "row.json").write_text(json.dumps(row, indent=1), encoding="utf-8")
    folder = cache / item.id
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return row


def data(settings: dict[str, Any]) -> str | None:
    """What it was trained on, in words."""
    train = settings.get("train") or settings
    corpora = train.get("corpora")
    if not corpora:
        return None
    shares = ", ".join(f"{name} {share:g}" for name, share in sorted(corpora.items()))
    return f"{shares}; data seed {train.get('data_seed', 0)}"
