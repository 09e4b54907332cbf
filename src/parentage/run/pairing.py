# SPDX-License-Identifier: Apache-2.0
"""Which module and which block of the reference a candidate's part is held against."""

from __future__ import annotations

from dataclasses import dataclass

from parentage.evidence.order import Matches
from parentage.model.description import Model, Module, Tensor

Slot = tuple[int | None, int | None]
"""(layer, routed expert) of a tensor."""

NO_BLOCK = {"other"}


@dataclass(frozen=True)
class RolePair:
    """One role in both models: canonical tensors by (layer, expert)."""

    role: str
    axes: tuple[str, ...]
    candidate: dict[Slot, Tensor]
    reference: dict[Slot, Tensor]


@dataclass(frozen=True)
class BlockPair:
    """One block of a module pair, with the roles that both sides have."""

    module: str
    block: str
    reference_block: str
    roles: tuple[RolePair, ...]


@dataclass(frozen=True)
class ModulePair:
    """A candidate module and the reference module of the same kind.

    Attributes:
        candidate, reference: the modules.
        blocks: blocks that are held against each other.
        dims: residual dims of both that the order test of another module matched;
            features of hidden units are read there. ``None``: equal numbers.
    """

    candidate: Module
    reference: Module
    blocks: tuple[BlockPair, ...]
    dims: Matches | None = None

    @property
    def wider(self) -> float:
        """How many times more is read than is used, to cover the matched dims."""
        if self.dims is None:
            return 1.0
        return max(self.dims.widths) / len(self.dims.candidate)

    def matched(self, axis: int, role: RolePair) -> Matches | None:
        """The matched dims, where an axis of a role runs over exactly those."""
        if self.dims is None or role.axes[axis] != "residual":
            return None
        sides = (role.candidate, role.reference)
        sizes = [{t.shape[axis] for t in side.values()} for side in sides]
        return self.dims if sizes == [{w} for w in self.dims.widths] else None


def kind(name: str) -> str:
    """Kind of a module: its name without the number of a second one."""
    stem, _, number = name.rpartition("_")
    return stem if number.isdigit() else name


def pair_modules(candidate: Model, reference: Model) -> list[ModulePair]:
    """All pairs of modules of one kind.

    A separate output matrix is also held against the token embedding of a reference
    that ties the two.
    """
    pairs = []
    for module in candidate.modules:
        if module.name == "unrecognised":
            continue  # no role, no symmetry: compared by content alone
        same = [m for m in reference.modules if kind(m.name) == kind(module.name)]
        if not same and module.name == "head":
            tied = reference.module("embedding")
            if tied is not None:
                pairs.append(ModulePair(module, tied, (_tied_block(module, tied),)))
            continue
        pairs += [ModulePair(module, m, _blocks(module, m)) for m in same]
    return pairs


def _by_role(
    module: Module, block: str
) -> dict[tuple[str, tuple[str, ...]], dict[Slot, Tensor]]:
    found: dict[tuple[str, tuple[str, ...]], dict[Slot, Tensor]] = {}
    for tensor in module.tensors:
        if tensor.block == block and tensor.role != "other":
            slots = found.setdefault((tensor.role, tensor.axes), {})
            slots.setdefault((tensor.layer, tensor.expert), tensor)
    return found


def _blocks(candidate: Module, reference: Module) -> tuple[BlockPair, ...]:
    own = list(dict.fromkeys(t.block for t in candidate.tensors))
    theirs = {t.block for t in reference.tensors}
    result = []
    for block in own:
        against = [block] if block in theirs else []
        if block == "experts" and "mlp" in theirs:
            against.append("mlp")  # a dense model turned into a mixture of experts
        for other in against:
            pair = _block(candidate, reference, block, other)
            if pair.roles:
                result.append(pair)
    return tuple(result)


def _block(
    candidate: Module, reference: Module, block: str, reference_block: str
) -> BlockPair:
    left = _by_role(candidate, block)
    right = _by_role(reference, reference_block)
    roles = tuple(
        RolePair(role, axes, slots, right[role, axes])
        for (role, axes), slots in left.items()
        if (role, axes) in right
    )
    return BlockPair(candidate.name, block, reference_block, roles)


def _tied_block(head: Module, embedding: Module) -> BlockPair:
    left = _by_role(head, "head").get(("lm_head", ("vocab", "residual")), {})
    right = _by_role(embedding, "embedding").get(
        ("token_embedding", ("vocab", "residual")), {}
    )
    roles = (
        (RolePair("lm_head", ("vocab", "residual"), left, right),)
        if left and right
        else ()
    )
    return BlockPair(head.name, "head", "embedding", roles)
