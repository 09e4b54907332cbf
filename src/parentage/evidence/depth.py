# SPDX-License-Identifier: Apache-2.0
"""What was done to a model's layers, read off the maps of all pairs of layers.

Question: which layer of the candidate came from which layer of the reference, and what
is that called? Only pairs of layers that exact tests reject count, so nothing here
adds to the evidence: it puts in order what the map shows.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from parentage.evidence.layer_map import LayerMap

Kind = Literal[
    "in-place",
    "layers-removed",
    "depth-up-scaled",
    "layers-added",
    "layers-reordered",
    "layers-taken",
    "layers-interpolated",
]
"""``in-place``: every layer stayed where it was. ``layers-removed``: all layers came
from the reference, in order, and some of the reference's are missing.
``depth-up-scaled``: layers of the reference occur more than once, in rising runs.
``layers-added``: all of the reference's layers are there, in order, with others between
or around them. ``layers-reordered``: another order, without repeats.
``layers-taken``: only some of the candidate's layers come from the reference.
``layers-interpolated``: some layers lie between two neighbours of the reference."""

MIXED: Final = 0.5
"""The second partner of an interpolated layer has at least this share of the first's
correlation."""

ONE: Final = 1.2
"""Squared correlations with both neighbours sum to about one for a mixture of two
independent layers, and to two where the reference holds one layer twice."""


@dataclass(frozen=True)
class Depth:
    """Where the candidate's layers came from.

    Attributes:
        kind: what the map amounts to.
        layers: candidate layer -> its one or two reference layers.
        own: candidate layers without a partner.
        unused: reference layers that no candidate layer came from.
        repeated: reference layers that several candidate layers came from.
    """

    kind: Kind
    layers: tuple[tuple[int, tuple[int, ...]], ...]
    own: tuple[int, ...]
    unused: tuple[int, ...]
    repeated: tuple[int, ...]

    def runs(self) -> tuple[tuple[int, int, int], ...]:
        """(first candidate layer, first reference layer, length) of rising runs."""
        found: list[list[int]] = []
        for own, theirs in self.layers:
            last = found[-1] if found else None
            if (
                last
                and own == last[0] + last[2]
                and theirs[0] == last[1] + last[2]
                and len(theirs) == 1
            ):
                last[2] += 1
            else:
                found.append([own, theirs[0], 1])
        return tuple((a, b, n) for a, b, n in found)


def depth(
    maps: Sequence[LayerMap], *, log10_level: float, effect_floor: float
) -> Depth | None:
    """What the maps of a module's blocks say about its layers together.

    Args:
        maps: one map for each block, of the same layers.
        log10_level: uncorrected level that a pair of layers must reach.
        effect_floor: element correlation that it must reach.

    Returns:
        The layers and their name; ``None`` where no pair of layers qualifies, or
        where no map has numbered layers.
    """
    votes: dict[int, Counter[tuple[int, ...]]] = defaultdict(Counter)
    rows: set[int] = set()
    columns: set[int] = set()
    for found in maps:
        rows |= {layer for layer in found.rows if layer is not None}
        columns |= {layer for layer in found.columns if layer is not None}
        for layer, partners, weight in _partners(found, log10_level, effect_floor):
            votes[layer][partners] += weight
    if not votes or not columns:
        return None
    layers = {layer: _elected(count) for layer, count in sorted(votes.items())}
    own = tuple(sorted(rows - layers.keys()))
    return _named(layers, own, columns)


def _partners(
    found: LayerMap, log10_level: float, effect_floor: float
) -> list[tuple[int, tuple[int, ...], int]]:
    correlation, z = found.correlation, found.z
    result = []
    for row, layer in enumerate(found.rows):
        if layer is None:
            continue
        good = [
            column
            for column, there in enumerate(found.columns)
            if there is not None
            and correlation[row, column] >= effect_floor
            and found.log10_p(row, column) <= log10_level
        ]
        if not good:
            continue
        best = max(good, key=lambda c: (z[row, c], correlation[row, c]))
        partners = [best]
        for other in good:
            near = abs(_number(found, other) - _number(found, best)) == 1
            two = correlation[row, [best, other]]
            mixed = min(two) >= MIXED * max(two)
            if near and mixed and float(np.square(two).sum()) <= ONE:
                partners.append(other)
                break
        numbers = tuple(sorted(_number(found, column) for column in partners))
        result.append((layer, numbers, int(found.trials[row, best])))
    return result


def _number(found: LayerMap, column: int) -> int:
    layer = found.columns[column]
    return -1 if layer is None else layer


def _elected(count: Counter[tuple[int, ...]]) -> tuple[int, ...]:
    """The partners that most coins stand behind; the earlier layer of equals."""
    return min(count, key=lambda partners: (-count[partners], partners))


def _named(
    layers: Mapping[int, tuple[int, ...]], own: tuple[int, ...], columns: set[int]
) -> Depth:
    used = Counter(p for partners in layers.values() for p in partners)
    single = Counter(p[0] for p in layers.values() if len(p) == 1)
    unused = tuple(sorted(columns - used.keys()))
    repeated = tuple(sorted(layer for layer, n in single.items() if n > 1))
    order = [partners[0] for partners in layers.values() if len(partners) == 1]
    rising = all(a <= b for a, b in itertools.pairwise(order))
    kind: Kind
    if any(len(partners) > 1 for partners in layers.values()):
        kind = "layers-interpolated"
    elif all((layer,) == partners for layer, partners in layers.items()):
        if not own:
            kind = "layers-removed" if unused else "in-place"
        else:
            kind = "layers-added" if not unused else "layers-taken"
    elif repeated:
        kind = "depth-up-scaled"
    elif not rising:
        kind = "layers-reordered"
    elif not own:
        kind = "layers-removed"
    else:
        kind = "layers-added" if not unused else "layers-taken"
    return Depth(kind, tuple(layers.items()), own, unused, repeated)
