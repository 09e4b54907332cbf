# SPDX-License-Identifier: Apache-2.0
"""Reads for the order test, where two modules differ in width."""

from __future__ import annotations

import numpy as np

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.order import order_test
from parentage.evidence.pooled_residual import without_bulk
from parentage.evidence.samples import Floats
from parentage.model.description import Tensor
from parentage.run.pairing import BlockPair, ModulePair, RolePair
from parentage.run.sampler import Reader

SHARE_OF_BUDGET = 8
"""One part in so many of the byte budget goes to order tests, where they apply."""

COLUMNS = ("token_embedding", "lm_head")
"""Their residual dims are the units, tokens the features."""

ROWS = ("gate_proj", "fc_in")
"""Their neurons are the units, residual dims the features; one test a layer."""

MOST_UNITS = 16384
"""Units that are matched at most: all against all."""


def order_evidence(
    pair: ModulePair, candidate: Reader, reference: Reader, *, budget: int
) -> list[Evidence]:
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
