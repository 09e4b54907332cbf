# SPDX-License-Identifier: Apache-2.0
"""From the shapes of the stored tensors to an architecture.

Shapes are facts: they fill what a config leaves out, and where a config says something
else the two are reported side by side. What shapes cannot tell (the base of the rotary
positions, the number of experts per token) is left empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from parentage.errors import ConfigError
from parentage.model.architecture.architecture import (
    Architecture,
    Component,
    Contradiction,
    Filled,
    Problem,
)
from parentage.model.architecture.read import read_architecture
from parentage.model.architecture.schema import COMPONENTS, fields_of
from parentage.model.architecture.values import Value
from parentage.model.description import Model, Module, Tensor
from parentage.model.measure import PACKED

_PLACEMENTS: Final = {
    frozenset({"input", "pre_feedforward"}): "pre",
    frozenset({"post_attention", "post_feedforward"}): "post",
    frozenset({"input", "pre_feedforward", "post_feedforward"}): (
        "pre, and post of experts"
    ),
    frozenset({"input", "post_attention", "pre_feedforward", "post_feedforward"}): (
        "pre and post"
    ),
}
_TEXT: Final = "text_decoder"
_ENCODER: Final = "text_encoder"
_PREDICTION: Final = ("eh_proj", "enorm", "hnorm", "shared_head")
_ROWS: Final = ("up_proj", "fc_in")


def architecture_of_model(model: Model) -> Architecture:
    """The architecture of a described model, from its shapes and its config.

    Args:
        model: a model from :func:`parentage.model.describe`.

    Returns:
        Shapes win over the config; where it *states* something else, that is a
        contradiction in the result.
    """
    problems: tuple[Problem, ...] = ()
    stated: Mapping[str, Component] = {}
    try:
        read = read_architecture(model.config, name=model.name)
        stated, problems = read.components, read.problems
    except ConfigError:
        pass
    components: dict[str, Component] = {}
    contradictions: list[Contradiction] = []
    for kind in COMPONENTS:
        module, said = model.module(kind), stated.get(kind)
        if module is None or not module.tensors:
            if said is not None and not (kind == _TEXT and model.module(_ENCODER)):
                components[kind] = said
            continue
        seen = shapes_of(module, model)
        components[kind], found = _merge(kind, said, seen)
        contradictions += found
    return Architecture(model.name, components, problems, tuple(contradictions))


def _merge(
    kind: str, said: Component | None, seen: Mapping[str, Value]
) -> tuple[Component, list[Contradiction]]:
    filled = {n: Filled(v, "from shapes", "tensors") for n, v in seen.items()}
    found: list[Contradiction] = []
    for name, old in (said.fields if said else {}).items():
        if name not in filled or filled[name].value == old.value:
            filled[name] = old
        elif old.source in {"stated", "derived"}:
            shown = filled[name].value
            found.append(Contradiction(kind, name, old.value, shown))
    order = [f.name for f in fields_of(kind) if f.name in filled]
    fields = {name: filled[name] for name in order}
    if said is None:
        return Component(kind, "", fields), found
    return Component(kind, said.model_type, fields, said.known_type), found


def _common(values: Iterable[int]) -> int | None:
    counted = Counter(values)
    return counted.most_common(1)[0][0] if counted else None


def shapes_of(module: Module, model: Model) -> dict[str, Value]:
    """The fields that the stored tensors of one module show."""
    tensors = [t for t in module.tensors if t.dtype not in PACKED]
    extra = _prediction_layers(tensors)
    body = [t for t in tensors if t.layer is not None and t.layer not in extra]
    layers = {t.layer for t in module.tensors if t.layer is not None} - extra
    found: dict[str, Value | None] = {
        "num_hidden_layers": len(layers) or None,
        "hidden_size": _common(
            t.size for t in body if t.block == "norms" and t.role.endswith("norm")
        ),
        "intermediate_size": _common(
            t.shape[0] for t in body if t.role in _ROWS and t.block == "mlp"
        ),
    }
    found |= _heads(module, body)
    if body:
        found |= _flags(body, module.name)
    if module.name == _TEXT:
        found |= _experts(body, layers)
        found |= _vocabulary(model)
        found["num_mtp_layers"] = len(extra) or None
    allowed = {f.name for f in fields_of(module.name)}
    return {n: v for n, v in found.items() if v is not None and n in allowed}


def _prediction_layers(tensors: Iterable[Tensor]) -> set[int]:
    """Layers of multi-token prediction, which come after the others."""
    found: set[int] = set()
    for tensor in tensors:
        parts = tensor.view.tensor.split(".")
        if tensor.layer is not None and any(part in _PREDICTION for part in parts):
            found.add(tensor.layer)
    return found


def _heads(module: Module, body: list[Tensor]) -> dict[str, Value | None]:
    first: dict[str, Tensor] = {}
    for tensor in body:
        first.setdefault(tensor.role, tensor)
    if "kv_a_norm" not in first:
        known = module.attention
        if known is None:
            return {}
        return {
            "num_attention_heads": known.heads,
            "num_key_value_heads": known.kv_heads,
            "head_dim": known.head_dim if module.name == _TEXT else None,
        }
    found: dict[str, Value | None] = {
        "kv_lora_rank": first["kv_a_norm"].size,
        "q_lora_rank": first["q_a_norm"].size if "q_a_norm" in first else 0,
    }
    for role, field, axis in (
        ("k_rope_proj", "qk_rope_head_dim", 0),
        ("k_b_proj", "qk_nope_head_dim", 1),
        ("v_b_proj", "v_head_dim", 1),
        ("k_b_proj", "num_attention_heads", 0),
    ):
        if role in first and len(first[role].shape) > axis + 1:
            found[field] = first[role].shape[axis]
    return found


def _flags(body: list[Tensor], kind: str) -> dict[str, Value | None]:
    """What is there or not: offsets, norms of heads, gates."""
    roles = {t.role for t in body}
    found: dict[str, Value | None] = {}
    if roles & {"q_proj", "q_rows"}:
        found["attention_bias"] = bool(roles & {"q_bias"})
        found["output_bias"] = "o_bias" in roles
        found["attention_sinks"] = "attention_sinks" in roles
        wide = "q_norm_wide" in roles
        found["qk_norm"] = (
            "all heads" if wide else "per head" if "q_norm" in roles else "none"
        )
    if roles & {"up_proj", "fc_in"}:
        found["gated"] = "gate_proj" in roles
        found["mlp_bias"] = bool(roles & {"up_bias", "fc_in_bias"})
    if "input_norm_bias" in roles:
        found["norm_kind"] = "layer"
    norms = frozenset(
        role.removesuffix("_norm")
        for role in roles
        if role.removesuffix("_norm")
        in {"input", "pre_feedforward", "post_attention", "post_feedforward"}
    )
    if kind == _TEXT and norms in _PLACEMENTS:
        found["norm_placement"] = _PLACEMENTS[norms]
    return found


def _experts(body: list[Tensor], layers: set[int]) -> dict[str, Value | None]:
    routed = [t for t in body if t.block == "experts"]
    if not routed:
        return {"feed_forward_kind": "dense" if body else None}
    numbers = {t.expert for t in routed if t.expert is not None}
    sparse = {t.layer for t in routed if t.layer is not None}
    gates = [t.shape[0] for t in body if t.role == "router"]
    dense = [layer for layer in layers if layer not in sparse]
    first = min(sparse, default=0)
    shared = [t for t in body if t.block == "shared_experts"]
    roles = {t.role for t in body}
    return {
        "feed_forward_kind": "experts",
        "num_routed_experts": _common(gates) or (len(numbers) or None),
        "moe_intermediate_size": _common(t.shape[0] for t in routed if t.role in _ROWS),
        "shared_intermediate_size": _common(
            t.shape[0] for t in shared if t.role in _ROWS
        ),
        "num_shared_experts": None if shared else 0,
        "first_dense_layers": sum(layer < first for layer in dense),
        "router_bias": "router_bias" in roles,
    }


def _vocabulary(model: Model) -> dict[str, Value | None]:
    everything = [t for m in model.modules for t in m.tensors]
    rows = _common(t.shape[0] for t in everything if t.role == "token_embedding")
    untied = any(t.role == "lm_head" for t in everything)
    return {"vocab_size": rows, "tie_word_embeddings": False if untied else None}


def count_stored(model: Model) -> dict[str, int]:
    """Stored parameters of a text model, by the parts of :class:`~.count.Count`.

    Layers of multi-token prediction are counted under ``mtp``; what belongs to none of
    the parts under ``other``. Encoders and projectors are not counted.
    """
    counted: Counter[str] = Counter()
    for module in model.modules:
        if module.name not in {_TEXT, "embedding", "head"}:
            continue
        extra = _prediction_layers(module.tensors)
        for tensor in module.tensors:
            part = "mtp" if tensor.layer in extra else tensor.block
            counted[part] += tensor.size
    return dict(counted)
