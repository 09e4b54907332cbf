# SPDX-License-Identifier: Apache-2.0
"""The plain script: load both models with torch, cosine of all same-named tensors.

Usage: python torch_cosine.py A/model.safetensors B/model.safetensors
"""

from __future__ import annotations

import json
import sys

import torch
from safetensors.torch import load_file


def main() -> None:
    left, right = load_file(sys.argv[1]), load_file(sys.argv[2])
    result = {}
    for name, a in left.items():
        b = right.get(name)
        if b is not None and b.shape == a.shape:
            x, y = a.flatten().float(), b.flatten().float()
            result[name] = torch.nn.functional.cosine_similarity(x, y, dim=0).item()
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
