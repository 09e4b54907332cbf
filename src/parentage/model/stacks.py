# SPDX-License-Identifier: Apache-2.0
"""Finding repeated blocks among names that nobody knows.

Any run of digits may be the layer's number. A *stack* is a beginning of names, up to
such a run, after which the same endings with the same shapes come back for most of the
numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from parentage.model.description import Stored
from parentage.model.names import MAX_INDEX_DIGITS

_RUN: Final = re.compile(r"\d+")
_MAX_RUNS: Final = 8
_FEWEST: Final = 2


@dataclass(slots=True)
class Stack:
    """Repeated blocks and what they hold."""

    front: str
    layers: dict[int, list[Stored]] = field(default_factory=dict)

    @property
    def tensors(self) -> list[Stored]:
        """All that it holds."""
        return [t for tensors in self.layers.values() for t in tensors]


def _splits(name: str) -> list[tuple[str, int, str]]:
    """Every reading ``(front, number, ending)`` of a name, outermost run first."""
    readings: list[tuple[str, int, str]] = []
    for run in _RUN.finditer(name):
        if len(readings) == _MAX_RUNS:
            break
        if len(run.group()) <= MAX_INDEX_DIGITS:
            front = _RUN.sub("#", name[: run.start()])
            readings.append((front, int(run.group()), name[run.end() :]))
    return readings


def _recurs(blocks: dict[int, Counter[tuple[str, tuple[int, ...]]]]) -> bool:
    """Whether most of the numbers hold the same endings and shapes."""
    if len(blocks) < _FEWEST:
        return False
    seen = Counter(ending for block in blocks.values() for ending in block)
    common = {ending for ending, count in seen.items() if 2 * count > len(blocks)}
    if len(common) < _FEWEST:
        return False
    full = sum(2 * len(common & set(block)) > len(common) for block in blocks.values())
    return 2 * full > len(blocks)


def find_stacks(tensors: Iterable[Stored]) -> tuple[list[Stack], list[Stored]]:
    """Part tensors into stacks and the rest.

    Returns:
        Stacks, the biggest first, and tensors that are in none.
    """
    tensors = list(tensors)
    readings = {t.name: _splits(t.name) for t in tensors}
    blocks: dict[str, dict[int, Counter[tuple[str, tuple[int, ...]]]]] = {}
    for tensor in tensors:
        for front, number, ending in readings[tensor.name]:
            block = blocks.setdefault(front, {}).setdefault(number, Counter())
            block[ending, tensor.shape] += 1
    fronts = {front for front, numbers in blocks.items() if _recurs(numbers)}
    stacks: dict[str, Stack] = {}
    rest: list[Stored] = []
    for tensor in tensors:
        chosen = next((r for r in readings[tensor.name] if r[0] in fronts), None)
        if chosen is None:
            rest.append(tensor)
            continue
        front, number, _ = chosen
        stack = stacks.setdefault(front, Stack(front))
        stack.layers.setdefault(number, []).append(tensor)
    sizes = {s.front: sum(t.size for t in s.tensors) for s in stacks.values()}
    ordered = sorted(stacks.values(), key=lambda s: (-sizes[s.front], s.front))
    return ordered, rest
