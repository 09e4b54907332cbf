# SPDX-License-Identifier: Apache-2.0
"""Scores of known-independent pairs, against which an alignment is ranked.

The table (``controls.json``) is measured by ``benchmarks/calibration/alignment.py``
on pairs of small trained models: widths of 64 dims, six layers. Wider models have
smaller scores when independent, because the cosine of unrelated vectors shrinks with
the width, so ranking them among these controls errs towards innocence; but nobody has
measured strong large models trained on the same data, and functional convergence may
grow with scale. That is why a rank is never enough: the effect must also pass a floor
well above every control, and the finding is never an accusation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from parentage.stats.conformal import Tail

DEPTHS = ("early", "middle", "late")
"""Thirds of a model's depth."""


@dataclass(frozen=True)
class Controls:
    """Control scores by what they are a score of.

    Attributes:
        best: largest effect of any layer of a pair, by ``shape class/block``.
        layers: effect of a layer, by ``shape class/block/depth``.
        tokens: held-out cosine of token rows, by role.
    """

    best: dict[str, Tail]
    layers: dict[str, Tail]
    tokens: dict[str, Tail]

    def of_best(self, shape: str, block: str) -> Tail:
        """Controls of a module's largest effect; empty where there are none."""
        return self.best.get(f"{shape}/{block}", EMPTY)

    def of_layer(self, shape: str, block: str, depth: str) -> Tail:
        """Controls of one layer's effect."""
        return self.layers.get(f"{shape}/{block}/{depth}", EMPTY)

    def of_tokens(self, role: str) -> Tail:
        """Controls of held-out token rows."""
        return self.tokens.get(role, EMPTY)


EMPTY = Tail(0, ())


def depth_of(layer: int | None, layers: int) -> str:
    """Which third of its model a layer lies in."""
    if layer is None or layers < 1:
        return DEPTHS[1]
    return DEPTHS[min(2, 3 * layer // layers)]


@cache
def controls() -> Controls:
    """The table that ships with the package."""
    text = resources.files("parentage.evidence.alignment").joinpath("controls.json")
    data = json.loads(text.read_text("utf-8"))

    def tails(name: str) -> dict[str, Tail]:
        return {
            key: Tail(int(row["count"]), tuple(map(float, row["largest"])))
            for key, row in data[name].items()
        }

    return Controls(tails("best"), tails("layers"), tails("tokens"))
