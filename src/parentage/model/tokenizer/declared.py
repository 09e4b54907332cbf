# SPDX-License-Identifier: Apache-2.0
"""What a ``tokenizer.json`` declares besides its vocabulary, in canonical words.

The names of components and their defaults are those of the ``tokenizers`` library
(huggingface/tokenizers, Apache-2.0).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from parentage.model.tokenizer.alphabet import METASPACE, Alphabet

if TYPE_CHECKING:
    from collections.abc import Iterator

GPT2_PATTERN = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)
"""What the ByteLevel component cuts by, unless it is told not to."""

_SEQUENCES = ("normalizers", "pretokenizers", "decoders")
_FORMS = {form: form for form in ("NFC", "NFD", "NFKC", "NFKD")}
_FORMS |= {"Lowercase": "lowercase", "StripAccents": "strip accents"}
_WORDS = {
    "Whitespace": r"\w+|[^\w\s]+",
    "WhitespaceSplit": r"\S+",
    "BertPreTokenizer": "bert words",
    "Punctuation": "punctuation",
    "UnicodeScripts": "unicode scripts",
}


def components(found: object) -> Iterator[dict[str, Any]]:
    """The components of a declaration, those of sequences one by one."""
    if not isinstance(found, dict):
        return
    if found.get("type") != "Sequence":
        yield found
        return
    for listed in map(found.get, _SEQUENCES):
        if isinstance(listed, list):
            for item in listed:
                yield from components(item)


def alphabet_of(document: dict[str, Any], model: dict[str, Any]) -> Alphabet:
    """The alphabet in which the vocabulary is written."""
    parts = [
        part
        for name in ("normalizer", "pre_tokenizer", "decoder")
        for part in components(document.get(name))
    ]
    continuation = model.get("continuing_subword_prefix")
    end = model.get("end_of_word_suffix")
    prefix = continuation if isinstance(continuation, str) else ""
    suffix = end if isinstance(end, str) else ""
    if any(part.get("type") == "ByteLevel" for part in parts):
        return Alphabet("bytes", continuation=prefix, end=suffix)
    for part in parts:
        space = part.get("replacement")
        if part.get("type") == "Metaspace" and isinstance(space, str) and space:
            return Alphabet("metaspace", space, prefix, suffix)
        if part.get("type") == "Replace" and (
            part.get("content") == METASPACE or _pattern_of(part) == METASPACE
        ):
            return Alphabet("metaspace", continuation=prefix, end=suffix)
    return Alphabet("plain", continuation=prefix, end=suffix)


def normalizer_of(document: dict[str, Any]) -> str | None:
    """What happens to the text first, in canonical words; ``None`` if nothing.

    The change of spaces into another sign is part of the alphabet and not named.
    """
    words = [_normal(part) for part in components(document.get("normalizer"))]
    for part in components(document.get("pre_tokenizer")):
        if part.get("type") == "ByteLevel" and part.get("add_prefix_space") is True:
            words.append("prepend space")
        if part.get("type") == "Metaspace":
            scheme = part.get("prepend_scheme", "always")
            if part.get("add_prefix_space") is False:
                scheme = "never"
            if scheme != "never":
                first = " at the start" if scheme == "first" else ""
                words.append("prepend space" + first)
    return "; ".join(dict.fromkeys(filter(None, words))) or None


def _normal(part: dict[str, Any]) -> str:
    kind = part.get("type")
    if isinstance(kind, str) and kind in _FORMS:
        return _FORMS[kind]
    if kind == "Prepend" and part.get("prepend") == METASPACE:
        return "prepend space"
    if kind == "Replace" and (_pattern_of(part), part.get("content")) == (
        " ",
        METASPACE,
    ):
        return ""
    if kind == "Precompiled":
        return _charsmap(str(part.get("precompiled_charsmap")))
    rest = {key: part[key] for key in sorted(part) if key != "type"}
    return f"{kind} {json.dumps(rest, ensure_ascii=False)}"[:400]


def _charsmap(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "charsmap:unreadable"
    return f"charsmap:{hashlib.sha256(raw).hexdigest()[:8]}" if raw else ""


def pattern_of(document: dict[str, Any]) -> str | None:
    """The expressions that cut the text, one for a line; ``None`` if none does."""
    lines = [_cut(part) for part in components(document.get("pre_tokenizer"))]
    return "\n".join(line for line in lines if line) or None


def _cut(part: dict[str, Any]) -> str:
    kind = part.get("type")
    if kind == "ByteLevel":
        return "" if part.get("use_regex") is False else GPT2_PATTERN
    if kind == "Split":
        # Isolating the matches and removing what does not match cut alike where the
        # expression matches everything, as the published ones do.
        way = (part.get("behavior"), part.get("invert") is True)
        alike = way in (("Isolated", False), ("Removed", True), ("Isolated", True))
        text = _pattern_of(part) or ""
        if isinstance(part.get("pattern"), dict) and "String" in part["pattern"]:
            text = re.escape(text)
        return text if alike else f"{text} [{part.get('behavior')}]"
    if kind == "Digits":
        return r"\p{N}" if part.get("individual_digits") is True else r"\p{N}+"
    if kind == "Metaspace":
        return "" if part.get("split") is False else "words with the space before"
    return _WORDS.get(str(kind), f"{kind}"[:100])


def _pattern_of(part: dict[str, Any]) -> str | None:
    match part.get("pattern"):
        case {"Regex": str(text)} | {"String": str(text)}:
            return text
    return None
