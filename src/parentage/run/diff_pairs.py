# SPDX-License-Identifier: Apache-2.0
"""Which tensor of one model is held against which tensor of another, all of them.

Canonical tensors are paired by what they are for (module, role, layer, expert), so
renamed, fused and transposed storage compares right. What has no role, or more than
one tensor of it, is paired by the stored name. Nothing is left out: what has no
counterpart is a pair with one side.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from parentage.artifact.dtypes import DTYPES
from parentage.model.description import Model, Stored, Tensor, View
from parentage.model.layout import whole

By = Literal["role", "name", "tied"]
_Key = tuple[object, ...]

BUFFERS = "buffers"
"""Name of the module that constants stand under: rotary tables, position ids."""


@dataclass(frozen=True, slots=True)
class TensorPair:
    """A tensor of each model, or of one.

    Attributes:
        a, b: the tensors; one is missing where the other has no counterpart.
        by: what they were paired by; ``tied`` holds an output matrix against the
            token embedding of a model that ties the two.
        reason: why they cannot be compared: ``shape`` or ``format``; else empty.
    """

    a: Tensor | None
    b: Tensor | None
    by: By | None
    reason: str = ""

    @property
    def tensor(self) -> Tensor:
        """The first model's tensor, else the second's."""
        found = self.a or self.b
        if found is None:
            message = "a pair has at least one side"
            raise ValueError(message)
        return found

    @property
    def comparable(self) -> bool:
        """Whether both are there and fit."""
        return self.a is not None and self.b is not None and not self.reason


def is_gain(tensor: Tensor) -> bool:
    """Whether a tensor is a gain or bias of a normalisation."""
    return tensor.block == "norms" or "norm" in tensor.role.split("_")


def pair_tensors(a: Model, b: Model) -> list[TensorPair]:
    """Every tensor of both models, in the first one's reading order."""
    left, right = list(_tensors(a)), list(_tensors(b))
    partner: dict[int, tuple[int, By]] = {}
    taken: set[int] = set()
    rounds: tuple[tuple[Callable[[Tensor], _Key | None], By], ...] = (
        (_role_key, "role"),
        (_name_key, "name"),
        (_stored_key, "name"),
    )
    for key_of, by in rounds:
        ours = _unique(left, partner, key_of)
        theirs = _unique(right, taken, key_of)
        for key, number in ours.items():
            if key in theirs:
                partner[number] = (theirs[key], by)
                taken.add(theirs[key])
    pairs = [
        _pair(tensor, right[partner[n][0]], partner[n][1])
        if n in partner
        else _alone(tensor, right, first=True)
        for n, tensor in enumerate(left)
    ]
    pairs += [
        _alone(tensor, left, first=False)
        for n, tensor in enumerate(right)
        if n not in taken
    ]
    return pairs


def _tensors(model: Model) -> Iterator[Tensor]:
    for module in model.modules:
        yield from module.tensors
    for stored in model.buffers:
        yield _buffer(stored)


def _buffer(stored: Stored) -> Tensor:
    piece = whole(stored)
    return Tensor(
        "other", BUFFERS, "other", None, None, piece.axes, piece.view, stored.dtype
    )


def _role_key(tensor: Tensor) -> _Key | None:
    if tensor.role == "other":
        return None
    place = (tensor.module, tensor.block, tensor.layer, tensor.expert)
    return (*place, tensor.role, tensor.axes)


def _name_key(tensor: Tensor) -> _Key:
    return tensor.view.tensor, tensor.role, tensor.view.select


def _stored_key(tensor: Tensor) -> _Key:
    return (tensor.view.tensor,)


def _unique(
    tensors: list[Tensor],
    done: Container[int],
    key_of: Callable[[Tensor], _Key | None],
) -> dict[_Key, int]:
    """Key -> number of the only tensor with it, of those that are not done."""
    found: dict[_Key, list[int]] = defaultdict(list)
    for number, tensor in enumerate(tensors):
        key = None if number in done else key_of(tensor)
        if key is not None:
            found[key].append(number)
    return {key: rows[0] for key, rows in found.items() if len(rows) == 1}


def _pair(a: Tensor, b: Tensor, by: By) -> TensorPair:
    if a.shape != b.shape and by == "name":
        # One side knows the size of its heads, the other does not.
        a, b = _flat(a), _flat(b)
    if a.shape != b.shape:
        return TensorPair(a, b, by, "shape")
    plain = all(DTYPES[t.dtype].numpy is not None for t in (a, b))
    complex_ = "C64" in {a.dtype, b.dtype}
    return TensorPair(a, b, by, "" if plain and not complex_ else "format")


def _flat(tensor: Tensor) -> Tensor:
    """A tensor that is all of a stored one in its order, as rows and columns."""
    view = tensor.view
    full = all(s == (0, n) for s, n in zip(view.select, view.grid, strict=True))
    if not full or view.order != tuple(range(len(view.grid))) or len(view.grid) < 3:
        return tensor
    columns = view.grid[-1]
    grid = (math.prod(view.grid[:-1]), columns)
    view = View(view.tensor, grid, ((0, grid[0]), (0, columns)), (0, 1))
    return replace(tensor, view=view, axes=("other", "other"))


def _alone(tensor: Tensor, others: list[Tensor], *, first: bool) -> TensorPair:
    """A tensor without counterpart, unless the other model ties it."""
    if tensor.role == "lm_head" and not any(t.role == "lm_head" for t in others):
        tied = [t for t in others if t.role == "token_embedding"]
        tied = [t for t in tied if t.module == "embedding"]
        if len(tied) == 1 and tied[0].axes == tensor.axes:
            sides = (tensor, tied[0]) if first else (tied[0], tensor)
            return _pair(*sides, "tied")
    return TensorPair(tensor, None, None) if first else TensorPair(None, tensor, None)
