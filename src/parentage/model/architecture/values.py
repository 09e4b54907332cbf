# SPDX-License-Identifier: Apache-2.0
"""One value of a field, cleaned: what a stranger wrote becomes a value or a problem.

Sizes have bounds, words are short, and the many spellings of one activation become
one, so that equal designs compare as equal.
"""

from __future__ import annotations

import math
import re
from typing import Final

from parentage.model.geometry import MAX_SIZE

Value = bool | int | float | str | tuple[int, ...]
"""What a field can hold."""

MAX_COUNT: Final = MAX_SIZE
MAX_LIST: Final = 512
MAX_WORD: Final = 64
_MAX_NUMBER: Final = 1e15

_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?(e[-+]?[0-9]{1,2})?")
"""Numbers that a YAML reader leaves as text."""

_WORDS: Final = {
    "silu": "silu",
    "swish": "silu",
    "swiglu": "silu",
    "silu_and_mul": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu tanh",
    "gelu_fast": "gelu tanh",
    "gelu_pytorch_tanh": "gelu tanh",
    "gelu_tanh": "gelu tanh",
    "geglu": "gelu",
    "quick_gelu": "quick gelu",
    "relu2": "squared relu",
    "relu": "relu",
    "llama3": "llama3",
    "none": "default",
    "su": "longrope",
}


class NotAValueError(ValueError):
    """The message says what was expected."""


def clean(kind: str, value: object) -> Value:
    """The value of a field of some kind.

    Args:
        kind: a kind of :mod:`parentage.model.architecture.schema`.
        value: what a config holds.

    Raises:
        NotAValueError: with what was expected instead.
    """
    if isinstance(value, list) and kind != "list":
        value = _same(value)
    if kind in {"size", "count"}:
        return _whole(value, 1 if kind == "size" else 0)
    if kind == "number":
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = "a number"
            raise NotAValueError(message)
        if not math.isfinite(value) or abs(value) > _MAX_NUMBER:
            message = "a finite number of ordinary size"
            raise NotAValueError(message)
        # Seven digits: GGUF holds the same numbers with single precision.
        return float(f"{value:.7g}")
    if kind == "flag":
        if isinstance(value, bool):
            return value
        message = "true or false"
        raise NotAValueError(message)
    if kind == "list":
        if not isinstance(value, list | tuple) or len(value) > MAX_LIST:
            message = f"a list of at most {MAX_LIST} whole numbers"
            raise NotAValueError(message)
        return tuple(_whole(item, 0) for item in value)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_WORD:
        message = f"a word of at most {MAX_WORD} letters"
        raise NotAValueError(message)
    return _WORDS.get(value.lower(), re.sub(r"[^\w ,.+*()-]", "?", value))


def _same(value: list[object]) -> object:
    """The one value that a list for every layer repeats, or the list itself."""
    first = value[0] if 0 < len(value) <= MAX_LIST else None
    plain = isinstance(first, int | float | str | bool)
    return first if plain and all(item == first for item in value) else value


def _whole(value: object, least: int) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_COUNT:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        message = "a whole number"
        raise NotAValueError(message)
    if not least <= value <= MAX_COUNT:
        message = f"a whole number of {least} to {MAX_COUNT}"
        raise NotAValueError(message)
    return value


def shown(value: object) -> str:
    """A stranger's value for a message: short and printable."""
    text = str(value)[:40] if isinstance(value, str | int | float) else ""
    kind = type(value).__name__
    safe = "".join(c if c.isprintable() else "?" for c in text)
    return f"{kind} {safe}".strip()
