# SPDX-License-Identifier: Apache-2.0
"""A tokenizer as bytes of a fingerprint, and back, without loss."""

from __future__ import annotations

import base64
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from parentage.errors import FingerprintError
from parentage.model.tokenizer.description import AddedToken, Tokenizer
from parentage.registry.listing import packed_json, text, unpacked_json

MAX_TOKENS: Final = 4_000_000


def pack_tokenizer(tokenizer: Tokenizer, *, merges: bool = True) -> bytes:
    """The record of a tokenizer.

    Args:
        tokenizer: what to write.
        merges: whether its merges are kept; they are about half of it.
    """
    numbers = {
        token: n for n, token in enumerate(tokenizer.tokens) if token is not None
    }
    pairs: list[list[int]] | None = None
    if merges and tokenizer.merges is not None:
        # Parts of merges are tokens themselves; a list with others is not kept.
        found = [(numbers.get(a), numbers.get(b)) for a, b in tokenizer.merges]
        known = [[a, b] for a, b in found if a is not None and b is not None]
        pairs = known if len(known) == len(found) else None
    plain = {
        "source": tokenizer.source,
        "format": tokenizer.format,
        "algorithm": tokenizer.algorithm,
        "tokens": [
            None if token is None else token.decode("latin-1")
            for token in tokenizer.tokens
        ],
        "kinds": _array(tokenizer.kinds, "<u1"),
        "scores": _array(tokenizer.scores, "<f4"),
        "ranks": _array(tokenizer.ranks, "<i4"),
        "merges": pairs,
        "added": [[t.id, t.text, t.special] for t in tokenizer.added],
        "special": dict(sorted(tokenizer.special.items())),
        "normalizer": tokenizer.normalizer,
        "pattern": tokenizer.pattern,
        "chat_template": tokenizer.chat_template,
        "notes": list(tokenizer.notes),
    }
    return packed_json(plain)


def unpack_tokenizer(record: bytes, file: str) -> Tokenizer:
    """The tokenizer of a record.

    Raises:
        FingerprintError: it is no such record.
    """
    plain = unpacked_json(record, "the tokenizer", file)
    try:
        tokens = tuple(
            None if t is None else t.encode("latin-1") for t in plain["tokens"]
        )
        if len(tokens) > MAX_TOKENS:
            message = f"{len(tokens)} tokens"
            raise ValueError(message)
        pairs = plain["merges"]
        kinds = _values(plain["kinds"], "<u1", np.uint8)
        if kinds is None:
            message = "no kinds"
            raise ValueError(message)
        merges = None
        if pairs is not None:
            merges = tuple((_token(tokens, a), _token(tokens, b)) for a, b in pairs)
        return Tokenizer(
            source=text(plain["source"]),
            format=text(plain["format"]),
            algorithm=text(plain["algorithm"]),
            tokens=tokens,
            kinds=kinds,
            scores=_values(plain["scores"], "<f4", np.float32),
            merges=merges,
            ranks=_values(plain["ranks"], "<i4", np.int32),
            added=tuple(
                AddedToken(int(n), text(written), bool(special))
                for n, written, special in plain["added"]
            ),
            special={
                text(k): _index(v, len(tokens)) for k, v in plain["special"].items()
            },
            normalizer=_maybe(plain["normalizer"]),
            pattern=_maybe(plain["pattern"]),
            chat_template=_maybe(plain["chat_template"]),
            notes=tuple(text(note) for note in plain["notes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FingerprintError(
            f"the tokenizer's record is malformed ({type(error).__name__}: {error})",
            file=file,
            expected="a record as the documented format has it",
            advice="Make the fingerprint again from the model.",
        ) from error


def _array(values: NDArray[Any] | None, kind: str) -> str | None:
    if values is None:
        return None
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


def _values(coded: str | None, kind: str, dtype: DTypeLike) -> NDArray[Any] | None:
    if coded is None:
        return None
    raw = base64.b64decode(coded, validate=True)
    return np.frombuffer(raw, dtype=kind).astype(dtype)


def _maybe(found: object) -> str | None:
    return None if found is None else text(found)


def _index(found: object, size: int) -> int:
    if type(found) is not int or not 0 <= found < size:
        message = f"{found} is no id below {size}"
        raise ValueError(message)
    return found


def _token(tokens: tuple[bytes | None, ...], number: object) -> bytes:
    token = tokens[_index(number, len(tokens))]
    if token is None:
        message = f"id {number} is not used"
        raise ValueError(message)
    return token
