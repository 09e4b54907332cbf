# SPDX-License-Identifier: Apache-2.0
"""The closed vocabulary of roles, with the canonical axes of each.

Hidden units come first and the residual stream last, whatever the storage: `down_proj`
is ``(neuron, residual)`` although files hold it the other way round.
"""

from __future__ import annotations

from typing import Final

ROLES: Final[dict[str, tuple[str, ...]]] = {
    # vocabulary and input
    "token_embedding": ("vocab", "residual"),
    "lm_head": ("vocab", "residual"),
    "lm_head_bias": ("vocab",),
    "position_embedding": ("position", "residual"),
    "token_type_embedding": ("position", "residual"),
    "class_embedding": ("residual",),
    "patch_embedding": ("residual", "patch"),
    "patch_embedding_bias": ("residual",),
    "input_conv": ("residual", "patch"),
    "input_conv_bias": ("residual",),
    # attention
    "q_proj": ("head", "head_dim", "residual"),
    "k_proj": ("kv_head", "head_dim", "residual"),
    "v_proj": ("kv_head", "head_dim", "residual"),
    "o_proj": ("head", "head_dim", "residual"),
    "q_bias": ("head", "head_dim"),
    "k_bias": ("kv_head", "head_dim"),
    "v_bias": ("kv_head", "head_dim"),
    "o_bias": ("residual",),
    "q_norm": ("head_dim",),
    "k_norm": ("head_dim",),
    "q_norm_wide": ("head", "head_dim"),
    "k_norm_wide": ("kv_head", "head_dim"),
    "q_norm_bias": ("head_dim",),
    "k_norm_bias": ("head_dim",),
    # attention without a known head size: rows as stored
    "q_rows": ("other", "residual"),
    "k_rows": ("other", "residual"),
    "v_rows": ("other", "residual"),
    "o_rows": ("other", "residual"),
    "attention_sinks": ("head",),
    # latent attention (DeepSeek): one tensor per part, split along the head dims
    "q_a_proj": ("latent", "residual"),
    "q_a_norm": ("latent",),
    "q_b_nope": ("head", "head_dim", "latent"),
    "q_b_rope": ("head", "rotary_dim", "latent"),
    "q_nope": ("head", "head_dim", "residual"),
    "q_rope": ("head", "rotary_dim", "residual"),
    "kv_a_proj": ("latent", "residual"),
    "k_rope_proj": ("rotary_dim", "residual"),
    "kv_a_norm": ("latent",),
    "k_b_proj": ("head", "head_dim", "latent"),
    "v_b_proj": ("head", "head_dim", "latent"),
    # feed-forward
    "gate_proj": ("neuron", "residual"),
    "up_proj": ("neuron", "residual"),
    "down_proj": ("neuron", "residual"),
    "gate_bias": ("neuron",),
    "up_bias": ("neuron",),
    "down_bias": ("residual",),
    "fc_in": ("neuron", "residual"),
    "fc_in_bias": ("neuron",),
    "fc_out": ("neuron", "residual"),
    "fc_out_bias": ("residual",),
    "router": ("expert", "residual"),
    "router_bias": ("expert",),
    "shared_expert_gate": ("other", "residual"),
    # norms: every one is a vector of the residual stream
    "input_norm": ("residual",),
    "post_attention_norm": ("residual",),
    "pre_feedforward_norm": ("residual",),
    "post_feedforward_norm": ("residual",),
    "cross_attention_norm": ("residual",),
    "embedding_norm": ("residual",),
    "final_norm": ("residual",),
    "layer_scale": ("residual",),
    "input_norm_bias": ("residual",),
    "post_attention_norm_bias": ("residual",),
    "pre_feedforward_norm_bias": ("residual",),
    "post_feedforward_norm_bias": ("residual",),
    "cross_attention_norm_bias": ("residual",),
    "embedding_norm_bias": ("residual",),
    "final_norm_bias": ("residual",),
    # projector between an encoder and a decoder (residual: the decoder's stream)
    "projector_in": ("neuron", "input"),
    "projector_in_bias": ("neuron",),
    "projector_out": ("neuron", "residual"),
    "projector_out_bias": ("residual",),
    "projector_linear": ("residual", "input"),
    "projector_linear_bias": ("residual",),
    "projector_norm": ("input",),
    "projector_norm_bias": ("input",),
    # from the residual stream into a space of its own (classes, a shared space)
    "output_projection": ("other", "residual"),
    "output_projection_bias": ("other",),
    # found by shape alone: what is known is the axis of the residual stream
    "mlp_rows": ("neuron", "residual"),
    "mlp_columns": ("neuron", "residual"),
    "residual_rows": ("other", "residual"),
    "residual_columns": ("other", "residual"),
    "residual_vector": ("residual",),
    # recognised as belonging to a module, of no symmetry that is used
    "other": (),
}
"""Role -> labels of its canonical axes. ``other`` keeps its stored axes."""

COLUMNS: Final = frozenset(
    {
        "o_proj",
        "o_rows",
        "down_proj",
        "fc_out",
        "projector_out",
        "mlp_columns",
        "residual_columns",
    }
)
"""Roles whose usual storage ``(out, in)`` has the residual stream first."""

BLOCKS: Final = frozenset(
    {
        "attention",
        "cross_attention",
        "mlp",
        "experts",
        "shared_experts",
        "router",
        "norms",
        "embedding",
        "head",
        "projector",
        "other",
    }
)
"""Parts of a layer (or of a model) for localisation."""

MODULES: Final = (
    "embedding",
    "text_decoder",
    "text_encoder",
    "vision_encoder",
    "audio_encoder",
    "projector",
    "head",
    "unrecognised",
)
"""Kinds of modules, in reading order."""
