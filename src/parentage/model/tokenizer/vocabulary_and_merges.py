# SPDX-License-Identifier: Apache-2.0
"""A table of ids beside a list of merges: ``vocab.json`` and ``merges.txt``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parentage.artifact.entry import shown
from parentage.model.tokenizer.alphabet import BYTE_SIGNS, Alphabet, spelled_byte
from parentage.model.tokenizer.description import Kind
from parentage.model.tokenizer.draft import Draft
from parentage.model.tokenizer.order import Pair, split_pair, use_merges

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_CLIP_HEADER = "bpe_simple_vocab"
_CLIP_MERGES = 49_152 - 256 - 2
_END = "</w>"
_SPACE = next(sign for sign, value in BYTE_SIGNS.items() if value == ord(" "))


def place_vocabulary(
    draft: Draft, vocabulary: Mapping[str, Any], alphabet: Alphabet, *, fallback: bool
) -> dict[str, int]:
    """Put the tokens of a table at their ids.

    Args:
        draft: the tokenizer.
        vocabulary: id of each token.
        alphabet: how tokens are written.
        fallback: whether ``<0x41>`` stands for a byte.

    Returns:
        The table, checked.

    Raises:
        TokenizerError: an id is no integer, out of range or used twice.
    """
    checked = {
        text: draft.check_id(number, text) for text, number in vocabulary.items()
    }
    draft.reserve(max(checked.values(), default=-1) + 1)
    foreign, empty = [], []
    for text, number in checked.items():
        if not text:
            empty.append(number)
            continue
        if draft.tokens[number] is not None:
            message = f"id {number} stands for two tokens, one of them '{shown(text)}'"
            draft.fail(message, "one token for an id")
        kind = Kind.NORMAL
        value = None
        if fallback and text.startswith("<0x"):
            value = spelled_byte(text)
        data = alphabet.undo(text) if value is None else bytes([value])
        if value is not None:
            kind = Kind.BYTE
        if data is None:
            # An added token, in a table that does not say which ones are.
            foreign.append(text)
            data, kind = text.encode(), Kind.USER_DEFINED
        draft.tokens[number] = data
        draft.kinds[number] = kind
    draft.note_some("tokens are not written in the alphabet of the file", foreign)
    draft.note_some("tokens without bytes were left out", empty)
    return checked


def parse_merges(
    draft: Draft, text: str, vocabulary: Collection[str] = ()
) -> list[Pair]:
    """The pairs of a ``merges.txt``.

    Raises:
        TokenizerError: a line has not two sides.
    """
    lines = text.split("\n")
    if lines[0].startswith("#version"):
        del lines[0]
    stripped = (line.rstrip("\r") for line in lines)
    return [split_pair(draft, line, vocabulary) for line in stripped if line]


def parse_vocabulary(vocabulary: dict[str, Any], merges: str, label: str) -> Draft:
    """A tokenizer from a table of ids and the text of a list of merges.

    Neither file says which tokens are special. Tokens that no merge builds, and that
    are more than one sign, cannot come from text; they count as added.

    Raises:
        TokenizerError: one of them is malformed.
    """
    draft = Draft(label, "vocab+merges", "bpe")
    pairs = parse_merges(draft, merges, vocabulary)
    alphabet = _alphabet(vocabulary)
    checked = place_vocabulary(draft, vocabulary, alphabet, fallback=False)
    use_merges(draft, pairs, checked, alphabet)
    mark_unreachable(draft, checked, alphabet)
    return draft


def parse_merges_alone(text: str, label: str) -> Draft:
    """A tokenizer from a list of merges without its table of ids.

    Ids then follow GPT-2's convention: the 256 signs, then the merges in order. For
    the vocabulary file of CLIP, they follow CLIP's.

    Raises:
        TokenizerError: it is malformed.
    """
    header, _, rest = text.partition("\n")
    if _CLIP_HEADER in header:
        return _clip(rest, label)
    draft = Draft(label, "vocab+merges", "bpe")
    pairs = parse_merges(draft, text)
    alphabet = Alphabet("bytes")
    draft.notes.append("ids are not stated: taken in the order of the merges")
    vocabulary: dict[str, int] = dict.fromkeys(BYTE_SIGNS, 0)
    vocabulary |= dict.fromkeys(("".join(pair) for pair in pairs), 0)
    vocabulary = {token: number for number, token in enumerate(vocabulary)}
    place_vocabulary(draft, vocabulary, alphabet, fallback=False)
    use_merges(draft, pairs, vocabulary, alphabet)
    return draft


def _clip(text: str, label: str) -> Draft:
    """CLIP's vocabulary (openai/CLIP, ``simple_tokenizer.py``, MIT).

    Signs, signs that end a word, the first 48,894 merges, two special tokens.
    """
    draft = Draft(label, "wordlist", "bpe")
    pairs = parse_merges(draft, text)
    if len(pairs) > _CLIP_MERGES:
        unused = len(pairs) - _CLIP_MERGES
        draft.notes.append(f"{unused} merges beyond the ones that CLIP uses")
        pairs = pairs[:_CLIP_MERGES]
    alphabet = Alphabet("bytes", end=_END)
    signs = list(BYTE_SIGNS)
    texts = [*signs, *(sign + _END for sign in signs), *("".join(p) for p in pairs)]
    vocabulary = {token: number for number, token in enumerate(texts)}
    if len(vocabulary) < len(texts):
        draft.fail("two merges build one token", "merges that differ")
    place_vocabulary(draft, vocabulary, alphabet, fallback=False)
    use_merges(draft, pairs, vocabulary, alphabet)
    for role, token in (
        ("bos_token", "<|startoftext|>"),
        ("eos_token", "<|endoftext|>"),
    ):
        draft.special[role] = len(draft.tokens)
        draft.mark(len(draft.tokens), token, Kind.CONTROL)
    return draft


def _alphabet(vocabulary: Mapping[str, Any]) -> Alphabet:
    """The alphabet that a table without a declaration is written in."""
    ends = sum(text.endswith(_END) for text in vocabulary)
    end = _END if ends > len(vocabulary) // 10 else ""
    signs = sum(sign in vocabulary for sign in BYTE_SIGNS)
    spaced = any(text.startswith(_SPACE) for text in vocabulary)
    if signs > 200 or spaced:
        return Alphabet("bytes", end=end)
    return Alphabet("plain", end=end)


def unreachable(
    draft: Draft, vocabulary: Mapping[str, int], alphabet: Alphabet
) -> list[tuple[int, str]]:
    """Normal tokens of more than one sign that no merge builds."""
    built = set(draft.order or ())
    return [
        (number, text)
        for text, number in vocabulary.items()
        if number not in built
        and draft.kinds[number] == Kind.NORMAL
        and alphabet.units(text) > 1
    ]


def mark_unreachable(
    draft: Draft, vocabulary: Mapping[str, int], alphabet: Alphabet
) -> None:
    """Take unreachable tokens as added ones."""
    found = unreachable(draft, vocabulary, alphabet)
    for number, _ in found:
        draft.kinds[number] = Kind.USER_DEFINED
    texts = [text for _, text in found]
    draft.note_some("tokens that no merge builds are taken as added", texts)
