# SPDX-License-Identifier: Apache-2.0
"""Reads of one model's residual streams for undoing relabellings.

What is read depends on that model's shapes, the byte budget and the seed alone. A
model that does not fit is read at evenly spread layers; a layer that does not fit, at
a range of its neurons that begins at the same share of the way in every model, so
that unpermuted units still meet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from parentage.artifact.dtypes import DTYPES
from parentage.evidence.alignment.units import (
    SHARED,
    Floats,
    Heads,
    Neurons,
    Stream,
    centred,
)
from parentage.evidence.units import rotary_classes
from parentage.model.description import Model, Module, Tensor, View
from parentage.model.rectangle import Cut
from parentage.run.sampler import Reader
from parentage.stats.assignment import unit_rows

TOKEN_SHARE = 4
"""One part in so many of the budget goes to embedding and output rows, each."""

FETCHED_IN_VAIN = 32
"""One part in so many may be fetched between ranges; see `source/spans.py`."""

MOST_TOKENS = 8192
"""Token rows read at most; half of them find the basis, half judge it."""

TEXT = ("embedding", "text_decoder", "head")
"""Modules on the residual stream of the text decoder."""

CENTRED_GAINS = ("gemma", "recurrent_gemma", "t5gemma", "qwen3_next")
"""Begin of the ``model_type`` of designs that store a gain as its excess over one."""


@dataclass(frozen=True)
class _Job:
    """What is read of every layer of a module."""

    reader: Reader
    module: Module
    width: int
    share: float
    start: float


@dataclass
class _Layer:
    number: int
    mlps: dict[int | None, dict[str, Tensor]] = field(default_factory=dict)
    attention: dict[str, Tensor] = field(default_factory=dict)
    gains: dict[str, Tensor] = field(default_factory=dict)

    def nbytes(self) -> int:
        tensors = [*self.attention.values()]
        tensors += [t for mlp in self.mlps.values() for t in mlp.values()]
        return sum(_nbytes(t) for t in tensors)


def _nbytes(tensor: Tensor) -> int:
    kind = DTYPES.get(tensor.dtype)
    return tensor.size * (kind.itemsize if kind else 4)


def read_stream(
    model: Model, module: Module, reader: Reader, *, budget: int, seed: int
) -> Stream | None:
    """Read one residual stream; ``None`` where it has no units that can be matched.

    Args:
        model: the description the module belongs to.
        module: the module with the layers.
        reader: of that model.
        budget: bytes that may be read.
        seed: decides which range of neurons is read where not all fit.
    """
    layers = _layers(module)
    width = _width(layers)
    if width is None:
        return None
    own = TEXT if module.name == "text_decoder" else (module.name,)
    tensors = [t for m in model.modules if m.name in own for t in m.tensors]
    # Gains are small and read whole; what they take is not there for the rest.
    budget -= _vectors(layers, tensors)
    # Ranges that lie near each other are fetched as one, with what lies between.
    budget -= budget // FETCHED_IN_VAIN
    tokens, spent = _tokens(tensors, width, reader, budget // TOKEN_SHARE)
    outputs, more = _outputs(model, tensors, width, reader, budget // TOKEN_SHARE)
    room = budget - spent - more
    chosen, share = _chosen(layers, room)
    offset = _offset(model)
    start = float(np.random.default_rng(seed).random())
    job = _Job(reader, module, width, share, start)
    neurons: list[Neurons] = []
    heads: list[Heads] = []
    gains: list[Floats] = []
    for layer in chosen:
        reader.prefetch(_wanted(layer, job))
        folded = {k: _vector(reader, t) + offset for k, t in layer.gains.items()}
        gains += [g for g in folded.values() if len(g) == width]
        neurons += _neurons(layer, folded, job)
        heads += _heads(layer, folded, job)
    if not neurons and not heads:
        return None
    return Stream(
        width, tuple(neurons), tuple(heads), tokens, outputs, share >= 1, tuple(gains)
    )


def _vectors(layers: Sequence[_Layer], tensors: Sequence[Tensor]) -> int:
    """Bytes of all gains that may be read."""
    found = [t for layer in layers for t in layer.gains.values()]
    found += [t for t in tensors if t.role == "final_norm"]
    return sum(_nbytes(t) for t in found)


def _wanted(layer: _Layer, job: _Job) -> Iterator[tuple[View, Cut]]:
    """What is read of a layer, so that it is fetched side by side."""
    for tensor in layer.gains.values():
        yield tensor.view, _whole(tensor)
    for mlp in layer.mlps.values():
        planned = _planned(mlp, job)
        if planned is not None:
            tensors, cut = planned
            yield from ((tensor.view, cut) for tensor in tensors)
    if _heads_fit(layer, job):
        for tensor in layer.attention.values():
            yield tensor.view, _whole(tensor)


MLP_ROLES = frozenset({"gate_proj", "up_proj", "down_proj", "fc_in", "fc_out"})
HEAD_ROLES = frozenset({"q_proj", "k_proj", "v_proj", "o_proj"})
GAIN_ROLES = frozenset({"input_norm", "post_attention_norm", "pre_feedforward_norm"})
MLP_BLOCKS = frozenset({"mlp", "experts", "shared_experts"})


def _layers(module: Module) -> list[_Layer]:
    found: dict[int, _Layer] = {}
    for t in module.tensors:
        if t.layer is None:
            continue
        layer = found.setdefault(t.layer, _Layer(t.layer))
        if t.role in MLP_ROLES and t.block in MLP_BLOCKS:
            key = SHARED if t.block == "shared_experts" else t.expert
            layer.mlps.setdefault(key, {}).setdefault(t.role, t)
        elif t.role in HEAD_ROLES and t.block == "attention" and len(t.shape) == 3:
            layer.attention.setdefault(t.role, t)
        elif t.role in GAIN_ROLES:
            layer.gains.setdefault(t.role, t)
    for layer in found.values():
        layer.mlps = {k: m for k, m in layer.mlps.items() if _complete(m)}
        if layer.attention.keys() != HEAD_ROLES:
            layer.attention = {}
    return [found[k] for k in sorted(found) if found[k].mlps or found[k].attention]


def _complete(mlp: dict[str, Tensor]) -> bool:
    roles = mlp.keys()
    return roles >= {"gate_proj", "up_proj", "down_proj"} or roles >= {
        "fc_in",
        "fc_out",
    }


def _width(layers: Sequence[_Layer]) -> int | None:
    widths = [
        t.shape[-1]
        for layer in layers
        for group in (layer.attention, *layer.mlps.values())
        for t in group.values()
    ]
    return max(set(widths), key=widths.count) if widths else None


def _offset(model: Model) -> np.float32:
    kind = str(model.config.get("model_type", ""))
    return np.float32(1.0 if kind.startswith(CENTRED_GAINS) else 0.0)


def _chosen(layers: list[_Layer], room: int) -> tuple[list[_Layer], float]:
    """Layers to read, and which share of their neurons."""
    costs = [layer.nbytes() for layer in layers]
    if sum(costs) <= room:
        return layers, 1.0
    fit = room // max(*costs, 1)
    if fit >= 1:
        places = np.linspace(0, len(layers) - 1, fit + 2)[1:-1]
        if fit >= 2:
            places = np.linspace(0, len(layers) - 1, fit)
        return [layers[int(i)] for i in np.unique(places.round().astype(int))], 1.0
    middle = layers[len(layers) // 2]
    experts: list[int | None] = sorted(middle.mlps, key=str)
    one = max((_cost(m) for m in middle.mlps.values()), default=1)
    keep = max(1, min(len(experts), room // max(one, 1)))
    places = np.unique(np.linspace(0, len(experts) - 1, keep).astype(int))
    mlps = {experts[i]: middle.mlps[experts[i]] for i in places} if experts else {}
    part = _Layer(middle.number, mlps, {}, middle.gains)
    return [part], min(0.999, max(room, 0) / max(part.nbytes(), 1))


def _cost(mlp: dict[str, Tensor]) -> int:
    return sum(_nbytes(t) for t in mlp.values())


LARGEST = 1e8
"""Larger values are scaled down: only directions matter, and squares must be finite."""


def _sound(values: Floats) -> Floats:
    """Values whose squares and products with gains cannot overflow."""
    peak = float(np.abs(values).max(initial=0.0))
    return values / np.float32(peak) if peak > LARGEST else values


def _whole(tensor: Tensor) -> Cut:
    return tuple(((0, n),) for n in tensor.shape)


def _vector(reader: Reader, tensor: Tensor) -> Floats:
    return _sound(reader.rectangle(tensor, _whole(tensor)))


def _neurons(layer: _Layer, gains: dict[str, Floats], job: _Job) -> list[Neurons]:
    reader = job.reader
    gain = _before_mlp(gains, job.width)
    found = []
    for expert, mlp in layer.mlps.items():
        planned = _planned(mlp, job)
        if planned is None:
            continue
        tensors, cut = planned
        gated = len(tensors) == 3
        match, down, *rest = (_sound(reader.rectangle(t, cut)) for t in tensors)
        match = match * gain
        up = rest[0] * gain if rest else None
        sides = np.linalg.norm(match if up is None else up, axis=1)
        found.append(
            Neurons(
                layer.number,
                expert,
                unit_rows(match),
                None if up is None else unit_rows(up),
                unit_rows(down),
                np.linalg.norm(match, axis=1).astype(np.float32),
                _log_ratio(sides, np.linalg.norm(down, axis=1)),
                gated and job.module.signed_glu,
            )
        )
    return found


def _planned(mlp: dict[str, Tensor], job: _Job) -> tuple[list[Tensor], Cut] | None:
    """Tensors of an MLP, its first, its last and the gated one, and what is read."""
    gated = "gate_proj" in mlp and "up_proj" in mlp
    first, last = ("gate_proj", "down_proj") if gated else ("fc_in", "fc_out")
    tensors = [mlp[first], mlp[last], *([mlp["up_proj"]] if gated else [])]
    count = tensors[0].shape[0]
    if any(t.shape != (count, job.width) for t in tensors):
        return None
    kept = max(2, int(count * job.share)) if job.share < 1 else count
    if kept > count:
        return None
    begin = int(job.start * (count - kept))
    return tensors, (((begin, begin + kept),), ((0, job.width),))


def _log_ratio(a: Floats, b: Floats) -> Floats:
    tiny = np.float32(1e-12)
    return np.asarray(np.log(a + tiny) - np.log(b + tiny), dtype=np.float32)


def _before_mlp(gains: dict[str, Floats], width: int) -> Floats:
    """The gain that an MLP's input went through.

    ``post_attention_norm`` names two things: the norm before the MLP, in designs with
    one norm before each block, and a norm behind the attention, in designs that have
    another one before the MLP or none before the attention.
    """
    ones = np.ones(width, dtype=np.float32)
    for role in ("pre_feedforward_norm", "post_attention_norm", "input_norm"):
        if role == "post_attention_norm" and "input_norm" not in gains:
            continue
        if role in gains and len(gains[role]) == width:
            return gains[role]
    return ones


def _heads(layer: _Layer, gains: dict[str, Floats], job: _Job) -> list[Heads]:
    reader, module, width = job.reader, job.module, job.width
    gain = gains.get("input_norm", np.ones(width, dtype=np.float32))
    if not _heads_fit(layer, job) or module.attention is None or len(gain) != width:
        return []
    tensors = [layer.attention[r] for r in ("q_proj", "k_proj", "v_proj", "o_proj")]
    q = tensors[0]
    query, key, value, output = (
        _sound(reader.rectangle(t, _whole(t))) for t in tensors
    )
    biased = any(t.role in {"q_norm_bias", "k_norm_bias"} for t in module.tensors)
    rotary = (
        None if biased else rotary_classes(q.shape[1], module.attention.rotary_dims)
    )
    return [Heads(layer.number, query * gain, key * gain, value * gain, output, rotary)]


def _heads_fit(layer: _Layer, job: _Job) -> bool:
    """Whether a layer has whole heads of one width, all of which are read."""
    if not layer.attention or job.module.attention is None or job.share < 1:
        return False
    tensors = [layer.attention[r] for r in ("q_proj", "k_proj", "v_proj", "o_proj")]
    q, k, v, o = tensors
    return (
        all(t.shape[-1] == job.width for t in tensors)
        and q.shape[1] == k.shape[1]
        and v.shape[1] == o.shape[1]
        and q.shape[0] == o.shape[0]
        and k.shape[0] == v.shape[0]
        and q.shape[0] % max(k.shape[0], 1) == 0
        and min(math.prod(t.shape) for t in tensors) > 0
    )


def _rows(
    tensor: Tensor, width: int, reader: Reader, room: int
) -> tuple[Floats | None, int]:
    """Token rows of a table, and the bytes they took."""
    count, columns = tensor.shape
    per_row = _nbytes(tensor) // max(count, 1)
    if columns != width or count < 4 or per_row < 1:
        return None, 0
    keep = min(count, MOST_TOKENS, room // per_row)
    if keep < 4:
        return None, 0
    # The first ones: the same tokens in every model that kept its vocabulary, whatever
    # was appended, and in most tokenizers the frequent ones.
    rows = _sound(reader.rectangle(tensor, (((0, keep),), ((0, width),))))
    return rows, len(rows) * per_row


def _tokens(
    tensors: Sequence[Tensor], width: int, reader: Reader, room: int
) -> tuple[Floats | None, int]:
    for t in tensors:
        if t.role == "token_embedding" and len(t.shape) == 2:
            rows, spent = _rows(t, width, reader, room)
            return (None if rows is None else centred(rows)), spent
        patch = t.role == "patch_embedding" and len(t.shape) == 2
        if patch and t.shape[0] == width and _nbytes(t) <= room:
            table = _sound(reader.rectangle(t, _whole(t))).T
            return centred(np.ascontiguousarray(table)), _nbytes(t)
    return None, 0


def _outputs(
    model: Model, tensors: Sequence[Tensor], width: int, reader: Reader, room: int
) -> tuple[Floats | None, int]:
    head = next((t for t in tensors if t.role == "lm_head" and len(t.shape) == 2), None)
    if head is None:
        return None, 0
    rows, spent = _rows(head, width, reader, room)
    if rows is None:
        return None, spent
    gain = next((t for t in tensors if t.role == "final_norm"), None)
    if gain is not None and gain.shape == (width,):
        rows = rows * (_vector(reader, gain) + _offset(model))
    return centred(rows), spent
