# SPDX-License-Identifier: Apache-2.0
"""The plain script: the same numbers for all same-named tensors, with torch.

Usage: python torch_diff.py A/model.safetensors B/model.safetensors
"""

from __future__ import annotations

import json
import sys

import torch
from safetensors import safe_open


def main() -> None:
    result = {}
    with (
        safe_open(sys.argv[1], "pt") as left,
        safe_open(sys.argv[2], "pt") as right,
        torch.inference_mode(),
    ):
        names = set(right.keys())
        for name in left.keys():  # noqa: SIM118 - not a dict
            if name not in names:
                continue
            a, b = left.get_tensor(name), right.get_tensor(name)
            changed = (a != b).float().mean().item()
            x, y = a.flatten().float(), b.flatten().float()
            d = x - y
            result[name] = {
                "changed": changed,
                "cosine": torch.nn.functional.cosine_similarity(x, y, dim=0).item(),
                "pearson": torch.nn.functional.cosine_similarity(
                    x - x.mean(), y - y.mean(), dim=0
                ).item(),
                "relative_l2": (d.norm() / x.norm()).item(),
                "norm_ratio": (y.norm() / x.norm()).item(),
                "max_abs": d.abs().max().item(),
                "not_finite": int((~x.isfinite()).sum() + (~y.isfinite()).sum()),
            }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
