# SPDX-License-Identifier: Apache-2.0
"""A made-up lineage of thousands of models whose shape is like that of public hubs.

A few families hold most models: each new model descends from one that already has many
descendants, now and then from two (another model's encoder, a merge), and some stand
alone. Drawn from a fixed seed; no model of it exists.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FOUNDERS = 60
ALONE = 0.12
"""Share of models of which no relative is known."""
SECOND = 0.06
"""Share of models with a second parent."""
MODULES = ("text_decoder", "vision_encoder", "embedding")


def lineage(count: int = 5000, seed: int = 9) -> dict[str, list[dict[str, Any]]]:
    """Nodes and edges as the portal's lineage endpoint tells them."""
    rng = np.random.default_rng(seed)
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    weight = np.zeros(count)
    family = np.zeros(count, dtype=int)
    for i in range(count):
        if i < FOUNDERS or rng.random() < ALONE:
            family[i] = i
            weight[i] = 3.0 if i < FOUNDERS else 0.02
            nodes.append(_node(i, f"family-{i}", None))
            continue
        odds = weight[:i] / weight[:i].sum()
        parent = int(rng.choice(i, p=odds))
        family[i] = family[parent]
        weight[parent] += 1
        weight[i] = 0.4
        edge = _edge(i, parent, rng)
        edges.append(edge)
        nodes.append(_node(i, f"family-{family[i]}", edge["finding"]))
        if rng.random() < SECOND:
            other = int(rng.choice(i, p=odds))
            if other != parent:
                edges.append(_edge(i, other, rng))
    return {"nodes": nodes, "edges": edges}


def _node(i: int, family: str, finding: str | None) -> dict[str, Any]:
    return {
        "id": f"m{i}",
        "name": f"{family}/model-{i}",
        "organisation": family,
        "family": family,
        "finding": finding,
        "released": None,
        "parameters": None,
        "model_id": None,
    }


def _edge(child: int, parent: int, rng: np.random.Generator) -> dict[str, Any]:
    finding = rng.choice(
        ["", "identical", "reused", "correspondence"], p=[0.55, 0.1, 0.32, 0.03]
    )
    return {
        "child": f"m{child}",
        "parent": f"m{parent}",
        "declared": bool(rng.random() < 0.8) or not finding,
        "finding": str(finding) or None,
        "share": round(float(rng.uniform(0.02, 1)), 3),
        "modules": [str(rng.choice(MODULES))] if finding else [],
        "report_id": None,
    }
