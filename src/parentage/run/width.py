# SPDX-License-Identifier: Apache-2.0
"""Reads for the order test, where two modules differ in width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.order import Matches, order_test
from parentage.evidence.residual_profile import without_bulk
from parentage.evidence.samples import Floats
from parentage.model.description import Tensor
from parentage.run.pairing import BlockPair, ModulePair, RolePair
from parentage.run.sampler import Reader
from parentage.verdict.judge import stream_of

SHARE_OF_BUDGET = 8
"""One part in so many of the byte budget goes to order tests, where they apply."""

COLUMNS = ("token_embedding", "lm_head")
"""Their residual dims are the units, tokens the features."""

ROWS = ("gate_proj", "fc_in")
"""Their neurons are the units, residual dims the features; one test a layer."""

MOST_UNITS = 16384
"""Units that are matched at most: all against all."""


LOG10_MATCHED = -6.0
"""Residual dims are taken for matched below this bound.

Not a level of accusation: it only decides which features the tests of *hidden* units
look at. Any choice that rests on other tensors leaves their coins fair.
"""


def order_evidence(
    pair: ModulePair, candidate: Reader, reference: Reader, *, budget: int
) -> list[tuple[Evidence, Matches]]:
    """Order tests of a pair of modules; empty where widths agree.

    Args:
        pair: the modules.
        candidate, reference: readers of the two models.
        budget: bytes of each model that may be read for this.
    """
    jobs = [
        (block, role, own, other)
        for block in pair.blocks
        if block.block == block.reference_block
        for role in block.roles
        for own, other in _applicable(role)
    ]
    if not jobs:
        return []
    each = budget // len(jobs)
    found = []
    for block, role, own, other in jobs:
        sides = (own, candidate), (other, reference)
        left, right = _profiles(role, sides, each)
        if min(left.shape) < 2:
            continue
        residual = role.role in COLUMNS
        subject = Subject(block.module, block.block, own.layer, other.layer)
        found.append(order_test(subject, left, right, residual=residual))
    return found


def matched_dims(
    found: Iterable[tuple[Evidence, Matches]],
) -> Matches | None:
    """Residual dims of a narrower model under the numbers they had in the wider one.

    Args:
        found: order tests of the modules of ONE residual stream.

    Returns:
        The matches of the surest test, or ``None`` where none is sure.
    """
    sure = [
        (e.log10_p, m)
        for e, m in found
        if e.residual_group and e.log10_p is not None and e.log10_p <= LOG10_MATCHED
    ]
    return min(sure, key=lambda pair: pair[0])[1] if sure else None


def match_streams(
    pairs: Sequence[ModulePair],
    orders: Sequence[Sequence[tuple[Evidence, Matches]]],
) -> list[ModulePair]:
    """Pairs of modules with the dims that order tests of *other* modules matched.

    Args:
        pairs: the modules.
        orders: the order tests of each.

    A module whose own columns were matched is left as it is: its dims were chosen
    to agree.
    """
    found: dict[str, list[tuple[Evidence, Matches]]] = {}
    for pair, tests in zip(pairs, orders, strict=True):
        found.setdefault(stream_of(pair.candidate.name), []).extend(tests)
    dims = {stream: matched_dims(tests) for stream, tests in found.items()}
    return [
        pair
        if any(r.role in COLUMNS for b in pair.blocks for r in b.roles)
        else replace(pair, dims=dims[stream_of(pair.candidate.name)])
        for pair in pairs
    ]


def applies(block: BlockPair) -> bool:
    """Whether any role of a block differs in the width that the test is about."""
    return any(list(_applicable(role)) for role in block.roles)


def _applicable(role: RolePair) -> list[tuple[Tensor, Tensor]]:
    """Equal layers whose units differ in number and whose features do not."""
    if role.role not in COLUMNS and role.role not in ROWS:
        return []
    unit = 1 if role.role in COLUMNS else 0
    found = []
    for slot, own in role.candidate.items():
        other = role.reference.get(slot)
        if other is None or slot[1] is not None:
            continue
        same_features = role.role in COLUMNS or own.shape[1] == other.shape[1]
        widths = own.shape[unit], other.shape[unit]
        if same_features and widths[0] != widths[1] and max(widths) <= MOST_UNITS:
            found.append((own, other))
    return found


def _profiles(
    role: RolePair,
    sides: tuple[tuple[Tensor, Reader], tuple[Tensor, Reader]],
    room: int,
) -> tuple[Floats, Floats]:
    """All units of both, over as many common features as fit."""
    (own, candidate), (other, reference) = sides
    unit = 1 if role.role in COLUMNS else 0
    features = min(own.shape[1 - unit], other.shape[1 - unit])
    widest = max(own.shape[unit], other.shape[unit])
    features = min(features, max(0, room // (4 * widest)))

    def read(reader: Reader, tensor: Tensor) -> Floats:
        ranges = [((0, tensor.shape[0]),), ((0, tensor.shape[1]),)]
        ranges[1 - unit] = ((0, features),)
        values = reader.rectangle(tensor, tuple(ranges))
        if unit == 1:
            return without_bulk(np.ascontiguousarray(values.T))
        return values

    return read(candidate, own), read(reference, other)
