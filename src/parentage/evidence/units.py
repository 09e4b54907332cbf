# SPDX-License-Identifier: Apache-2.0
"""Which units have which symmetry, and which tensors describe them.

Every tensor serves in ONE group only, so that the coins of different groups are
jointly fair: given everything a group's own relabelling leaves alone, its coins are
independent fair coins (methods.md 9.2, "avoid circularity"). Groups on the residual
stream are listed apart: all tensors of a stream share that one relabelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.samples import BlockSamples, Floats, Sample
from parentage.stats.coins import Part, standardise, swap_profile

Action = Literal["sign", "swap"]


@dataclass(frozen=True)
class Group:
    """A kind of hidden unit.

    Attributes:
        name: for reports.
        action: ``sign``: flipping a unit changes nothing; ``swap``: exchanging two.
        members: roles that describe the unit together.
        needs: roles that must be there as well for the symmetry to hold.
        residual: whether the units are dims of the shared residual stream.
    """

    name: str
    action: Action
    members: tuple[str, ...]
    needs: tuple[str, ...] = ()
    residual: bool = False


GROUPS: Final = (
    Group("GLU neuron", "sign", ("up_proj", "up_bias", "down_proj"), ("gate_proj",)),
    Group("gate neuron", "swap", ("gate_proj", "gate_bias")),
    Group("MLP neuron", "swap", ("fc_in", "fc_in_bias", "fc_out")),
    Group("MLP neuron (by shape)", "swap", ("mlp_rows", "mlp_columns")),
    Group("value dim", "sign", ("v_proj", "v_b_proj", "v_bias", "o_proj")),
    Group("value row", "sign", ("v_rows",)),
    Group("rotary pair", "sign", ("q_proj", "k_proj", "q_bias", "k_bias")),
    Group("latent query-key dim", "sign", ("q_b_nope", "q_nope", "k_b_proj")),
    Group("latent rotary pair", "sign", ("q_b_rope", "q_rope", "k_rope_proj")),
    Group("query latent", "sign", ("q_a_proj",)),
    Group("key-value latent", "sign", ("kv_a_proj",)),
    Group("expert", "swap", ("router", "router_bias")),
    Group(
        "projector neuron",
        "swap",
        ("projector_in", "projector_in_bias", "projector_out"),
    ),
)

EMBEDDINGS: Final = (
    "token_embedding",
    "lm_head",
    "patch_embedding",
    "patch_embedding_bias",
    "input_conv",
    "input_conv_bias",
    "class_embedding",
    "projector_linear",
    "projector_linear_bias",
)
"""Roles whose only symmetric axis is the residual stream.

Position tables, and rows of unknown role (which may be one), are not among them: a
fixed table is the same in every model and tied to the numbers of the dims.
"""


def applicable(group: Group, block: BlockSamples) -> bool:
    """Whether the group's symmetry holds for these samples."""
    present = block.samples.keys()
    if not any(role in present for role in group.members):
        return False
    if any(role not in present for role in group.needs):
        return False
    if group.name == "GLU neuron":
        return block.signed_glu
    if group.name == "rotary pair":
        return block.signed_query_key and block.same_rotary and block.heads is not None
    return True


def parts(group: Group, block: BlockSamples) -> list[Part]:
    """Rows of the group's tensors, each with the number of its unit."""
    result: list[Part] = []
    for role in group.members:
        sample = block.samples.get(role)
        if sample is None or sample.candidate.size == 0 or sample.reference.size == 0:
            continue
        rows = unit_rows(sample, block)
        if rows is None:
            continue
        ids, candidate, reference = rows
        if group.action == "swap":
            ids, keep = _pairs(ids)
            candidate = swap_profile(candidate[:, keep])
            reference = swap_profile(reference[:, keep])
        if len(ids):
            result.append(Part(ids, standardise(candidate), standardise(reference)))
    return result


def _pairs(ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Neighbouring units (2k, 2k+1) of which both were read: number, and positions."""
    position = {int(unit): i for i, unit in enumerate(ids)}
    numbers = [u // 2 for u in position if u % 2 == 0 and u + 1 in position]
    keep = [position[u] for n in numbers for u in (2 * n, 2 * n + 1)]
    return np.array(numbers, dtype=np.int64), np.array(keep, dtype=np.int64)


def unit_rows(
    sample: Sample, block: BlockSamples
) -> tuple[NDArray[np.int64], Floats, Floats] | None:
    """One row per unit: ``(unit numbers, candidate, reference)``.

    The arrays are ``(layers, rows, features)``. Returns ``None`` where the two
    models' units cannot be numbered alike.
    """
    role = sample.role
    if role in {"q_proj", "k_proj", "q_bias", "k_bias"}:
        return _query_key_rows(sample, block)
    if role in {"q_b_rope", "q_rope", "k_rope_proj"}:
        return _shared_rotary_rows(sample)
    if role in {"v_proj", "v_bias", "v_b_proj", "k_b_proj", "q_b_nope", "q_nope"}:
        return _two_axis_rows(sample, sample.candidate_shape[1])
    if role == "o_proj":
        return _output_rows(sample, block)
    if sample.axes[0] == "slot":
        return _slot_rows(sample)
    unit = "residual" if role in EMBEDDINGS else sample.axes[0]
    return _leading_rows(sample, sample.axis(unit) if unit in sample.axes else 0)


def _flat(array: Floats, rows: int) -> Floats:
    return np.ascontiguousarray(array).reshape(array.shape[0], rows, -1)


def _leading_rows(
    sample: Sample, axis: int
) -> tuple[NDArray[np.int64], Floats, Floats]:
    ids = sample.index[axis]
    c = np.moveaxis(sample.candidate, axis + 1, 1)
    r = np.moveaxis(sample.reference, axis + 1, 1)
    return ids, _flat(c, len(ids)), _flat(r, len(ids))


def _slot_rows(sample: Sample) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Routed experts: neuron ``n`` of all experts of a layer is ONE unit.

    Experts may have begun as copies of one MLP, so relabelling them one by one need
    not be a symmetry of their initialisation. Relabelling neuron ``n`` in all of them
    at once is, in either case.
    """
    ids = sample.index[1]
    c = np.moveaxis(sample.candidate, 1, 2)
    r = np.moveaxis(sample.reference, 1, 2)
    return ids, _flat(c, len(ids)), _flat(r, len(ids))


def _two_axis_rows(
    sample: Sample, width: int
) -> tuple[NDArray[np.int64], Floats, Floats]:
    ids = (sample.index[0][:, None] * width + sample.index[1][None, :]).ravel()
    return ids, _flat(sample.candidate, len(ids)), _flat(sample.reference, len(ids))


def _output_rows(
    sample: Sample, block: BlockSamples
) -> tuple[NDArray[np.int64], Floats, Floats] | None:
    """``o_proj`` columns under the number of the value dim that feeds them."""
    if not block.grouped or block.heads is None:
        return None
    heads, kv_heads, _, _ = block.heads
    group = 1 if not heads or not kv_heads else max(1, heads // kv_heads)
    if "v_b_proj" in block.samples:
        group = 1  # latent attention: every head has its own values
    width = sample.candidate_shape[1]
    numbers = sample.index[0] // group
    ids = (numbers[:, None] * width + sample.index[1][None, :]).ravel()
    return ids, _flat(sample.candidate, len(ids)), _flat(sample.reference, len(ids))


def _query_key_rows(
    sample: Sample, block: BlockSamples
) -> tuple[NDArray[np.int64], Floats, Floats] | None:
    if block.heads is None:
        return None
    heads, kv_heads, head_dim, rotary = block.heads
    if not heads or not kv_heads or not head_dim:
        return None
    group = max(1, heads // kv_heads)
    if sample.role.startswith("q"):
        if not block.grouped:
            return None
        numbers = sample.index[0] // group
    else:
        numbers = sample.index[0]
    classes = rotary_classes(head_dim, rotary)
    ids = (numbers[:, None] * head_dim + classes[sample.index[1]][None, :]).ravel()
    return ids, _flat(sample.candidate, len(ids)), _flat(sample.reference, len(ids))


def _shared_rotary_rows(
    sample: Sample,
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """DeepSeek's rotary dims: one key part serves all heads, so they flip together."""
    axis = sample.axis("rotary_dim")
    dims = sample.candidate_shape[axis]
    classes = rotary_classes(dims, dims)
    ids = classes[sample.index[axis]]
    if axis == 1:
        ids = np.tile(ids, len(sample.index[0]))
    return ids, _flat(sample.candidate, len(ids)), _flat(sample.reference, len(ids))


def rotary_classes(head_dim: int, rotary: int | None) -> NDArray[np.int64]:
    """Sets of head dims that may be flipped together, whatever the convention.

    Rotary positions turn pairs of dims: ``(i, i + r/2)`` in one convention,
    ``(2i, 2i + 1)`` in the other. The sets returned are closed under both, so the
    convention need not be known: dims joined by either pairing share a number. Dims
    that are not turned stand alone. With unknown rotary dims the whole head is one
    set.
    """
    label = np.arange(head_dim, dtype=np.int64)
    if rotary is None:
        return np.zeros(head_dim, dtype=np.int64)
    half = rotary // 2

    def find(i: int) -> int:
        while label[i] != i:
            i = int(label[i])
        return i

    for i in range(half):
        label[find(i + half)] = find(i)
        label[find(2 * i + 1)] = find(2 * i)
    return np.array([find(i) for i in range(head_dim)], dtype=np.int64)
