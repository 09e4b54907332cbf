# SPDX-License-Identifier: Apache-2.0
"""Tensors and configs of models with many experts, at their published sizes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

Listed = Iterator[tuple[str, tuple[int, ...], str]]
"""Name, shape and stored format of each tensor."""


@dataclass(frozen=True)
class Vision:
    """A vision encoder of Qwen2-VL's design with its merger."""

    depth: int = 32
    embed_dim: int = 1280
    mlp: int = 5120
    heads: int = 16
    patch: int = 14

    def tensors(self, front: str, width: int) -> Listed:
        """Its tensors; ``width`` is that of the text decoder."""
        d, h = self.embed_dim, self.mlp
        yield f"{front}patch_embed.proj.weight", (d, 3, 2, self.patch, self.patch), ""
        for i in range(self.depth):
            at = f"{front}blocks.{i}."
            for norm in ("norm1", "norm2"):
                yield f"{at}{norm}.weight", (d,), ""
                yield f"{at}{norm}.bias", (d,), ""
            yield f"{at}attn.qkv.weight", (3 * d, d), ""
            yield f"{at}attn.qkv.bias", (3 * d,), ""
            yield f"{at}attn.proj.weight", (d, d), ""
            yield f"{at}attn.proj.bias", (d,), ""
            yield f"{at}mlp.fc1.weight", (h, d), ""
            yield f"{at}mlp.fc1.bias", (h,), ""
            yield f"{at}mlp.fc2.weight", (d, h), ""
            yield f"{at}mlp.fc2.bias", (d,), ""
        yield f"{front}merger.ln_q.weight", (d,), ""
        yield f"{front}merger.ln_q.bias", (d,), ""
        yield f"{front}merger.mlp.0.weight", (4 * d, 4 * d), ""
        yield f"{front}merger.mlp.0.bias", (4 * d,), ""
        yield f"{front}merger.mlp.2.weight", (width, 4 * d), ""
        yield f"{front}merger.mlp.2.bias", (width,), ""

    def config(self, width: int) -> dict[str, object]:
        """The ``vision_config`` of such an encoder."""
        return {
            "model_type": "qwen2_vl",
            "depth": self.depth,
            "embed_dim": self.embed_dim,
            "mlp_ratio": self.mlp / self.embed_dim,
            "num_heads": self.heads,
            "patch_size": self.patch,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "in_channels": 3,
            "hidden_size": width,
        }


@dataclass(frozen=True)
class Shape(ABC):
    """Sizes of a text decoder, in the words of its config."""

    model_type: str
    architecture: str
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    vocab_size: int
    moe_intermediate_size: int
    n_routed_experts: int
    n_shared_experts: int = 1
    num_experts_per_tok: int = 8
    intermediate_size: int = 0
    first_k_dense_replace: int = 0
    more: dict[str, object] = field(default_factory=dict, hash=False)

    def config(self) -> dict[str, object]:
        """The ``config.json`` of such a model."""
        own = {k: v for k, v in self.__dict__.items() if k not in _NOT_CONFIG}
        return {
            "architectures": [self.architecture],
            **own,
            **self.more,
            "hidden_act": "silu",
            "norm_topk_prob": True,
            "tie_word_embeddings": False,
            "torch_dtype": "bfloat16",
        }

    @abstractmethod
    def attention(self, at: str) -> Listed:
        """Tensors of the attention of a layer."""

    def norms(self, at: str) -> Listed:
        """Gains of the residual stream of a layer."""
        for name in ("input_layernorm", "post_attention_layernorm"):
            yield f"{at}{name}.weight", (self.hidden_size,), ""

    def tensors(self, front: str = "") -> Listed:
        """All stored tensors, in the order of the layers."""
        d = self.hidden_size
        yield f"model.{front}embed_tokens.weight", (self.vocab_size, d), ""
        for i in range(self.num_hidden_layers):
            at = f"model.{front}layers.{i}."
            yield from self.norms(at)
            yield from self.attention(f"{at}self_attn.")
            if i < self.first_k_dense_replace:
                yield from _gated(f"{at}mlp.", d, self.intermediate_size)
                continue
            e, h = self.n_routed_experts, self.moe_intermediate_size
            yield f"{at}mlp.gate.weight", (e, d), ""
            yield f"{at}mlp.gate.e_score_correction_bias", (e,), "F32"
            shared = h * self.n_shared_experts
            yield from _gated(f"{at}mlp.shared_experts.", d, shared)
            for expert in range(e):
                yield from _gated(f"{at}mlp.experts.{expert}.", d, h)
        yield f"model.{front}norm.weight", (d,), ""
        yield "lm_head.weight", (self.vocab_size, d), ""


_NOT_CONFIG: Final = frozenset({"architecture", "more"})


def _gated(at: str, width: int, neurons: int) -> Listed:
    yield f"{at}gate_proj.weight", (neurons, width), ""
    yield f"{at}up_proj.weight", (neurons, width), ""
    yield f"{at}down_proj.weight", (width, neurons), ""


@dataclass(frozen=True)
class Latent(Shape):
    """With latent attention, as DeepSeek-V3."""

    q_lora_rank: int = 1536
    kv_lora_rank: int = 512
    qk_nope_head_dim: int = 128
    qk_rope_head_dim: int = 64
    v_head_dim: int = 128

    def attention(self, at: str) -> Listed:
        """Tensors of the attention of a layer."""
        d, n = self.hidden_size, self.num_attention_heads
        q, kv = self.q_lora_rank, self.kv_lora_rank
        query = n * (self.qk_nope_head_dim + self.qk_rope_head_dim)
        yield f"{at}q_a_proj.weight", (q, d), ""
        yield f"{at}q_a_layernorm.weight", (q,), ""
        yield f"{at}q_b_proj.weight", (query, q), ""
        yield f"{at}kv_a_proj_with_mqa.weight", (kv + self.qk_rope_head_dim, d), ""
        yield f"{at}kv_a_layernorm.weight", (kv,), ""
        both = n * (self.qk_nope_head_dim + self.v_head_dim)
        yield f"{at}kv_b_proj.weight", (both, kv), ""
        yield f"{at}o_proj.weight", (d, n * self.v_head_dim), ""

    def norms(self, at: str) -> Listed:
        """Gains of the residual stream of a layer; A.X-K1 has one more."""
        yield from super().norms(at)
        if self.model_type == "axk1":
            yield f"{at}post_mlp_layernorm.weight", (self.hidden_size,), ""


@dataclass(frozen=True)
class Grouped(Shape):
    """With grouped query heads."""

    num_key_value_heads: int = 8
    head_dim: int = 128

    def attention(self, at: str) -> Listed:
        """Tensors of the attention of a layer."""
        d = self.hidden_size
        q = self.num_attention_heads * self.head_dim
        kv = self.num_key_value_heads * self.head_dim
        yield f"{at}q_proj.weight", (q, d), ""
        yield f"{at}k_proj.weight", (kv, d), ""
        yield f"{at}v_proj.weight", (kv, d), ""
        yield f"{at}o_proj.weight", (d, q), ""


_LATENT_MORE: Final[dict[str, object]] = {
    "n_group": 8,
    "topk_group": 4,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "topk_method": "noaux_tc",
    "rms_norm_eps": 1e-06,
    "rope_theta": 10000,
    "initializer_range": 0.02,
    "num_nextn_predict_layers": 0,
}

SHAPES: Final[dict[str, Shape]] = {
    # 671 B without the layer of multi-token prediction (DeepSeek-V3 technical report).
    "deepseek-v3": Latent(
        model_type="deepseek_v3",
        architecture="DeepseekV3ForCausalLM",
        hidden_size=7168,
        num_hidden_layers=61,
        num_attention_heads=128,
        vocab_size=129280,
        moe_intermediate_size=2048,
        n_routed_experts=256,
        intermediate_size=18432,
        first_k_dense_replace=3,
        more=_LATENT_MORE | {"max_position_embeddings": 163840},
    ),
    # 519 B (arXiv 2601.09200 and the class defaults of transformers).
    "a.x-k1": Latent(
        model_type="axk1",
        architecture="AXK1ForCausalLM",
        hidden_size=7168,
        num_hidden_layers=61,
        num_attention_heads=64,
        vocab_size=163840,
        moe_intermediate_size=2048,
        n_routed_experts=192,
        intermediate_size=18432,
        first_k_dense_replace=1,
        more=_LATENT_MORE | {"max_position_embeddings": 131072},
    ),
    # 102.6 B (config.json of the release).
    "solar-open-100b": Grouped(
        model_type="solar_open",
        architecture="SolarOpenForCausalLM",
        hidden_size=4096,
        num_hidden_layers=48,
        num_attention_heads=64,
        vocab_size=196608,
        moe_intermediate_size=1280,
        n_routed_experts=128,
        intermediate_size=10240,
        more={
            "n_group": 1,
            "topk_group": 1,
            "routed_scaling_factor": 1.0,
            "rms_norm_eps": 1e-05,
            "rope_theta": 1000000,
            "max_position_embeddings": 131072,
        },
    ),
}
"""Text decoders at their published sizes."""
