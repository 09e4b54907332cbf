# SPDX-License-Identifier: Apache-2.0
"""The ``.model`` files of SentencePiece, without the library.

Source: ``sentencepiece_model.proto`` of google/sentencepiece (Apache-2.0), whose field
numbers and defaults are used here.
"""

from __future__ import annotations

import hashlib
import math

from parentage.artifact.entry import shown
from parentage.model.tokenizer.alphabet import METASPACE, spelled_byte
from parentage.model.tokenizer.description import Kind
from parentage.model.tokenizer.draft import MAX_IDS, Draft
from parentage.model.tokenizer.order import order_of_scores
from parentage.model.tokenizer.wire import WireError, fields, float32, signed

_ALGORITHMS = {1: "unigram", 2: "bpe", 3: "word", 4: "word"}
_KINDS = frozenset(int(kind) for kind in Kind)
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3
_TEXT, _SCORE, _KIND = 1, 2, 3
_MODEL_TYPE = 3
_ROLES = {40: "unk_token", 41: "bos_token", 42: "eos_token", 43: "pad_token"}
_ROLE_IDS = {"unk_token": 0, "bos_token": 1, "eos_token": 2, "pad_token": -1}
_CHARSMAP, _DUMMY_PREFIX, _COLLAPSE, _ESCAPE_SPACES = 2, 3, 4, 5


def parse_sentencepiece(raw: bytes, label: str) -> Draft:
    """The tokenizer that a SentencePiece model file describes.

    Args:
        raw: the whole file.
        label: its name, as shown to a reader.

    Raises:
        TokenizerError: it is malformed.
    """
    draft = Draft(label, "sentencepiece", "unigram")
    try:
        _parse(draft, raw)
    except WireError as error:
        draft.fail(error.message, "a SentencePiece model", offset=error.offset)
    return draft


def _parse(draft: Draft, raw: bytes) -> None:
    pieces: dict[str, int] = {}
    scores: list[float] = []
    trainer = normalizer = b""
    for number, value, start in fields(raw, 0, len(raw)):
        if number == _PIECES:
            text, score, kind = _piece(draft, value, start)
            if text in pieces:
                message = f"the piece '{shown(text)}' is listed twice"
                draft.fail(message, "pieces that differ", offset=start)
            if len(pieces) >= MAX_IDS:
                draft.fail("lists too many pieces", f"at most {MAX_IDS}")
            pieces[text] = len(pieces)
            scores.append(score)
            _place(draft, text, kind)
        elif isinstance(value, bytes):
            if number == _TRAINER:
                trainer += value
            elif number == _NORMALIZER:
                normalizer += value
    _use_trainer(draft, trainer)
    draft.normalizer = _normalizer(draft, normalizer)
    draft.scores = scores
    if draft.algorithm == "bpe":
        learned = [
            number
            for text, number in pieces.items()
            if draft.kinds[number] == Kind.NORMAL and len(text) > 1
        ]
        draft.order = order_of_scores(scores, learned)


def _piece(draft: Draft, raw: int | bytes, start: int) -> tuple[str, float, int]:
    if not isinstance(raw, bytes):
        draft.fail("a piece is a number", "a message", offset=start)
    text: str | None = None
    score: float | None = 0.0
    kind: int | None = int(Kind.NORMAL)
    for number, value, _ in fields(raw, 0, len(raw)):
        if number == _TEXT and isinstance(value, bytes):
            try:
                text = value.decode("utf-8")
            except UnicodeDecodeError:
                draft.fail("a piece is not UTF-8", "text in UTF-8", offset=start)
        elif number == _SCORE:
            score = float32(value)
        elif number == _KIND:
            kind = signed(value)
    if not text:
        draft.fail("a piece has no text", "text", offset=start)
    if score is None or not math.isfinite(score):
        message = f"the piece '{shown(text)}' has the score {score}"
        draft.fail(message, "a finite number", offset=start)
    if kind not in _KINDS:
        message = f"the piece '{shown(text)}' is of the type {kind}"
        draft.fail(message, "a type from 1 to 6", offset=start)
    return text, score, int(kind or 0)


def _place(draft: Draft, text: str, kind: int) -> None:
    value = spelled_byte(text) if kind == Kind.BYTE else None
    if kind == Kind.BYTE and value is None:
        message = f"the byte piece '{shown(text)}' spells no byte"
        draft.fail(message, "<0x00> to <0xFF>")
    if value is None:
        draft.tokens.append(text.replace(METASPACE, " ").encode())
    else:
        draft.tokens.append(bytes([value]))
    draft.kinds.append(kind)


def _use_trainer(draft: Draft, raw: bytes) -> None:
    ids = dict(_ROLE_IDS)
    model: int | None = 1
    for number, value, _ in fields(raw, 0, len(raw)):
        if number == _MODEL_TYPE:
            model = signed(value)
        elif number in _ROLES:
            ids[_ROLES[number]] = signed(value) or 0
    if model not in _ALGORITHMS:
        draft.fail(f"the model type is {model}", "1 to 4 (unigram, bpe, word, char)")
    draft.algorithm = _ALGORITHMS[model]
    if not raw:
        draft.notes.append("no training settings are stated: taken as Unigram")
    for role, number in ids.items():
        if 0 <= number < len(draft.tokens):
            # The default ids hold for pieces that are there as such.
            if draft.kinds[number] in (Kind.CONTROL, Kind.UNKNOWN):
                draft.special[role] = number
        elif number >= 0:
            draft.notes.append(f"{role} is id {number}, outside the vocabulary")


def _normalizer(draft: Draft, raw: bytes) -> str | None:
    charsmap = b""
    flags: dict[int, int | None] = {_DUMMY_PREFIX: 1, _COLLAPSE: 1, _ESCAPE_SPACES: 1}
    for number, value, _ in fields(raw, 0, len(raw)):
        if number == _CHARSMAP and isinstance(value, bytes):
            charsmap = value
        elif number in flags:
            flags[number] = signed(value)
    parts = []
    if charsmap:
        parts.append(f"charsmap:{hashlib.sha256(charsmap).hexdigest()[:8]}")
    if flags[_COLLAPSE]:
        parts.append("collapse spaces")
    if flags[_DUMMY_PREFIX]:
        parts.append("prepend space")
    if not flags[_ESCAPE_SPACES]:
        draft.notes.append("spaces are not escaped")
    return "; ".join(parts) or None
