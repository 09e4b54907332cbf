# SPDX-License-Identifier: Apache-2.0
"""Build the bundled models: ``python -m zoo.recipes.build``.

Models that exist and have their row in the manifest are kept; ``--force`` and names
retrain them.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import platform
import re
import shutil
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors import safe_open
from zoo.recipes import comparisons
from zoo.recipes.plan import PLAN, Planned
from zoo.recipes.training import Curve

ZOO = Path(__file__).resolve().parents[1]
LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")


def arguments(planned: Planned) -> dict[str, object]:
    """All settings of a recipe: its defaults, overridden by the plan."""
    parameters = inspect.signature(planned.recipe).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return {**defaults, **planned.parameters}


def count(weights: Path) -> int:
    """Number of stored weights, a router's balancing bias included."""
    with safe_open(weights, framework="pt") as file:
        return sum(file.get_tensor(name).numel() for name in file.keys())  # noqa: SIM118


def row(planned: Planned, folder: Path, curve: Curve) -> dict[str, object]:
    """The manifest's row of a model that has just been built."""
    settings = arguments(planned)
    weights = folder / "model.safetensors"
    return {
        "id": planned.name,
        "path": f"models/{planned.name}",
        "recipe": {
            "function": f"{planned.recipe.__module__}.{planned.recipe.__name__}",
            "parameters": settings,
        },
        "seed": settings["seed"],
        "init_seed": settings.get("init_seed"),
        "data": planned.data,
        "steps": settings["steps"],
        "loss": curve,
        "parameters": count(weights),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "threads": torch.get_num_threads(),
        "parentage": [asdict(inheritance) for inheritance in planned.parentage],
    }


def write(path: Path, manifest: dict[str, object]) -> None:
    """Write the manifest, with each list of numbers on one line."""
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    numbers = re.compile(r"\[\s+([-+.e\d,\s]+?)\s+\]")
    text = numbers.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    path.write_text(text + "\n", encoding="utf-8")


def build(zoo: Path, names: set[str], *, force: bool) -> None:
    """Build what is missing, and bring the manifest up to date after each model.

    Args:
        zoo: folder of the manifest.
        names: models to build; empty for all.
        force: build them even if they exist.
    """
    path = zoo / "manifest.json"
    old = (
        json.loads(path.read_text(encoding="utf-8"))["models"] if path.exists() else []
    )
    known: dict[str, dict[str, object]] = {model["id"]: model for model in old}
    for planned in PLAN:
        folder = zoo / "models" / planned.name
        wanted = not names or planned.name in names
        present = (folder / "model.safetensors").exists() and planned.name in known
        if not wanted or (present and not force):
            continue
        shutil.rmtree(folder, ignore_errors=True)
        started = time.monotonic()
        curve = planned.recipe(folder, **planned.parameters)
        known[planned.name] = row(planned, folder, curve)
        seconds = time.monotonic() - started
        print(
            f"{planned.name}: loss {curve[0][1]} -> {curve[-1][1]}, {seconds:.0f} s",
            flush=True,
        )
        manifest: dict[str, object] = {
            "schema": "parentage.zoo/1",
            "models": [known[p.name] for p in PLAN if p.name in known],
            "comparisons": comparisons.rows(zoo / "models"),
        }
        write(path, manifest)


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="models to build (default: all)")
    parser.add_argument("--force", action="store_true", help="retrain existing ones")
    parser.add_argument("--zoo", type=Path, default=ZOO, help="folder to write to")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    build(options.zoo, set(options.names), force=options.force)


if __name__ == "__main__":
    main()
