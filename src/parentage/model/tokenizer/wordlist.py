# SPDX-License-Identifier: Apache-2.0
"""Plain lists of words: RWKV's, and the ``vocab.txt`` of BERT."""

from __future__ import annotations

import re

from parentage.artifact.entry import shown
from parentage.model.tokenizer.alphabet import Alphabet
from parentage.model.tokenizer.description import Kind
from parentage.model.tokenizer.draft import MAX_IDS, Draft
from parentage.model.tokenizer.escapes import unescape

_LINE = re.compile(r"(\d{1,10}) (b?)(['\"])(.*)\3 (\d{1,10})", re.DOTALL)
_SPECIAL = re.compile(r"\[(?:PAD|UNK|CLS|SEP|MASK|unused\d+)\]")
_ROLES = {"PAD": "pad_token", "UNK": "unk_token", "CLS": "cls_token"}
_ROLES |= {"SEP": "sep_token", "MASK": "mask_token"}


def parse_rwkv(text: str, label: str) -> Draft:
    """RWKV's list: id, the token as Python prints it, its length in bytes.

    Text is cut greedily: at each place the longest token that fits.

    Raises:
        TokenizerError: it is malformed.
    """
    draft = Draft(label, "wordlist", "word")
    for place, line in enumerate(text.split("\n"), 1):
        stripped = line.rstrip("\r")
        if not stripped:
            continue
        match = _LINE.fullmatch(stripped)
        token = None if match is None else unescape(match[4], wide=not match[2])
        if match is None or token is None or len(token) != int(match[5]):
            message = f"line {place} is {shown(repr(line[:60]))}"
            draft.fail(message, "an id, a quoted token and its length in bytes")
        number = draft.check_id(int(match[1]), f"line {place}")
        draft.reserve(number + 1)
        if draft.tokens[number] is not None:
            draft.fail(f"two tokens have the id {number}", "unique ids")
        draft.tokens[number] = token
        draft.kinds[number] = Kind.NORMAL
    return draft


def parse_vocabulary_lines(text: str, label: str) -> Draft:
    """BERT's list: one token for a line, whose number is the id.

    Raises:
        TokenizerError: there are too many lines, or a token is listed twice.
    """
    draft = Draft(label, "wordlist", "wordpiece")
    lines = text.removesuffix("\n").split("\n")
    if len(lines) > MAX_IDS:
        draft.fail(f"lists {len(lines)} tokens", f"at most {MAX_IDS}")
    words = [line.rstrip("\r") for line in lines]
    if len(set(words)) < len(words):
        draft.fail("a token is listed twice", "unique tokens")
    alphabet = Alphabet("plain", continuation="##")
    if not any(word.startswith("##") for word in words):
        draft.fail("no token continues a word", "a WordPiece list with ## tokens")
    for number, word in enumerate(words):
        draft.tokens.append(alphabet.undo(word))
        draft.kinds.append(Kind.NORMAL)
        if word[1:-1] in _ROLES and _SPECIAL.fullmatch(word):
            kind = Kind.UNKNOWN if word == "[UNK]" else Kind.CONTROL
            draft.mark(number, word, kind)
            draft.special[_ROLES[word[1:-1]]] = number
    return draft
