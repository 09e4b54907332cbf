# SPDX-License-Identifier: Apache-2.0
"""Layers of one model that began as copies of one another.

A depth-scaled model has such layers. One relabelling of the original moves them all,
so their coins are not independent: they must be added before the sign is taken. What
a block with few coins (a router) cannot show is known from the others, so copies are
looked for in the whole module.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from parentage.stats.coins import Part, count

COPIED_Z = 6.0
"""Layers whose coins agree beyond this are taken for copies."""

FEW = 100
"""Below this many coins three quarters of agreement are enough.

Taking independent layers for copies costs coins but no validity, so doubt merges.
"""

Layer = int | None


class Copies:
    """Collects how far a model's own layers agree, block by block."""

    def __init__(self) -> None:
        self._heads: dict[tuple[Layer, Layer], int] = defaultdict(int)
        self._trials: dict[tuple[Layer, Layer], int] = defaultdict(int)
        self._layers: dict[Layer, None] = {}

    def add(self, parts: Iterable[Part], layers: tuple[Layer, ...]) -> None:
        """Count the coins of every pair of the candidate's own layers in a block."""
        self._layers |= dict.fromkeys(layers)
        if len(layers) < 2:
            return
        for part in parts:
            pair = Part(part.units, part.candidate, part.candidate)
            coins = count([pair], effective=False)
            for i, j in zip(*np.triu_indices(len(layers), 1), strict=True):
                self._heads[layers[i], layers[j]] += int(coins.heads[i, j])
                self._trials[layers[i], layers[j]] += int(coins.trials[i, j])

    def clusters(self) -> list[list[Layer]]:
        """Layers in groups of copies; most stand alone."""
        label = {layer: layer for layer in self._layers}
        for (a, b), trials in self._trials.items():
            if trials and self._copied(self._heads[a, b], trials):
                old, new = label[b], label[a]
                label = {k: new if v == old else v for k, v in label.items()}
        found: dict[Layer, list[Layer]] = defaultdict(list)
        for layer, name in label.items():
            found[name].append(layer)
        return list(found.values())

    @staticmethod
    def _copied(heads: int, trials: int) -> bool:
        z = (2 * heads - trials) / math.sqrt(trials)
        return z > COPIED_Z or (trials < FEW and heads >= 0.75 * trials)
