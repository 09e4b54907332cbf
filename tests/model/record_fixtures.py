# SPDX-License-Identifier: Apache-2.0
"""Record names and shapes of each family from the transformers library's classes.

Run as ``python tests/model/record_fixtures.py [NAME ...]``. A tiny model with random
weights is built, saved, and the header of the saved file is read back, so that the
names are those found on disk. Needs torch and transformers.
"""

from __future__ import annotations

import json
import struct
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"


def recipes() -> dict[str, dict[str, Any]]:
    """All recipes, by fixture name."""
    return tomllib.loads((HERE / "recipes.toml").read_text(encoding="utf-8"))


def read_header(file: Path) -> dict[str, list[Any]]:
    """Name -> [dtype, shape] as a safetensors file lists them."""
    with file.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    return {name: [e["dtype"], e["shape"]] for name, e in sorted(header.items())}


def record(recipe: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Build, save and read back one model."""
    import torch
    import transformers

    kwargs = dict(recipe["kwargs"]) | dict.fromkeys(recipe.get("none", ()))
    config = getattr(transformers, recipe["config"])(**kwargs)
    torch.manual_seed(0)
    model = getattr(transformers, recipe["model"])(config)
    stacked = bool(recipe.get("stacked"))
    model.save_pretrained(folder, save_original_format=not stacked)
    tensors: dict[str, list[Any]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= read_header(file)
    kept = set(model.state_dict())
    buffers = sum(b.numel() for n, b in model.named_buffers() if n in kept)
    saved = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return {
        "recipe": recipe,
        "versions": {
            "torch": str(torch.__version__).split("+", maxsplit=1)[0],
            "transformers": transformers.__version__,
        },
        "parameters": model.num_parameters(),
        "buffers": buffers,
        "config": saved,
        "tensors": tensors,
    }


def dumps(fixture: dict[str, Any]) -> str:
    """Stable text: one line per tensor."""
    rows = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(value)}"
        for name, value in fixture["tensors"].items()
    )
    rest = {key: value for key, value in fixture.items() if key != "tensors"}
    head = json.dumps(rest, sort_keys=True)[1:-1]
    return f'{{{head},\n "tensors": {{\n{rows}\n}}}}\n'


def main(names: list[str]) -> None:
    """Record the named fixtures, or all."""
    FIXTURES.mkdir(exist_ok=True)
    for name, recipe in recipes().items():
        if names and name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            fixture = record(recipe, Path(folder))
        (FIXTURES / f"{name}.json").write_text(dumps(fixture), encoding="utf-8")
        sys.stderr.write(f"{name}: {len(fixture['tensors'])} tensors\n")


if __name__ == "__main__":
    main(sys.argv[1:])
