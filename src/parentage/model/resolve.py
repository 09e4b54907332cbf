# SPDX-License-Identifier: Apache-2.0
"""From names and shapes to a description of a model.

Three steps: families explain names (:mod:`.assign`), names are gathered into modules
(:mod:`.gather`), and each stored tensor is cut into canonical views (:mod:`.layout`).
Names that no family knows go to :mod:`.structure`. Nothing is dropped: what stays
unexplained is a module of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final, Protocol

from parentage.model.assign import Item, assign
from parentage.model.description import (
    Attention,
    Model,
    Module,
    Stored,
    Tensor,
)
from parentage.model.families import special
from parentage.model.gather import Part, gather
from parentage.model.geometry import HIDDEN, Claims, Geometry, claims, size, solve
from parentage.model.layout import Piece, expand, sides, whole
from parentage.model.names import components, natural_key, template
from parentage.model.roles import BLOCKS, MODULES, ROLES
from parentage.model.settings import model_types, section


class Entry(Protocol):
    """What a checkpoint knows of a stored tensor."""

    @property
    def dtype(self) -> str:
        """Number format, such as ``BF16``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Stored shape."""


_PACKED: Final = frozenset(
    {"BOOL", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "F8_E8M0"}
)
"""Formats in which a matrix cannot be read as one number per weight."""

_FACTS: Final[dict[tuple[str, ...], str]] = {
    ("q_proj",): "q",
    ("k_proj",): "k",
    ("v_proj",): "v",
    ("o_proj",): "o",
    ("q_proj", "k_proj", "v_proj"): "qkv",
    ("q_norm",): "q_norm",
    ("attention_sinks",): "sinks",
    ("q_b_nope", "q_b_rope"): "q_b",
    ("q_nope", "q_rope"): "q_b",
    ("kv_a_proj", "k_rope_proj"): "kv_a",
    ("kv_a_norm",): "kv_a_norm",
    ("k_b_proj", "v_b_proj"): "kv_b",
}
_BLOCK_ORDER: Final = {
    word: position
    for position, word in enumerate(
        (
            "embedding",
            "attention",
            "cross_attention",
            "router",
            "experts",
            "shared_experts",
            "mlp",
            "norms",
            "projector",
            "head",
            "other",
        )
    )
}
_ROLE_ORDER: Final = {role: position for position, role in enumerate(ROLES)}


def describe(
    name: str, entries: Mapping[str, Entry], config: Mapping[str, object]
) -> Model:
    """Describe a model from the names, formats and shapes of its stored tensors.

    Args:
        name: how the model was referred to.
        entries: stored tensors by name.
        config: the parsed config, possibly empty: hints only.
    """
    stored = [
        Stored(key, entry.dtype, tuple(entry.shape)) for key, entry in entries.items()
    ]
    stored.sort(key=lambda s: natural_key(s.name))
    buffers = tuple(s for s in stored if is_buffer(s))
    constant = {s.name for s in buffers}
    weights = [s for s in stored if s.name not in constant]
    groups, left = assign(weights, model_types(config))
    parts = gather(groups)
    notes: list[str] = []
    modules = [_module(part, parts, config, notes) for part in parts]
    if left:
        modules.append(_unrecognised(left))
    order = {kind: position for position, kind in enumerate(MODULES)}
    modules.sort(key=lambda m: (order[m.name.rstrip("_0123456789")], m.name))
    return Model(
        name=name,
        modules=tuple(modules),
        parameters=sum(s.size for s in weights),
        unrecognised=tuple(left),
        buffers=buffers,
        notes=tuple(dict.fromkeys(notes)),
        config=dict(config),
    )


def is_buffer(stored: Stored) -> bool:
    """Whether a stored tensor is a constant that a library computes again."""
    if stored.dtype == "BOOL":
        return True
    parts = components(stored.name)
    known = special("_buffers")
    for length in (1, 2):
        shape = known.get(".".join(parts[-length:]))
        if shape is None:
            continue
        if shape == "square":
            side = stored.shape[-2:]
            if len(stored.shape) >= 2 and side[0] == side[1]:
                return stored.size == side[0] * side[1]
        elif shape == "scalar":
            return stored.size <= 1
        else:
            return True
    return False


def _unrecognised(left: list[Stored]) -> Module:
    return Module(
        name="unrecognised",
        family="none",
        tensors=tuple(
            _tensor(whole(s), s, "unrecognised", ("other", None, None)) for s in left
        ),
        parameters=sum(s.size for s in left),
        layers=0,
    )


def _tensor(
    piece: Piece, stored: Stored, module: str, place: tuple[str, int | None, int | None]
) -> Tensor:
    block, layer, expert = place
    return Tensor(
        role=piece.role,
        module=module,
        block=block,
        layer=layer,
        expert=piece.expert if piece.expert is not None else expert,
        axes=piece.axes,
        view=piece.view,
        dtype=stored.dtype,
    )


def _width(part: Part, config: Mapping[str, object]) -> int | None:
    """Width of the residual stream: the length that most norms have."""
    lengths: Counter[int] = Counter()
    for item in part.items:
        if ROLES[item.rule.roles[0]] == ("residual",) and not item.rule.stacked:
            lengths[item.stored.size] += 1
    if lengths:
        return lengths.most_common(1)[0][0]
    return size(config, *HIDDEN)


def _turned(items: list[Item], width: int | None) -> dict[int, bool]:
    """Which matrices are stored the other way round than their rule says.

    Shapes decide where the width of the residual stream stands on one side only;
    square matrices follow the others.
    """
    decided: dict[int, bool] = {}
    open_items: list[int] = []
    for number, item in enumerate(items):
        rule = item.rule
        if item.rule.block in {"embedding", "head", "other", "norms"}:
            continue
        found = sides(rule, item.stored)
        if found is None or found[1] is None or ROLES[rule.roles[0]][-1] != "residual":
            continue
        unit, other = found
        if width is not None and (unit == width) != (other == width):
            decided[number] = unit == width
        else:
            open_items.append(number)
    plain = [decided[n] for n in decided if not items[n].rule.stacked]
    everywhere = bool(plain) and all(plain)
    return decided | dict.fromkeys(open_items, everywhere)


def _module(
    part: Part, parts: list[Part], config: Mapping[str, object], notes: list[str]
) -> Module:
    alone = {p.kind for p in parts if p.layered} <= {part.kind}
    table = section(config, part.kind, alone=alone)
    claim = claims(table, part.kind, rotary=part.family.rotary)
    turned = _turned(part.items, _width(part, table))
    places = _geometries(part.items, turned, claim)
    tensors: list[Tensor] = []
    for number, item in enumerate(part.items):
        geometry = places.get((item.layer, item.rule.block), Geometry())
        if item.stored.dtype in _PACKED:
            pieces = [whole(item.stored)]
        else:
            flip = turned.get(number, False)
            pieces = expand(item.rule, item.stored, geometry, flip=flip)
        place = (item.rule.block, item.layer, item.expert)
        tensors.extend(_tensor(p, item.stored, part.name, place) for p in pieces)
    tensors.sort(key=_reading_order)
    attention = None
    if places:
        common = Counter(
            replace(g, notes=()) for (layer, _), g in places.items() if layer is not None
        ) or Counter(replace(g, notes=()) for g in places.values())
        chosen = common.most_common(1)[0][0]
        attention = Attention(
            chosen.heads, chosen.kv_heads, chosen.head_dim, chosen.rotary_dims
        )
    for geometry in places.values():
        notes.extend(f"{part.name}: {note}" for note in geometry.notes)
    return Module(
        name=part.name,
        family=part.family.name,
        tensors=tuple(tensors),
        parameters=sum(item.stored.size for item in part.items),
        layers=len({t.layer for t in tensors if t.layer is not None}),
        attention=attention,
        symmetric_residual=part.family.symmetric_residual,
        signed_glu=part.family.signed_glu,
    )


def _reading_order(tensor: Tensor) -> tuple[object, ...]:
    return (
        tensor.layer is not None,
        tensor.layer or 0,
        _BLOCK_ORDER[tensor.block],
        -1 if tensor.expert is None else tensor.expert,
        _ROLE_ORDER[tensor.role],
        natural_key(tensor.view.tensor),
        tensor.view.select,
    )


def _geometries(
    items: list[Item], turned: dict[int, bool], claim: Claims
) -> dict[tuple[int | None, str], Geometry]:
    """Sizes of the heads for each attention block of each layer."""
    facts: dict[tuple[int | None, str], dict[str, int]] = {}
    for number, item in enumerate(items):
        word = _FACTS.get(item.rule.roles)
        if word is None or item.stored.dtype in _PACKED:
            continue
        found = sides(item.rule, item.stored, flip=turned.get(number, False))
        if found is not None and found[0] > 0:
            facts.setdefault((item.layer, item.rule.block), {})[word] = found[0]

    @cache
    def solved(known: tuple[tuple[str, int], ...]) -> Geometry:
        return solve(dict(known), claim)

    return {
        place: solved(tuple(sorted(known.items()))) for place, known in facts.items()
    }
