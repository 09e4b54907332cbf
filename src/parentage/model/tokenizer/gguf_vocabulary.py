# SPDX-License-Identifier: Apache-2.0
"""The tokenizer in the metadata of a GGUF file (``tokenizer.ggml.*``)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from parentage.artifact.entry import shown
from parentage.artifact.format.gguf import read_gguf_header
from parentage.artifact.source.place import open_file
from parentage.model.tokenizer.alphabet import Alphabet, spelled_byte
from parentage.model.tokenizer.description import Kind
from parentage.model.tokenizer.draft import MAX_IDS, Draft
from parentage.model.tokenizer.escapes import unescape
from parentage.model.tokenizer.order import order_of_scores, split_pair, use_merges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parentage.artifact.source.place import Location
    from parentage.model.tokenizer.description import Tokenizer

_PREFIX = "tokenizer.ggml."
_ALGORITHMS = {
    "llama": "bpe",
    "gpt2": "bpe",
    "bert": "wordpiece",
    "t5": "unigram",
    "rwkv": "word",
}
_ALPHABETS = {
    "llama": Alphabet("metaspace"),
    "t5": Alphabet("metaspace"),
    "gpt2": Alphabet("bytes"),
    # Words start with the sign for a space, others continue one.
    "bert": Alphabet("metaspace"),
    "rwkv": Alphabet("plain"),
}
_ROLES = {
    "bos": "bos_token",
    "eos": "eos_token",
    "eot": "eot_token",
    "eom": "eom_token",
    "unknown": "unk_token",
    "padding": "pad_token",
    "seperator": "sep_token",
    "cls": "cls_token",
    "mask": "mask_token",
}
_KINDS = frozenset(int(kind) for kind in Kind)
_MARKED = (Kind.UNKNOWN, Kind.CONTROL, Kind.USER_DEFINED)


def read_gguf(path: Location) -> Tokenizer:
    """The tokenizer of a GGUF file; only its header is read.

    Raises:
        UnreadableError: the file is malformed, see
            :func:`~parentage.artifact.format.gguf.read_gguf_header`.
        TokenizerError: it holds no tokenizer, or one that is malformed or of a kind
            that is not known.
    """
    with open_file(path) as file:
        metadata = read_gguf_header(file).metadata
        label = file.label
    model = metadata.get(_PREFIX + "model")
    draft = Draft(label, "gguf", _ALGORITHMS.get(str(model), ""))
    if not isinstance(model, str) or model not in _ALGORITHMS:
        message = f"{_PREFIX}model is {shown(repr(model))}"
        draft.fail(message, f"one of {', '.join(_ALGORITHMS)}")
    texts = _texts(draft, metadata.get(_PREFIX + "tokens"))
    kinds = _numbers(draft, metadata, "token_type", len(texts), "iu")
    if kinds is not None and not _KINDS.issuperset(kinds):
        draft.fail(f"{_PREFIX}token_type holds other numbers", "numbers from 1 to 6")
    alphabet = _ALPHABETS[model]
    _place(draft, texts, kinds, alphabet, model)
    if model in ("llama", "t5"):
        scores = _numbers(draft, metadata, "scores", len(texts), "iuf")
        _use_scores(draft, texts, scores)
    if model == "gpt2":
        _use_pairs(draft, texts, metadata.get(_PREFIX + "merges"), alphabet)
    _declared(draft, metadata)
    return draft.finish()


def _texts(draft: Draft, found: object) -> list[str]:
    if not isinstance(found, tuple) or not all(isinstance(t, bytes) for t in found):
        draft.fail(f"{_PREFIX}tokens is missing or no list", "a list of strings")
    if len(found) > MAX_IDS:
        draft.fail(f"lists {len(found)} tokens", f"at most {MAX_IDS}")
    try:
        return [token.decode("utf-8") for token in found]
    except UnicodeDecodeError as error:
        draft.fail(f"a token {shown(repr(error.object[:40]))} is not UTF-8", "UTF-8")


def _numbers(
    draft: Draft, metadata: Mapping[str, Any], name: str, length: int, sorts: str
) -> list[Any] | None:
    found = metadata.get(_PREFIX + name)
    if found is None:
        return None
    if not isinstance(found, np.ndarray) or len(found) != length:
        count = len(found) if isinstance(found, np.ndarray) else "no"
        draft.fail(f"{_PREFIX}{name} has {count} numbers", f"{length}, one per token")
    if found.dtype.kind not in sorts or not np.all(np.isfinite(found)):
        draft.fail(f"{_PREFIX}{name} holds other values", "finite numbers")
    values: list[Any] = found.tolist()
    return values


def _place(
    draft: Draft,
    texts: Sequence[str],
    kinds: Sequence[int] | None,
    alphabet: Alphabet,
    model: str,
) -> None:
    foreign = []
    stated = [Kind.NORMAL] * len(texts) if kinds is None else kinds
    for text, kind in zip(texts, stated, strict=True):
        data: bytes | None
        if kind == Kind.BYTE or (kinds is None and model == "llama"):
            value = spelled_byte(text)
            if value is not None:
                draft.tokens.append(bytes([value]))
                draft.kinds.append(Kind.BYTE)
                continue
        if kind in _MARKED and alphabet.kind == "bytes":
            data = text.encode()
        elif model == "rwkv":
            data = unescape(text) if kind == Kind.NORMAL else text.encode()
        else:
            data = alphabet.undo(text)
        if data is None:
            foreign.append(text)
            data = text.encode()
        draft.tokens.append(data)
        draft.kinds.append(kind)
    draft.note_some("tokens are not written in the alphabet of the file", foreign)


def _use_scores(
    draft: Draft, texts: Sequence[str], scores: Sequence[float] | None
) -> None:
    if scores is None:
        draft.notes.append("no scores are stated")
        return
    draft.scores = scores
    if draft.algorithm == "bpe":
        learned = [
            number
            for number, text in enumerate(texts)
            if draft.kinds[number] == Kind.NORMAL and len(text) > 1
        ]
        draft.order = order_of_scores(scores, learned)


def _use_pairs(
    draft: Draft, texts: Sequence[str], found: object, alphabet: Alphabet
) -> None:
    if not isinstance(found, tuple):
        draft.fail(f"{_PREFIX}merges is missing or no list", "a list of strings")
    vocabulary: dict[str, int] = {}
    for number, text in enumerate(texts):
        vocabulary.setdefault(text, number)
    try:
        lines = [line.decode("utf-8") for line in found]
    except (UnicodeDecodeError, AttributeError):
        draft.fail(f"{_PREFIX}merges holds no text", "a list of strings in UTF-8")
    pairs = [split_pair(draft, line, vocabulary) for line in lines]
    use_merges(draft, pairs, vocabulary, alphabet)


def _declared(draft: Draft, metadata: Mapping[str, Any]) -> None:
    for name, role in _ROLES.items():
        key = f"{_PREFIX}{name}_token_id"
        found = metadata.get(key)
        if type(found) is int:
            if 0 <= found < len(draft.tokens):
                draft.special[role] = found
            else:
                draft.notes.append(f"{key} is {found}, outside the vocabulary")
    cut = metadata.get(_PREFIX + "pre")
    if isinstance(cut, str):
        draft.pattern = f"pre:{cut}"
    template = metadata.get("tokenizer.chat_template")
    if isinstance(template, str):
        draft.template = template
    parts = []
    charsmap = metadata.get(_PREFIX + "precompiled_charsmap")
    if isinstance(charsmap, np.ndarray) and charsmap.size:
        parts.append(f"charsmap:{hashlib.sha256(charsmap.tobytes()).hexdigest()[:8]}")
    if metadata.get(_PREFIX + "remove_extra_whitespaces") is True:
        parts.append("collapse spaces")
    if metadata.get(_PREFIX + "add_space_prefix") is True:
        parts.append("prepend space")
    draft.normalizer = "; ".join(parts) or None
