# SPDX-License-Identifier: Apache-2.0
"""tiktoken's files: lines of a token in base64 and its rank; and Mistral's tekken."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from parentage.artifact.entry import shown
from parentage.model.tokenizer.description import Kind
from parentage.model.tokenizer.draft import Draft

_TEKKEN_SPECIALS = 1000


def parse_tiktoken(raw: bytes, label: str) -> Draft:
    """The vocabulary of a tiktoken file; its rank is the id and the order of merging.

    The file states neither special tokens nor the pattern that cuts the text: they
    are in the program that comes with it.

    Raises:
        TokenizerError: it is malformed.
    """
    draft = Draft(label, "tiktoken", "bpe")
    ranks: dict[bytes, int] = {}
    empty = []
    for place, line in enumerate(raw.split(b"\n"), 1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) != 2 or not parts[1].isdigit() or len(parts[1]) > 10:
            message = f"line {place} is {shown(repr(line[:60]))}"
            draft.fail(message, "a token in base64 and its rank")
        token = _decode(draft, parts[0], place)
        rank = draft.check_id(int(parts[1]), f"line {place}")
        if token:
            _place(draft, ranks, token, rank)
        else:
            empty.append(rank)
    draft.note_some("tokens without bytes were left out", empty)
    _fill(draft, ranks, 0)
    return draft


def parse_tekken(found: dict[str, Any], label: str) -> Draft:
    """The tokenizer of a ``tekken.json``.

    Special tokens come first, so that the id is the rank plus their number
    (``mistral_common`` (Apache-2.0), ``tekken.py``).

    Raises:
        TokenizerError: it is malformed.
    """
    draft = Draft(label, "tekken", "bpe")
    config, vocabulary = found.get("config"), found.get("vocab")
    if not isinstance(config, dict) or not isinstance(vocabulary, list):
        draft.fail("config or vocab is missing", "an object and a list")
    specials = config.get("default_num_special_tokens", _TEKKEN_SPECIALS)
    specials = draft.check_id(specials, "default_num_special_tokens")
    size = config.get("default_vocab_size", specials + len(vocabulary))
    size = draft.check_id(size, "default_vocab_size")
    ranks: dict[bytes, int] = {}
    # The list may hold more tokens than the model uses; the first ones count.
    used = vocabulary[: max(size - specials, 0)]
    for place, item in enumerate(used):
        match item:
            case {"rank": rank, "token_bytes": str(text)}:
                token = _decode(draft, text.encode(), place)
                _place(draft, ranks, token, draft.check_id(rank, f"entry {place}"))
            case _:
                message = f"entry {place} is {shown(repr(item))}"
                draft.fail(message, "a rank and token_bytes")
    if len(used) < len(vocabulary):
        unused = len(vocabulary) - len(used)
        draft.notes.append(f"{unused} tokens beyond the stated size are not used")
    _fill(draft, ranks, specials)
    listed = found.get("special_tokens") or []
    if not isinstance(listed, list):
        draft.fail(f"special_tokens is a {type(listed).__name__}", "a list")
    for item in listed:
        match item:
            case {"rank": rank, "token_str": str(text)}:
                number = draft.check_id(rank, text)
                control = item.get("is_control", True) is not False
                kind = Kind.CONTROL if control else Kind.USER_DEFINED
                draft.mark(number, text, kind)
            case _:
                message = f"a special token is {shown(repr(item))}"
                draft.fail(message, "a rank and token_str")
    pattern = config.get("pattern")
    draft.pattern = pattern if isinstance(pattern, str) else None
    return draft


def _decode(draft: Draft, text: bytes, place: int) -> bytes:
    try:
        # A lone "=" stands for no bytes in a published file.
        return b"" if text == b"=" else base64.b64decode(text, validate=True)
    except binascii.Error:
        message = f"line {place} holds {shown(repr(text[:60]))}"
        draft.fail(message, "base64")


def _place(draft: Draft, ranks: dict[bytes, int], token: bytes, rank: int) -> None:
    if token in ranks:
        draft.fail(f"the token {shown(repr(token))} is listed twice", "unique tokens")
    ranks[token] = rank


def _fill(draft: Draft, ranks: dict[bytes, int], shift: int) -> None:
    """Put tokens at their ranks plus ``shift``; longer ones were learned in order."""
    size = max(ranks.values(), default=-1) + 1 + shift
    draft.check_id(max(size - 1, 0), "the last token")
    draft.reserve(size)
    for token, rank in ranks.items():
        number = rank + shift
        if draft.tokens[number] is not None:
            draft.fail(f"two tokens have the rank {rank}", "unique ranks")
        draft.tokens[number] = token
        draft.kinds[number] = Kind.NORMAL
    draft.order = sorted(
        rank + shift for token, rank in ranks.items() if len(token) > 1
    )
