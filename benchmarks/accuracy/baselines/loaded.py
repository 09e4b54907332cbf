# SPDX-License-Identifier: Apache-2.0
"""What every baseline is given, what it returns, and how it finds its tensors.

A baseline sees the canonical tensors of the description, so storage details (fused,
transposed, renamed in a known way) cost it nothing that its paper would not have lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parentage.model.description import Model, Module, Tensor
from parentage.run.pairing import kind
from parentage.testing.memory import MemoryCheckpoint, canonical, describe_arrays
from parentage.testing.memory import load as load_arrays

Floats = NDArray[np.float32]
Slot = tuple[str, str, int | None, int | None]
"""(kind of module and block, role, layer, expert) of a tensor."""


class UndefinedError(Exception):
    """The method cannot run on this pair; the message says why."""


@dataclass(frozen=True)
class Score:
    """What a baseline says of a pair.

    Attributes:
        value: higher means more related; ``None`` when the method cannot run.
        threshold_rule: the decision rule of the publication, in words.
        reason: why there is no value.
    """

    value: float | None
    threshold_rule: str
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Loaded:
    """A small model, held whole in memory; equal only to itself.

    Attributes:
        name: for tables.
        arrays: every stored tensor, as float32.
        model: its description.
        config: the parsed config, possibly empty.
        tokens: token string to row of the embedding; ``None`` without a tokenizer.
    """

    name: str
    arrays: Mapping[str, Floats]
    model: Model
    config: Mapping[str, object]
    tokens: Mapping[str, int] | None = None

    def get(self, tensor: Tensor) -> Floats:
        """A canonical tensor."""
        return np.asarray(canonical(self.arrays, tensor), dtype=np.float32)

    def slots(self) -> dict[Slot, Tensor]:
        """All recognised tensors of the model, by what they are."""
        found: dict[Slot, Tensor] = {}
        for module in self.model.modules:
            for t in module.tensors:
                if t.role != "other":
                    place = f"{kind(module.name)}/{t.block}"
                    found.setdefault((place, t.role, t.layer, t.expert), t)
        return found


Method = Callable[[Loaded, Loaded], Score]


def load(path: str | Path) -> Loaded:
    """Read a model folder or file whole, as float32."""
    file = Path(path) / "tokenizer.json"
    tokens = _tokens(file) if file.is_file() else None
    return from_memory(load_arrays(path), tokens)


def from_memory(
    checkpoint: MemoryCheckpoint, tokens: Mapping[str, int] | None = None
) -> Loaded:
    """Wrap a model that is in memory."""
    arrays = {n: a.astype(np.float32) for n, a in checkpoint.arrays.items()}
    model = describe_arrays(checkpoint)
    return Loaded(checkpoint.name, arrays, model, checkpoint.config, tokens)


def _tokens(file: Path) -> dict[str, int] | None:
    content = json.loads(file.read_text(encoding="utf-8"))
    vocab = content.get("model", {}).get("vocab")
    if isinstance(vocab, list):  # unigram: pairs of string and score
        vocab = {piece: i for i, (piece, _) in enumerate(vocab)}
    if not isinstance(vocab, dict):
        return None
    return vocab | {t["content"]: t["id"] for t in content.get("added_tokens", ())}


def scored(rule: str) -> Callable[[Callable[[Loaded, Loaded], float]], Method]:
    """Turn a function that returns a number into a baseline.

    Args:
        rule: the published decision rule, in words.
    """

    def decorate(function: Callable[[Loaded, Loaded], float]) -> Method:
        @wraps(function)
        def score(candidate: Loaded, reference: Loaded) -> Score:
            try:
                value = float(function(candidate, reference))
            except UndefinedError as why:
                return Score(None, rule, str(why))
            if not np.isfinite(value):
                return Score(None, rule, "the statistic is not a finite number")
            return Score(value, rule)

        return score

    return decorate


def trunk(loaded: Loaded) -> Module:
    """The stack of layers that the published methods look at.

    The text decoder where there is one, else the largest module with layers.
    """
    stacks = [m for m in loaded.model.modules if m.layers]
    if not stacks:
        message = f"{loaded.name}: no stack of layers is recognised"
        raise UndefinedError(message)
    return max(stacks, key=lambda m: (m.name == "text_decoder", m.parameters))


def trunks(candidate: Loaded, reference: Loaded) -> tuple[Module, Module]:
    """The trunks of both models, which must be of one kind."""
    own, other = trunk(candidate), trunk(reference)
    if kind(own.name) != kind(other.name):
        message = f"a {kind(own.name)} and a {kind(other.name)} have no common part"
        raise UndefinedError(message)
    return own, other


def width(loaded: Loaded, module: Module) -> int:
    """Dims of the residual stream."""
    for t in module.tensors:
        if "residual" in t.axes:
            return t.shape[t.axes.index("residual")]
    message = f"{loaded.name}: no residual stream is recognised"
    raise UndefinedError(message)


def roles(module: Module, layer: int | None) -> dict[str, Tensor]:
    """The tensors of a layer that belong to no routed expert, by role."""
    return {
        t.role: t
        for t in reversed(module.tensors)
        if t.layer == layer and t.expert is None and t.block != "cross_attention"
    }


def attention(loaded: Loaded, module: Module, layer: int) -> dict[str, Floats]:
    """W_Q, W_K, W_V and the transpose of W_O of a layer, one row per head dim.

    Keys and values are repeated for the heads that share them. Latent attention
    (DeepSeek) is multiplied out to the matrices it stands for, its inner norm gains
    left out.
    """
    own = {role: loaded.get(t) for role, t in roles(module, layer).items()}
    if {"q_proj", "k_proj", "v_proj", "o_proj"} <= own.keys():
        q, k, v = own["q_proj"], own["k_proj"], own["v_proj"]
    elif {"k_b_proj", "v_b_proj", "kv_a_proj", "k_rope_proj", "o_proj"} <= own.keys():
        q, k, v = _latent(own)
    else:
        message = f"{loaded.name}: layer {layer} has no attention with known heads"
        raise UndefinedError(message)
    o = own["o_proj"]
    heads = o.shape[0]
    parts = {"q": q, "k": k, "v": v, "o": o}
    return {
        name: np.repeat(part, heads // part.shape[0], axis=0).reshape(
            -1, part.shape[-1]
        )
        for name, part in parts.items()
    }


def _latent(own: Mapping[str, Floats]) -> tuple[Floats, Floats, Floats]:
    if "q_a_proj" in own:
        nope = own["q_b_nope"] @ own["q_a_proj"]
        rope = own["q_b_rope"] @ own["q_a_proj"]
    else:
        nope, rope = own["q_nope"], own["q_rope"]
    heads = nope.shape[0]
    shared = np.repeat(own["k_rope_proj"][None], heads, axis=0)
    k = np.concatenate([own["k_b_proj"] @ own["kv_a_proj"], shared], axis=1)
    q = np.concatenate([nope, rope], axis=1)
    return q, k, own["v_b_proj"] @ own["kv_a_proj"]


FEED_FORWARD = {
    "gate_proj": "gate",
    "up_proj": "up",
    "down_proj": "down",
    "fc_in": "up",
    "fc_out": "down",
}


def feed_forward(loaded: Loaded, module: Module, layer: int) -> list[dict[str, Floats]]:
    """The feed-forward blocks of a layer: one, or one per expert, the shared last.

    Each has ``up`` and ``down`` (one row per neuron) and, in a GLU, ``gate``.
    """
    found: dict[tuple[bool, int], dict[str, Floats]] = {}
    for t in module.tensors:
        if t.layer == layer and t.role in FEED_FORWARD:
            place = (t.expert is None, t.expert or 0)
            found.setdefault(place, {})[FEED_FORWARD[t.role]] = loaded.get(t)
    return [found[place] for place in sorted(found)]


def stream_rows(loaded: Loaded) -> Floats:
    """What enters the residual stream: token embeddings, or patch filters.

    Patch filters are the natural analogue for a vision encoder on its own.
    """
    slots = loaded.slots()
    for (_, role, _, _), t in slots.items():
        if role == "token_embedding":
            return loaded.get(t)
    for (_, role, _, _), t in slots.items():
        if role in {"patch_embedding", "input_conv"}:
            return loaded.get(t).reshape(t.shape[0], -1).T
    message = f"{loaded.name}: no embedding is recognised"
    raise UndefinedError(message)


def shared_rows(
    candidate: Loaded, reference: Loaded, at_most: int | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats]:
    """Embedding rows of the tokens that both models have, in the reference's order.

    Tokens are matched by string; by number where one model has no tokenizer.

    Returns:
        The row numbers in both models, and the rows.
    """
    own, other = stream_rows(candidate), stream_rows(reference)
    if candidate.tokens is None or reference.tokens is None:
        ids = [(i, i) for i in range(min(len(own), len(other)))]
    else:
        ids = sorted(
            (j, candidate.tokens[token])
            for token, j in reference.tokens.items()
            if token in candidate.tokens
        )
        ids = [(j, i) for j, i in ids if i < len(own) and j < len(other)]
    if len(ids) < 2:
        message = "the vocabularies have no tokens in common"
        raise UndefinedError(message)
    chosen = np.array(ids[:at_most], dtype=np.intp)
    j, i = chosen[:, 0], chosen[:, 1]
    return i, j, own[i], other[j]
