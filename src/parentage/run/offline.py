# SPDX-License-Identifier: Apache-2.0
"""Evidence from two fingerprints: the tests of an audit, on the values they share.

Nothing of the tests is repeated here. A reader gives the values held in place of those
of a file, and a plan asks only for what both fingerprints hold.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from parentage.artifact.dtypes import count_non_finite, to_float32
from parentage.evidence.module import ModuleEvidence
from parentage.evidence.samples import Floats
from parentage.model.description import Range, Tensor, View
from parentage.model.rectangle import Cut
from parentage.registry.fingerprint import Fingerprint, Tile, comparable, positions
from parentage.run.compare import compare_modules
from parentage.run.pairing import (
    BlockPair,
    ModulePair,
    RolePair,
    Slot,
    kind,
    pair_modules,
)
from parentage.run.plan import Plan, block_key
from parentage.verdict.judge import stream_of


class HeldReader:
    """Gives rectangles of the values that a fingerprint holds."""

    def __init__(self, made: Fingerprint) -> None:
        self._made = made

    def rectangle(self, tensor: Tensor, cut: Cut) -> Floats:
        """Float32 values of a canonical rectangle; NaN and infinities become zero.

        Raises:
            KeyError: the fingerprint does not hold it.
        """
        tile = self._made.tile(tensor)
        if tile is None:
            message = f"nothing of {tensor.view.tensor} is held"
            raise KeyError(message)
        picks = [positions(a, b) for a, b in zip(tile.cut, cut, strict=True)]
        values = to_float32(
            np.ascontiguousarray(tile.values[np.ix_(*picks)]), tile.dtype
        )
        if count_non_finite(values):
            values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        return values

    def prefetch(self, wanted: Iterable[tuple[View, Cut]]) -> None:
        """Nothing needs to be fetched: all of it is held."""


def gather_offline(
    own: Fingerprint, other: Fingerprint, *, label: str, seed: int = 0
) -> list[ModuleEvidence]:
    """Evidence about every module of one fingerprint against another.

    Args:
        own: the candidate's.
        other: the reference's.
        label: what the reference is called in findings.
        seed: for ranks that are drawn.
    """
    found: list[ModuleEvidence] = []
    pairs = pair_modules(own.held, other.held)
    fits = comparable(own.scheme, other.scheme)
    fixed: set[str] = set()  # streams with a fixed position table
    for pair in pairs if fits else ():
        held, plan = _plan(pair, own, other)
        item = compare_modules(
            held,
            plan,
            HeldReader(own),
            HeldReader(other),
            name=label,
            seed=seed,
            fixed_positions=stream_of(pair.candidate.name) in fixed,
        )
        if item.fixed_positions:
            fixed.add(stream_of(pair.candidate.name))
        found.append(item)
    done = {item.module for item in found}
    for module in own.modules:
        if module.name in done:
            continue
        item = ModuleEvidence(module.name, "", label)
        if not fits:
            item.reason = "the two fingerprints were made with different seeds"
        elif module.name == "unrecognised":
            item.reason = "fingerprints hold no values of tensors of unknown role"
        else:
            item.reason = f"{label} has no {kind(module.name)}"
        found.append(item)
    return found


def _plan(
    pair: ModulePair, own: Fingerprint, other: Fingerprint
) -> tuple[ModulePair, Plan]:
    """The pair reduced to tensors that both hold, and what both hold of them."""
    cuts: dict[tuple[str, str, str, str, str], Cut] = {}
    experts: dict[tuple[str, str, str, str], tuple[int, ...]] = {}
    blocks = []
    for block in pair.blocks:
        key = block_key(pair, block)
        roles = [_held(role, own, other) for role in block.roles]
        present = _experts(roles)
        kept = []
        for role in roles:
            tiles = [own.tile(t) for t in _used(role.candidate, present)]
            tiles += [other.tile(t) for t in _used(role.reference, present)]
            sides = _used(role.candidate, present), _used(role.reference, present)
            if not all(sides):
                continue
            cut = common_cut([tile for tile in tiles if tile is not None])
            if cut is not None:
                cuts[(*key, role.role)] = cut
                kept.append(role)
        experts[key] = present
        blocks.append(
            BlockPair(block.module, block.block, block.reference_block, tuple(kept))
        )
    reduced = ModulePair(pair.candidate, pair.reference, tuple(blocks))
    return reduced, Plan(cuts, experts, 0, (0, 0))


def _held(role: RolePair, own: Fingerprint, other: Fingerprint) -> RolePair:
    return RolePair(
        role.role,
        role.axes,
        {slot: t for slot, t in role.candidate.items() if own.tile(t) is not None},
        {slot: t for slot, t in role.reference.items() if other.tile(t) is not None},
    )


def _experts(roles: list[RolePair]) -> tuple[int, ...]:
    """Experts that both hold; those of the candidate where the reference has none."""
    present: set[int] = set()
    for role in roles:
        left = {e for _, e in role.candidate if e is not None}
        right = {e for _, e in role.reference if e is not None}
        present |= left & right if right else left
    return tuple(sorted(present))


def _used(side: dict[Slot, Tensor], experts: tuple[int, ...]) -> list[Tensor]:
    return [t for (_, e), t in side.items() if e is None or e in experts]


def common_cut(tiles: list[Tile]) -> Cut | None:
    """Indices on each axis that all tiles hold; ``None`` where an axis has none."""
    cut = tiles[0].cut
    for tile in tiles[1:]:
        if tile.cut == cut:
            continue
        if len(tile.cut) != len(cut):
            return None
        cut = tuple(_overlap(a, b) for a, b in zip(cut, tile.cut, strict=True))
    return cut if all(cut) else None


def _overlap(a: Iterable[Range], b: Iterable[Range]) -> tuple[Range, ...]:
    b = tuple(b)
    found = [
        (max(p, r), min(q, s)) for p, q in a for r, s in b if max(p, r) < min(q, s)
    ]
    return tuple(sorted(found))
