# SPDX-License-Identifier: Apache-2.0
"""Sizes of attention heads, from shapes where they tell and from the config otherwise.

Shapes are facts and the config is a claim: a claim that no shape can satisfy is dropped
and noted. Nothing is guessed: a size that neither tells is ``None``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_SIZE: Final = 1 << 24
"""Sizes above this in a config are garbage."""

_HEADS: Final = ("num_attention_heads", "n_head", "n_heads", "num_heads")
_KV_HEADS: Final = (
    "num_key_value_heads",
    "num_kv_heads",
    "n_kv_heads",
    "n_head_kv",
    "multi_query_group_num",
)
_HEAD_DIM: Final = ("head_dim", "attention_head_size", "kv_channels", "d_head")
HIDDEN: Final = ("hidden_size", "n_embd", "d_model", "embed_dim", "dim", "hidden_dim")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a config says about one module's attention; ``None`` where it does not."""

    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    value_dim: int | None = None
    nope_dim: int | None = None
    rope_dim: int | None = None
    hidden: int | None = None
    rotary_fraction: float | None = None
    rotary: bool = False


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes that shapes and claims agree on.

    ``rows`` are the output rows of queries, keys and values: known from the shapes even
    where the size of a head is not.
    """

    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    value_dim: int | None = None
    nope_dim: int | None = None
    rope_dim: int | None = None
    rotary_dims: int | None = None
    rows: tuple[int, int, int] | None = None
    notes: tuple[str, ...] = ()


def size(config: Mapping[str, object], *keys: str) -> int | None:
    """First of some keys that holds a believable size."""
    for key in keys:
        value = config.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            continue
        if 0 < value <= MAX_SIZE:
            return value
    return None


def claims(section: Mapping[str, object], kind: str, *, rotary: bool) -> Claims:
    """Read the claims of one section of a config."""
    side = "decoder" if kind == "text_decoder" else "encoder"
    fraction: float | None = None
    nested = section.get("rope_parameters")
    for source in (section, nested if isinstance(nested, dict) else {}):
        for key in ("partial_rotary_factor", "rotary_pct", "rope_pct"):
            value = source.get(key)
            if isinstance(value, int | float) and 0 < value <= 1:
                fraction = fraction or float(value)
    return Claims(
        heads=size(section, f"{side}_attention_heads", *_HEADS),
        kv_heads=size(section, *_KV_HEADS),
        head_dim=size(section, *_HEAD_DIM),
        value_dim=size(section, "v_head_dim"),
        nope_dim=size(section, "qk_nope_head_dim"),
        rope_dim=size(section, "qk_rope_head_dim"),
        hidden=size(section, *HIDDEN),
        rotary_fraction=fraction,
        rotary=rotary,
    )


def solve(facts: Mapping[str, int], claim: Claims) -> Geometry:
    """Reconcile the shapes of one attention block with the config's claims.

    Args:
        facts: output rows of ``q``, ``k``, ``v``, ``qkv``; input columns of ``o``;
            lengths of ``q_norm``, ``sinks``; and for latent attention rows of ``q_b``,
            ``kv_a``, ``kv_b`` and length of ``kv_a_norm``.
        claim: the config's words.
    """
    if "kv_b" in facts:
        return _latent(facts, claim)
    q, k, v = (facts.get(key) for key in ("q", "k", "v"))
    o, fused = facts.get("o"), facts.get("qkv")
    rest = fused - o if fused is not None and o is not None and q is None else 0
    if rest > 0 and rest % 2 == 0:
        q, k, v = o, rest // 2, rest // 2
    if q is None:
        q = o
    if q is None:
        return Geometry()
    rows = None if k is None or v is None else (q, k, v)
    best = _head_dim(q, k, facts, claim)
    if best is None:
        return Geometry(rows=rows, notes=_unknown(claim))
    heads = q // best
    kv_heads = k // best if k is not None else claim.kv_heads
    value = None
    if v is not None and kv_heads and v % kv_heads == 0:
        value = v // kv_heads
    notes: list[str] = []
    for word, said, found in (
        ("heads", claim.heads, heads),
        ("key/value heads", claim.kv_heads, kv_heads),
        ("dims per head", claim.head_dim, best),
    ):
        if said is not None and found is not None and said != found:
            notes.append(f"config says {said} {word}, the shapes say {found}")
    return Geometry(
        heads=heads,
        kv_heads=kv_heads,
        head_dim=best,
        value_dim=value or best,
        rotary_dims=_rotary(best, claim),
        rows=rows,
        notes=tuple(notes),
    )


def _head_dim(
    q: int, k: int | None, facts: Mapping[str, int], claim: Claims
) -> int | None:
    """The head size that fits the shapes and most claims, if any."""
    certain = facts.get("q_norm")
    if certain is not None and certain != q and q % certain == 0:
        options = [certain]
    elif (sinks := facts.get("sinks")) and q % sinks == 0:
        options = [q // sinks]
    else:
        options = [claim.head_dim or 0]
        if claim.heads:
            options += [q // claim.heads, (claim.hidden or 0) // claim.heads]
        if claim.kv_heads and k is not None:
            options.append(k // claim.kv_heads)
    best: tuple[int, int] | None = None
    for option in dict.fromkeys(options):
        if option <= 0 or q % option or (k is not None and k % option):
            continue
        if k is not None and (q // option) % (k // option):
            continue
        votes = (claim.heads == q // option) + (claim.head_dim == option)
        if k is not None:
            votes += claim.kv_heads == k // option
        if best is None or votes > best[0]:
            best = (votes, option)
    return best[1] if best else None


def _unknown(claim: Claims) -> tuple[str, ...]:
    if claim.heads or claim.head_dim:
        said = f"{claim.heads} heads of {claim.head_dim} dims"
        return (f"config says {said}, which no shape fits: rows are kept as stored",)
    return ("nothing tells the size of the heads: rows are kept as stored",)


def _rotary(head_dim: int, claim: Claims) -> int | None:
    if not claim.rotary:
        return 0
    if claim.rotary_fraction is None:
        silent = claim.heads is None and claim.head_dim is None
        return None if silent else head_dim
    return min(head_dim, 2 * int(head_dim * claim.rotary_fraction / 2))


def _latent(facts: Mapping[str, int], claim: Claims) -> Geometry:
    """Latent attention: the shapes alone give every size.

    With ``H`` heads of ``n + p`` query and key dims and ``v`` value dims, ``q_b`` has
    ``H(n + p)`` rows, ``kv_b`` has ``H(n + v)`` and the output matrix ``Hv`` columns.
    """
    rope = claim.rope_dim
    if "kv_a" in facts and "kv_a_norm" in facts:
        rope = facts["kv_a"] - facts["kv_a_norm"]
    q, kv, o = facts.get("q_b"), facts["kv_b"], facts.get("o")
    heads = claim.heads
    if q is not None and o is not None and rope and rope > 0:
        rest = q - kv + o
        heads = rest // rope if rest > 0 and rest % rope == 0 else None
    nope = value = None
    if heads and o is not None and o % heads == 0 and kv % heads == 0:
        value = o // heads
        nope = kv // heads - value
    elif heads and claim.nope_dim and kv % heads == 0:
        nope = claim.nope_dim
        value = kv // heads - nope
    if not heads or not nope or not value or nope < 0 or value < 0:
        return Geometry(rope_dim=rope, notes=_unknown(claim))
    notes = []
    for word, said, found in (
        ("heads", claim.heads, heads),
        ("plain dims per head", claim.nope_dim, nope),
        ("rotary dims per head", claim.rope_dim, rope),
        ("value dims per head", claim.value_dim, value),
    ):
        if said is not None and said != found:
            notes.append(f"config says {said} {word}, the shapes say {found}")
    return Geometry(
        heads=heads,
        kv_heads=heads,
        head_dim=nope + (rope or 0),
        value_dim=value,
        nope_dim=nope,
        rope_dim=rope,
        rotary_dims=rope,
        notes=tuple(notes),
    )
