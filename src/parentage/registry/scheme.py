# SPDX-License-Identifier: Apache-2.0
"""Which values of a tensor a fingerprint holds: fixed by role and shape, for everybody.

Two fingerprints are made years apart, by people who do not know of each other, of
models of other depth, width and format; yet they must hold values at the *same* places.
So each axis is read in one window that begins where the seed and the axis' label say,
and of two windows of one axis the smaller lies inside the larger. What two fingerprints
have in common is then the smaller window on each axis.

How large windows are depends on the *level*, one number for the whole fingerprint: the
largest at which its values keep within the budget. Of a matrix, the axis that runs
along the stored rows gets more than the other: its values lie side by side in the file.
Where that axis numbers the hidden units (``down_proj``) many units with few features
are held, elsewhere few units with many; the one gives many coins, the other sure ones
(methods.md 10.2).

The scheme is public. Whoever knows it can disguise exactly the values that it holds;
an audit with a seed of one's own reads others. A registry may use its own seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parentage.model.description import Range
from parentage.model.rectangle import Cut
from parentage.model.roles import COLUMNS

SCHEME: Final = 2
"""Version of the rules of this file, for fingerprints that are made."""

VERSIONS: Final = (1, 2)
"""Versions that can be read. Where windows move back on an axis of heads or experts,
those of version 1 began at even indices: of two of them, the smaller could lie outside
the larger. Everywhere else both versions hold the same places."""

GRAIN: Final = 8
"""Windows begin and end at multiples of this: pairs and blocks of eight stay whole."""

LEVELS: Final = range(24, 148)
"""A level is four times the binary logarithm of the values held of a matrix: from
2^6 to 2^37, which is more than any tensor has."""

ALONE: Final = 16
"""Levels added for tensors that stand in no layer (embedding, output matrix): there is
one of each where there are dozens of others, and their residual dims are few coins."""

MIN_VECTOR: Final = 512
"""A vector costs little, and all vectors of a stream make one test."""

EXPERT_VALUES: Final = 2048
"""A further routed expert is held for each so many values of a matrix."""

_PLACES: Final = {
    "vocab": (1024, 2048),
    "head": (0, 4),
    "kv_head": (0, 4),
    "expert": (0, 16),
    "head_dim": (0, 1),
    "rotary_dim": (0, 1),
}
"""Axis label -> where its window may begin on a long axis: from, below.

Tokens of the lowest numbers are bytes and controls, which training hardly moves.
"""

_ELSEWHERE: Final = (0, 1024)

_FEW: Final = frozenset({"head", "kv_head", "expert"})
"""Axes of few indices with much behind each: not held in grains; windows that need not
move back begin at even ones."""

_UNITS_FIRST: Final = COLUMNS | {"patch_embedding", "input_conv", "projector_linear"}
"""Roles of which many units with few features are held."""

_WHOLE_ROWS: Final = frozenset(
    {"position_embedding", "token_type_embedding", "residual_rows"}
)
"""Tables that may hold sines and cosines: only whole rows tell (their norms agree)."""


@dataclass(frozen=True)
class Scheme:
    """The rule by which windows are chosen.

    Attributes:
        seed: decides where windows begin; equal seeds make fingerprints comparable.
        level: how much is held, see the module.
        version: of the rules, one of :data:`VERSIONS`.
    """

    seed: int
    level: int
    version: int = SCHEME

    @property
    def values(self) -> int:
        """How many values of a matrix are held at this level, about."""
        return int(2 ** (self.level / 4))

    @property
    def counts(self) -> tuple[int, int]:
        """(across the stored rows, along them), whole grains.

        From one level to the next only one of the two grows; the second is four to
        eight times the first.
        """
        whole, part = divmod(self.level, 8)
        across = 2.0 ** (whole - 1 + max(part - 4, 0) / 4)
        along = 2.0 ** (whole + 1 + min(part, 4) / 4)
        return _grains(across), _grains(along)

    @property
    def experts(self) -> int:
        """How many routed experts are held at most."""
        return max(1, self.values // EXPERT_VALUES)

    def window(self, label: str, size: int, count: int) -> Range:
        """The window of ``count`` indices on an axis of ``size``.

        It begins at the same place on every axis of the label that is long enough;
        near the end of a short one it moves back. Axes that are not of few indices
        are held in whole grains, at least one. Of two windows of one axis the smaller
        lies inside the larger.
        """
        grain = 2 if label in _FEW else GRAIN
        step = grain
        if self.version > 1:
            step = 1 if label in _FEW else GRAIN
            count = max(step, count // step * step) if count < size else size
        if count >= size:
            return 0, size
        least, below = _PLACES.get(label, _ELSEWHERE)
        draw = hashlib.sha256(f"{self.seed}/{label}".encode()).digest()
        places = max(1, (below - least) // grain)
        begin = least + int.from_bytes(draw[:8], "little") % places * grain
        begin = min(begin, (size - count) // step * step)
        return begin, begin + count

    def cut(
        self, role: str, axes: Sequence[str], shape: Sequence[int], group: int = 1
    ) -> Cut:
        """What is held of a canonical tensor.

        Args:
            role: word of :mod:`parentage.model.roles`.
            axes: labels of its canonical axes.
            shape: their sizes.
            group: query heads for each key-value head.
        """
        if len(shape) == 1:
            most = max(MIN_VECTOR, self.values // GRAIN * GRAIN)
            return ((self.window(axes[0] if axes else "other", shape[0], most),),)
        labels = (*axes, *("other",) * (len(shape) - len(axes)))
        across, along = self.counts
        units, features = across, along
        if role in _UNITS_FIRST:
            units, features = along, across
        if role in _WHOLE_ROWS:
            units, features = GRAIN, shape[-1]
        last = self.window(labels[-1], shape[-1], features)
        # What a short axis does not use goes to the units.
        units = max(units, self.values // max(last[1] - last[0], 1))
        return (*self._units(labels[:-1], shape[:-1], units, group), (last,))

    def _units(
        self, labels: Sequence[str], sizes: Sequence[int], room: int, group: int
    ) -> list[tuple[Range, ...]]:
        """What is held on the axes that number the units, about ``room`` in all.

        Of heads as many whole ones as fit, or some dims of one.
        """
        found: list[tuple[Range, ...]] = []
        for place, (label, size) in enumerate(zip(labels, sizes, strict=True)):
            inner = 1
            for other in sizes[place + 1 :]:
                inner *= other
            count = max(1, room // max(inner, 1))
            if label == "head" and count < size and size % group == 0:
                # The first query head of each group of a few key-value heads.
                begin, end = self.window("kv_head", size // group, count)
                held = [(h * group, h * group + 1) for h in range(begin, end)]
                if group == 1:
                    held = [(begin, end)]
                found.append(tuple(held))
                room = max(1, room // max(end - begin, 1))
                continue
            if label not in _FEW:
                count = max(GRAIN, count // GRAIN * GRAIN)
            window = self.window(label, size, count)
            found.append((window,))
            room = max(1, room // max(window[1] - window[0], 1))
        return found


def _grains(count: float) -> int:
    return max(GRAIN, int(count) // GRAIN * GRAIN)
