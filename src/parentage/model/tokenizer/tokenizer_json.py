# SPDX-License-Identifier: Apache-2.0
"""The ``tokenizer.json`` of the ``tokenizers`` library, without the library."""

from __future__ import annotations

import math
from typing import Any

from parentage.artifact.entry import shown
from parentage.model.tokenizer.alphabet import Alphabet, spelled_byte
from parentage.model.tokenizer.declared import alphabet_of, normalizer_of, pattern_of
from parentage.model.tokenizer.description import Kind
from parentage.model.tokenizer.draft import MAX_IDS, MAX_MERGES, Draft
from parentage.model.tokenizer.order import split_pair, use_merges
from parentage.model.tokenizer.vocabulary_and_merges import (
    place_vocabulary,
    unreachable,
)

_ALGORITHMS = {
    "BPE": "bpe",
    "Unigram": "unigram",
    "WordPiece": "wordpiece",
    "WordLevel": "word",
}


def parse_tokenizer_json(document: dict[str, Any], label: str) -> Draft:
    """The tokenizer that a ``tokenizer.json`` describes.

    Raises:
        TokenizerError: it is malformed, or its model is of a kind not known.
    """
    draft = Draft(label, "tokenizer.json", "")
    model = document.get("model")
    if not isinstance(model, dict):
        draft.fail(f"model is {shown(repr(model))}", "an object")
    kind = model.get("type", _guess(model))
    if not isinstance(kind, str) or kind not in _ALGORITHMS:
        expected = f"one of {', '.join(_ALGORITHMS)}"
        draft.fail(f"model.type is {shown(repr(kind))}", expected)
    draft.algorithm = _ALGORITHMS[kind]
    if kind == "WordPiece":
        model.setdefault("continuing_subword_prefix", "##")
    alphabet = alphabet_of(document, model)
    if kind == "Unigram":
        _use_unigram(draft, model, alphabet)
    else:
        _use_table(draft, model, alphabet)
    _use_added(draft, document.get("added_tokens"), model.get("unk_token"))
    if draft.algorithm == "bpe":
        lost = [text for _, text in unreachable(draft, model["vocab"], alphabet)]
        draft.note_some("tokens are built by no merge", lost)
    draft.normalizer = normalizer_of(document)
    draft.pattern = pattern_of(document)
    return draft


def _guess(model: dict[str, Any]) -> str:
    """The kind of a model that older files do not name."""
    if "merges" in model:
        return "BPE"
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    return "WordPiece" if "max_input_chars_per_word" in model else "WordLevel"


def _use_table(draft: Draft, model: dict[str, Any], alphabet: Alphabet) -> None:
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, dict):
        draft.fail(f"model.vocab is a {type(vocabulary).__name__}", "an object of ids")
    if len(vocabulary) > MAX_IDS:
        draft.fail(f"lists {len(vocabulary)} tokens", f"at most {MAX_IDS}")
    fallback = model.get("byte_fallback") is True
    checked = place_vocabulary(draft, vocabulary, alphabet, fallback=fallback)
    if draft.algorithm == "bpe":
        merges = model.get("merges")
        if not isinstance(merges, list):
            draft.fail(f"model.merges is a {type(merges).__name__}", "a list of pairs")
        if len(merges) > MAX_MERGES:
            draft.fail(f"lists {len(merges)} merges", f"at most {MAX_MERGES}")
        pairs = [split_pair(draft, merge, checked) for merge in merges]
        use_merges(draft, pairs, checked, alphabet)
        if model.get("ignore_merges") is True:
            draft.notes.append(
                "words of the vocabulary are taken whole, before merging"
            )
    unknown = model.get("unk_token")
    if isinstance(unknown, str) and unknown in checked:
        draft.mark(checked[unknown], unknown, Kind.UNKNOWN)
        draft.special["unk_token"] = checked[unknown]


def _use_unigram(draft: Draft, model: dict[str, Any], alphabet: Alphabet) -> None:
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, list) or len(vocabulary) > MAX_IDS:
        message = f"model.vocab is a {type(vocabulary).__name__}"
        draft.fail(message, f"a list of at most {MAX_IDS} pairs")
    fallback = model.get("byte_fallback") is True
    scores = []
    for place, item in enumerate(vocabulary):
        match item:
            case [str(text), int() | float() as score] if math.isfinite(score):
                value = spelled_byte(text) if fallback else None
                data = alphabet.undo(text) if value is None else bytes([value])
                draft.tokens.append(text.encode() if data is None else data)
                draft.kinds.append(Kind.NORMAL if value is None else Kind.BYTE)
                scores.append(float(score))
            case _:
                message = f"token {place} is {shown(repr(item))}"
                draft.fail(message, "a text and a finite score")
    draft.scores = scores
    unknown = model.get("unk_id")
    if unknown is not None:
        number = draft.check_id(unknown, "unk_id")
        if number >= len(vocabulary):
            draft.fail(f"unk_id is {number}", f"an id below {len(vocabulary)}")
        draft.mark(number, vocabulary[number][0], Kind.UNKNOWN)
        draft.special["unk_token"] = number


def _use_added(draft: Draft, found: object, unknown: object) -> None:
    if found is None:
        return
    if not isinstance(found, list):
        draft.fail(f"added_tokens is a {type(found).__name__}", "a list")
    for item in found:
        use_added(draft, item, None, unknown)


def use_added(
    draft: Draft, item: object, number: object, unknown: object = None
) -> None:
    """Take over an added token, described by an object with its ``content``.

    Raises:
        TokenizerError: it is malformed.
    """
    text = item.get("content") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(text, str):
        message = f"an added token is {shown(repr(item))}"
        draft.fail(message, "an object with its content")
    place = draft.check_id(item.get("id") if number is None else number, text)
    if not text:
        draft.notes.append(f"the added token {place} has no text")
        return
    kind = Kind.CONTROL if item.get("special") is True else Kind.USER_DEFINED
    there = place < len(draft.kinds) and draft.kinds[place] == Kind.UNKNOWN
    if text == unknown or there:
        kind = Kind.UNKNOWN
    draft.mark(place, text, kind)
