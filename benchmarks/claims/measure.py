# SPDX-License-Identifier: Apache-2.0
"""Scores of a pair of models by the statistics that claims are checked with.

Tensors are paired by name and shape, as published scripts do; a pair without common
tensors of a subject has no score.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from parentage.artifact.checkpoint import open_checkpoint
from parentage.stats.vector_pairs import FUNCTIONS, Floats, cosine, pearson

Tensors = Mapping[str, Floats]

PLAIN = ("cosine", "pearson", "relative-l2")
"""Statistics of norm gains and of matrices."""

_LAYER = re.compile(r"\.(\d+)\.")


@lru_cache(maxsize=300)
def tensors(folder: Path) -> Tensors:
    """Every stored tensor of floating numbers, as float64."""
    with open_checkpoint(folder) as checkpoint:
        return {
            name: checkpoint.read_float32(
                name, entry.shape, tuple((0, n) for n in entry.shape)
            ).astype(np.float64)
            for name, entry in checkpoint.entries.items()
            if "F" in entry.dtype
        }


def subject(name: str, values: Floats) -> str:
    """What a tensor is to a claim: its name decides, as in published scripts."""
    if values.ndim == 1:
        return "norm-gains" if "norm" in name and name.endswith("weight") else "other"
    if values.ndim != 2:
        return "other"
    if any(part in name for part in ("embed", "lm_head", "wte")):
        return "embeddings"
    return "matrices"


def scores(candidate: Tensors, reference: Tensors) -> dict[str, float]:
    """Every statistic that the pair has a finite score of."""
    common = [
        (name, values, reference[name])
        for name, values in candidate.items()
        if name in reference and reference[name].shape == values.shape
    ]
    by: dict[str, list[tuple[str, Floats, Floats]]] = {}
    for name, a, b in common:
        by.setdefault(subject(name, a), []).append((name, a, b))
    found = {
        f"{statistic}/{kind}": _mean(
            FUNCTIONS[statistic](a.ravel(), b.ravel()) for _, a, b in by.get(kind, [])
        )
        for kind in ("norm-gains", "matrices")
        for statistic in PLAIN
    }
    found["cosine/all-tensors"] = _mean(
        cosine(a.ravel(), b.ravel()) for _, a, b in common
    )
    found["cosine/embeddings"] = _mean(
        _mean(cosine(x, y) for x, y in zip(a[::4], b[::4], strict=True))
        for name, a, b in by.get("embeddings", [])
        if "embed_tokens" in name or "embed_in" in name
    )
    found["sigma-correlation/layers"] = _curves(by.get("matrices", []))
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _curves(matrices: Iterable[tuple[str, Floats, Floats]]) -> float:
    """Mean correlation of the curves of standard deviations over depth."""
    curves: dict[str, list[tuple[int, float, float]]] = {}
    for name, a, b in matrices:
        layer = _LAYER.search(name)
        if layer and any(p in name for p in ("q_proj", "k_proj", "v_proj", "o_proj")):
            row = curves.setdefault(name.replace(layer[0], ".*.", 1), [])
            row.append((int(layer[1]), float(a.std()), float(b.std())))
    return _mean(
        pearson(*np.array(sorted(row))[:, 1:].T)
        for row in curves.values()
        if len(row) > 2
    )


def _mean(values: Iterable[float]) -> float:
    finite = [v for v in values if math.isfinite(v)]
    return float(np.mean(finite)) if finite else math.nan
