# SPDX-License-Identifier: Apache-2.0
"""Two models of 4 GB in BF16: random, Llama-shaped; the second is tuned with noise.

Usage: python -m benchmarks.diff.make_models FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np

from parentage.testing.synthetic import Shape, header

SHAPE = Shape(
    hidden_size=4096,
    intermediate_size=11264,
    num_hidden_layers=9,
    num_attention_heads=32,
    num_key_value_heads=8,
    vocab_size=48000,
)
"""2.0 billion parameters: 4.0 GB in BF16."""

KEPT = 5
"""Every fifth tensor stays as it is, as in a tuning that freezes some."""


def main() -> None:
    folder = Path(sys.argv[1])
    shapes = SHAPE.shapes()
    sizes = {n: ("BF16", s, 2 * int(np.prod(s))) for n, s in shapes.items()}
    files = []
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "config.json").write_text(json.dumps(SHAPE.config()))
        files.append((folder / name / "model.safetensors").open("wb"))
        files[-1].write(header(sizes))
    for number, shape in enumerate(shapes.values()):
        rng = np.random.default_rng([7, number])
        values = rng.standard_normal(shape, dtype=np.float32)
        values *= np.float32(0.02)
        if len(shape) == 1:
            values += np.float32(1)
        kept = values.astype(ml_dtypes.bfloat16)
        files[0].write(kept.tobytes())
        if number % KEPT:
            values += np.float32(0.002) * rng.standard_normal(shape, dtype=np.float32)
            kept = values.astype(ml_dtypes.bfloat16)
        files[1].write(kept.tobytes())
    for file in files:
        file.close()


if __name__ == "__main__":
    main()
