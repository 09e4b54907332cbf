# SPDX-License-Identifier: Apache-2.0
"""Results of tests as bytes, and back, without running anything that is read.

JSON that keeps what JSON alone would lose: tuples, arrays, numbers of numpy, keys that
are no text, and the dataclasses listed here. Every value comes back equal to the last
bit. An entry that names anything else is refused, so that a file cannot make this
program build what it did not write.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from parentage.evidence.base import Evidence, Subject
from parentage.evidence.descent import Descent, LayerSource
from parentage.evidence.descent.change import Change
from parentage.evidence.descent.low_rank import Ranks
from parentage.evidence.descent.merge import Fitted, Mixture, ParentShare
from parentage.evidence.descent.quantised import Quantised, Rounding
from parentage.evidence.descent.remainder import Remainder
from parentage.evidence.layer_map import LayerMap
from parentage.evidence.module import ModuleEvidence, NormTrap
from parentage.evidence.order import Matches
from parentage.evidence.similarity import Tally
from parentage.stats.uniform_share import Share

_CLASSES: Final[dict[str, type]] = {
    item.__name__: item
    for item in (
        *(Evidence, Subject, LayerMap, ModuleEvidence, NormTrap, Matches, Tally),
        *(Descent, LayerSource, Change, Ranks, Fitted, Mixture, ParentShare),
        *(Quantised, Rounding, Remainder, Share),
    )
}
"""Dataclasses that results are made of."""

_MARK = "\u0000"
"""Key of an object that stands for something else than a dictionary."""

_NUMBERS = "biuf"


class Unknown(Exception):  # noqa: N818 - no error of the tree: it never leaves run/
    """Bytes, or a value, that this module does not write."""


def encode(value: object) -> bytes:
    """A value as bytes.

    Raises:
        Unknown: it holds something that is not known here.
    """
    return json.dumps(_plain(value), separators=(",", ":")).encode()


def decode(data: bytes) -> Any:  # noqa: ANN401
    """The value that :func:`encode` was given.

    Raises:
        Unknown: these bytes are from somewhere else.
    """
    try:
        return _value(json.loads(data))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unknown(str(error)) from error


def _plain(value: object) -> Any:  # noqa: ANN401, PLR0911
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return {_MARK: "tuple", "items": [_plain(item) for item in value]}
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return {**_array(np.asarray(value)), _MARK: "number"}
    if isinstance(value, dict):
        pairs = [[_plain(k), _plain(v)] for k, v in value.items()]
        return {_MARK: "dict", "items": pairs}
    name = type(value).__name__
    if _CLASSES.get(name) is type(value):
        fields = {
            f.name: _plain(getattr(value, f.name))
            for f in dataclasses.fields(value)  # type: ignore[arg-type]
        }
        return {_MARK: "class", "name": name, "fields": fields}
    message = f"no way to write a {type(value).__name__}"
    raise Unknown(message)


def _array(value: NDArray[Any]) -> dict[str, object]:
    if value.dtype.kind not in _NUMBERS:
        message = f"no way to write numbers of {value.dtype}"
        raise Unknown(message)
    raw = np.ascontiguousarray(value).tobytes()
    return {
        _MARK: "array",
        "dtype": value.dtype.str,
        "shape": list(value.shape),
        "data": base64.b64encode(raw).decode(),
    }


def _value(plain: Any) -> Any:  # noqa: ANN401
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    kind = plain[_MARK]
    if kind == "tuple":
        return tuple(_value(item) for item in plain["items"])
    if kind == "dict":
        return {_value(k): _value(v) for k, v in plain["items"]}
    if kind in {"array", "number"}:
        dtype = np.dtype(plain["dtype"])
        if dtype.kind not in _NUMBERS:
            message = f"numbers of {dtype}"
            raise Unknown(message)
        raw = np.frombuffer(base64.b64decode(plain["data"]), dtype)
        array = raw.reshape(plain["shape"]).copy()
        return array if kind == "array" else array[()]
    if kind == "class":
        made = _CLASSES[plain["name"]]
        return made(**{k: _value(v) for k, v in plain["fields"].items()})
    message = f"a {kind}"
    raise Unknown(message)


def digest(*values: object) -> str:
    """SHA-256 over values of any depth: equal for equal content, whatever the object.

    Takes also dataclasses that :func:`encode` does not write, and sets.

    Raises:
        Unknown: it holds something without a content of its own.
    """
    total = hashlib.sha256(b"parentage.content/1\0")
    for value in values:
        for piece in _pieces(value):
            total.update(piece)
    return total.hexdigest()


def _pieces(value: object) -> Iterable[Any]:
    """The content of a value, each part led by its kind and length."""
    if value is None or isinstance(value, (bool, int, float, str, bytes, np.generic)):
        text = repr(value).encode()
        yield f"{type(value).__name__}:{len(text)}:".encode()
        yield text
    elif isinstance(value, np.ndarray):
        if value.dtype.kind not in _NUMBERS:
            message = f"no content in numbers of {value.dtype}"
            raise Unknown(message)
        yield f"array:{value.dtype.str}:{value.shape}:".encode()
        yield np.ascontiguousarray(value).reshape(-1).view(np.uint8).data
    elif isinstance(value, (list, tuple)):
        yield f"list:{len(value)}:".encode()
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, (set, frozenset)):
        yield from _pieces(sorted(digest(item) for item in value))
    elif isinstance(value, dict):
        yield f"dict:{len(value)}:".encode()
        for key, item in value.items():
            yield from _pieces(key)
            yield from _pieces(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        yield f"class:{type(value).__name__}:{len(fields)}:".encode()
        for field in fields:
            yield from _pieces(field.name)
            yield from _pieces(getattr(value, field.name))
    else:
        message = f"no content in a {type(value).__name__}"
        raise Unknown(message)
