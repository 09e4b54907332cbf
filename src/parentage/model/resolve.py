# SPDX-License-Identifier: Apache-2.0
"""From names and shapes to a description of a model.

Families explain names (:mod:`.assign`), names are gathered into modules
(:mod:`.gather`), shapes are measured (:mod:`.measure`), and each stored tensor is cut
into canonical views (:mod:`.layout`).
Names that no family knows go to :mod:`.structure`. Nothing is dropped: what stays
unexplained is a module of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from parentage.model.architecture.gguf import in_words_of_configs
from parentage.model.assign import assign
from parentage.model.description import (
    Attention,
    Model,
    Module,
    Stored,
    Tensor,
)
from parentage.model.families import special
from parentage.model.gather import Part, gather, named
from parentage.model.geometry import Geometry, claims
from parentage.model.layout import Piece, expand, whole
from parentage.model.measure import PACKED, geometries, turned, width_of
from parentage.model.names import components, natural_key
from parentage.model.roles import MODULES, ROLES
from parentage.model.settings import model_types, section
from parentage.model.structure import explain


class Entry(Protocol):
    """What a checkpoint knows of a stored tensor."""

    @property
    def dtype(self) -> str:
        """Number format, such as ``BF16``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Stored shape."""


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
        config: the parsed config or GGUF metadata, possibly empty: hints only.
    """
    config = in_words_of_configs(config)
    stored = [
        Stored(key, entry.dtype, tuple(entry.shape)) for key, entry in entries.items()
    ]
    stored.sort(key=lambda s: natural_key(s.name))
    buffers = tuple(s for s in stored if is_buffer(s))
    constant = {s.name for s in buffers}
    weights = [s for s in stored if s.name not in constant]
    groups, left = assign(weights, model_types(config))
    known = named(gather(groups))
    found, left, notes = explain(
        left, known, section(config, "text_decoder", alone=True)
    )
    parts = named([*known, *found])
    kinds = {p.kind for p in parts if p.layered}
    modules = [
        _module(p, section(config, p.kind, alone=kinds <= {p.kind}), notes)
        for p in parts
    ]
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


def _module(part: Part, table: Mapping[str, object], notes: list[str]) -> Module:
    claim = claims(table, part.kind, rotary=part.family.rotary)
    flips = turned(part.items, width_of(part.items, table))
    places = geometries(part.items, flips, claim)
    tensors: list[Tensor] = []
    for number, item in enumerate(part.items):
        geometry = places.get((item.layer, item.rule.block), Geometry())
        if item.stored.dtype in PACKED:
            pieces = [whole(item.stored)]
        else:
            flip = flips.get(number, False)
            pieces = expand(item.rule, item.stored, geometry, flip=flip)
        place = (item.rule.block, item.layer, item.expert)
        tensors.extend(_tensor(p, item.stored, part.name, place) for p in pieces)
    tensors.sort(key=_reading_order)
    attention = None
    if places:
        common = Counter(
            replace(g, notes=())
            for (layer, _), g in places.items()
            if layer is not None
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
