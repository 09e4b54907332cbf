# SPDX-License-Identifier: Apache-2.0
"""All stored tensors of a model as bytes of a fingerprint, and compressed JSON."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable
from typing import Any, Final

from parentage.artifact.dtypes import DTYPES
from parentage.artifact.entry import shown
from parentage.errors import FingerprintError
from parentage.model.description import Stored

MAX_PLAIN: Final = 256 << 20
"""Bytes that a compressed record may expand to."""


def pack_listing(entries: Iterable[Stored]) -> bytes:
    """Names, formats and shapes."""
    return packed_json({"tensors": [[s.name, s.dtype, s.shape] for s in entries]})


def unpack_listing(listing: bytes, file: str) -> dict[str, Stored]:
    """Stored tensors by name.

    Raises:
        FingerprintError: the bytes are no listing.
    """
    plain = unpacked_json(listing, "the tensors", file)
    try:
        return stored_by_name(plain["tensors"])
    except (KeyError, TypeError, ValueError) as error:
        text = f"{type(error).__name__}: {shown(str(error))}"
        raise FingerprintError(
            f"the list of tensors is malformed ({text})",
            file=file,
            expected="names, formats and shapes",
            advice="Make the fingerprint again from the model.",
        ) from error


def stored_by_name(rows: Iterable[Any]) -> dict[str, Stored]:
    """Tensors from rows of name, format and shape; wrong ones raise."""
    found: dict[str, Stored] = {}
    for name, dtype, shape in rows:
        if dtype not in DTYPES or not isinstance(name, str) or name in found:
            message = f"tensor {name!r} in format {dtype!r}"
            raise ValueError(message)
        found[name] = Stored(name, dtype, tuple(naturals(shape)))
    return found


def naturals(found: object) -> list[int]:
    """A list of whole numbers as it is; anything else raises."""
    if not isinstance(found, list) or any(
        type(n) is not int or not 0 <= n < 2**63 for n in found
    ):
        message = f"{shown(str(found))} in place of whole numbers"
        raise TypeError(message)
    return found


def text(found: object) -> str:
    """Text as it is; anything else raises."""
    if not isinstance(found, str):
        message = f"{type(found).__name__} in place of text"
        raise TypeError(message)
    return found


def packed_json(plain: object) -> bytes:
    """An object as compressed JSON; equal objects give equal bytes."""
    return lzma.compress(plain_json(plain), preset=6)


def plain_json(plain: object) -> bytes:
    """An object as JSON in one spelling.

    Lone surrogates, which JSON files may hold, are no UTF-8: escaped, all survive.
    """
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=True).encode()


def expanded(record: bytes, what: str, file: str) -> bytes:
    """The plain bytes of a record, no more than :data:`MAX_PLAIN`.

    Raises:
        FingerprintError: it is damaged or too large.
    """
    try:
        decoder = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=256 << 20)
        plain = decoder.decompress(record, max_length=MAX_PLAIN)
    except (lzma.LZMAError, EOFError) as error:
        raise _wrong(what, f"cannot be expanded ({error})", file) from error
    if not decoder.eof or decoder.unused_data:
        raise _wrong(what, f"does not end within {MAX_PLAIN} bytes", file)
    return plain


def parsed(plain: bytes, what: str, file: str) -> dict[str, Any]:
    """The JSON object of plain bytes.

    Raises:
        FingerprintError: it is none.
    """
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise _wrong(what, "is not JSON", file) from error
    if not isinstance(found, dict):
        raise _wrong(what, f"is a JSON {type(found).__name__}", file)
    return found


def unpacked_json(record: bytes, what: str, file: str) -> dict[str, Any]:
    """The JSON object of a compressed record.

    Raises:
        FingerprintError: it is damaged, too large, or no object.
    """
    return parsed(expanded(record, what, file), what, file)


def _wrong(what: str, found: str, file: str) -> FingerprintError:
    return FingerprintError(
        f"the record of {what} {found}",
        file=file,
        expected="an xz stream with one JSON object",
        advice="Make the fingerprint again from the model.",
    )
