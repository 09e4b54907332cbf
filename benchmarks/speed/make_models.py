# SPDX-License-Identifier: Apache-2.0
"""Write the models that the speed benchmark reads: random, Llama-shaped, BF16."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np

from parentage.artifact.checkpoint import open_checkpoint
from parentage.testing.synthetic import Shape, header, random_tensors

SMALL = Shape(
    hidden_size=2048,
    intermediate_size=5632,
    num_hidden_layers=22,
    num_attention_heads=32,
    num_key_value_heads=4,
    vocab_size=32000,
)
"""1.1 billion parameters: 2.2 GB in BF16."""

LARGE = Shape(
    hidden_size=4096,
    intermediate_size=11264,
    num_hidden_layers=22,
    num_attention_heads=64,
    num_key_value_heads=8,
    vocab_size=64000,
)
"""Four times as many parameters."""


def build(folder: Path, shape: Shape, seed: int, parent: Path | None = None) -> Path:
    """Write one model unless it is there; a descendant when a parent is given."""
    file = folder / "model.safetensors"
    if file.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(shape.config()))
    base = open_checkpoint(parent) if parent else None

    def of_parent(name: str) -> np.ndarray:
        assert base is not None
        size = base.entries[name].shape
        return base.read_float32(name, size, tuple((0, n) for n in size))

    sizes = {
        name: ("BF16", size, 2 * int(np.prod(size)))
        for name, size in shape.shapes().items()
    }
    partial = file.with_suffix(".partial")
    with partial.open("wb") as out:
        out.write(header(sizes))
        for _, values in random_tensors(
            shape, seed, parent=of_parent if base else None, correlation=0.5
        ):
            out.write(values.astype(ml_dtypes.bfloat16).tobytes())
    partial.rename(file)
    if base:
        base.close()
    return folder


def main() -> None:
    folder = Path(sys.argv[1])
    build(folder / "small-a", SMALL, 1)
    build(folder / "small-b", SMALL, 2, folder / "small-a")
    if "--large" in sys.argv:
        build(folder / "large-a", LARGE, 3)
        build(folder / "large-b", LARGE, 4, folder / "large-a")


if __name__ == "__main__":
    main()
