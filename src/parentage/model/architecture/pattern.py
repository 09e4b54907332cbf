# SPDX-License-Identifier: Apache-2.0
"""Layer patterns in one notation, however a config spells them.

One letter for each kind of layer: ``G`` attends to everything, ``L`` to a window,
``C`` to a chunk, ``R`` is linear attention, ``M`` a state space, ``E`` experts, ``F``
feed-forward alone. A pattern is its shortest period, so that depth does not matter:
``LLLG`` for layers that repeat three local ones and a global one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

MAX_LAYERS: Final = 1024

_LETTERS: Final = {
    "full_attention": "G",
    "deepseek_sparse_attention": "G",
    "attention": "G",
    "sliding_attention": "L",
    "sliding_window_attention": "L",
    "local_attention": "L",
    "chunked_attention": "C",
    "linear_attention": "R",
    "mamba": "M",
    "moe": "E",
    "mlp": "F",
}
_SYMBOLS: Final = {"M": "M", "*": "G", "E": "E", "-": "F", "L": "L", "G": "G"}


def period(letters: str) -> str:
    """The shortest string whose repetition starts with ``letters``."""
    for size in range(1, len(letters) // 2 + 1):
        if all(
            letters[i : i + size] == letters[: min(size, len(letters) - i)]
            for i in range(0, len(letters), size)
        ):
            return letters[:size]
    return letters


def _compact(letters: str) -> str:
    """A period, with long irregular ones written as runs: ``G2L3`` and so on."""
    found = period(letters)
    if len(found) <= 16:
        return found
    runs: list[list[object]] = []
    for letter in found:
        if runs and runs[-1][0] == letter:
            runs[-1][1] = int(str(runs[-1][1])) + 1
        else:
            runs.append([letter, 1])
    text = "".join(f"{letter}{count}" for letter, count in runs)
    if len(text) <= 48:
        return text
    share = sorted((letter, found.count(letter)) for letter in set(found))
    return "irregular " + " ".join(f"{letter}:{count}" for letter, count in share)


def layer_pattern(config: Mapping[str, object]) -> tuple[str, str] | None:
    """The pattern that a config states, and the key that states it.

    Returns:
        ``None`` where it states none.
    """
    for key in ("layer_types", "layers_block_type"):
        types = config.get(key)
        if isinstance(types, list) and 0 < len(types) <= MAX_LAYERS:
            known = [t for t in types if isinstance(t, str)]
            if len(known) == len(types):
                return _compact("".join(_LETTERS.get(t, "X") for t in known)), key
    text = config.get("hybrid_override_pattern")
    if isinstance(text, str) and 0 < len(text) <= MAX_LAYERS:
        return _compact("".join(_SYMBOLS.get(c, "X") for c in text)), (
            "hybrid_override_pattern"
        )
    for key, (off, on) in {
        "hybrid_layer_pattern": ("G", "L"),
        "attn_type_list": ("R", "G"),
    }.items():
        flags = config.get(key)
        if (
            isinstance(flags, list)
            and 0 < len(flags) <= MAX_LAYERS
            and all(flag in (0, 1) for flag in flags)
        ):
            return _compact("".join(on if f else off for f in flags)), key
    return _every(config)


def _every(config: Mapping[str, object]) -> tuple[str, str] | None:
    """Patterns that are stated by their period or by lists of layers."""
    stated = config.get("sliding_window_pattern")
    if isinstance(stated, str) and 0 < len(stated) <= MAX_LAYERS:
        letters = "".join(_SYMBOLS.get(c, "X") for c in stated)
        return _compact(letters), "sliding_window_pattern"
    for key, letter in (
        ("sliding_window_pattern", "L"),
        ("full_attention_interval", "R"),
    ):
        every = config.get(key)
        if isinstance(every, int) and not isinstance(every, bool) and 1 < every <= 64:
            return letter * (every - 1) + "G", key
    linear = config.get("linear_attn_config")
    if isinstance(linear, dict):
        full = _layers(linear.get("full_attn_layers"))
        other = _layers(linear.get("kda_layers"))
        if full and other:
            last = max(*full, *other)
            letters = "".join("G" if i in full else "R" for i in range(1, last + 1))
            return _compact(letters), "linear_attn_config"
    return None


def _layers(value: object) -> frozenset[int]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return frozenset()
    return frozenset(
        v for v in value[:MAX_LAYERS] if isinstance(v, int) and 0 < v <= MAX_LAYERS
    )
