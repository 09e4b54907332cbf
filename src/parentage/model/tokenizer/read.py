# SPDX-License-Identifier: Apache-2.0
"""Finds the tokenizer in a folder and reads it, whatever its format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parentage.artifact.entry import shown
from parentage.artifact.format.gguf import MAGIC
from parentage.artifact.source.place import open_file
from parentage.errors import TokenizerError, UnreadableError
from parentage.model.tokenizer.content import (
    check_lines,
    decode_text,
    parse_json,
    read_bytes,
)
from parentage.model.tokenizer.gguf_vocabulary import read_gguf
from parentage.model.tokenizer.sentencepiece_model import parse_sentencepiece
from parentage.model.tokenizer.side_files import SIDE_FILES, use_side_files
from parentage.model.tokenizer.tiktoken_ranks import parse_tekken, parse_tiktoken
from parentage.model.tokenizer.tokenizer_json import parse_tokenizer_json
from parentage.model.tokenizer.vocabulary_and_merges import (
    parse_merges_alone,
    parse_vocabulary,
)
from parentage.model.tokenizer.wordlist import parse_rwkv, parse_vocabulary_lines

if TYPE_CHECKING:
    from parentage.artifact.source.place import Location
    from parentage.model.tokenizer.description import Tokenizer
    from parentage.model.tokenizer.draft import Draft

# In the order of preference: the first says most about the tokenizer.
_NAMES = (
    re.compile(r"(?:.*[._-])?tokenizer\.json"),
    re.compile(r"(?:.*[._-])?tokenizer\.model(?:\.v\d+\w*)?"),
    re.compile(r".*\.tiktoken(?:\.gz)?|(?:.*[._-])?tiktoken\.model"),
    re.compile(r"(?:.*[._-])?tekken\.json"),
    re.compile(r"(?:.*[._-])?(?:vocab|encoder)\.json"),
    re.compile(r".*\.gguf"),
    re.compile(r".*\.model(?:\.v\d+\w*)?"),
    re.compile(r"(?:.*[._-])?vocab\.txt|rwkv_vocab.*\.txt|bpe_simple_vocab.*\.txt.*"),
)
_MERGES = re.compile(r"(.*?)(?:merges\.txt|vocab\.bpe)")
_RANKS = re.compile(rb"[A-Za-z0-9+/]*={0,2} \d+\r?(?:\n|$)")
# How a SentencePiece model begins: with a piece, or with one of its settings.
_MESSAGE = (b"\x0a", b"\x12", b"\x1a")
_RWKV = re.compile(rb"\d+ b?['\"]")
_ADVICE = "Name the file that holds the vocabulary, or the model's folder."


def find_tokenizer(folder: Location) -> list[Location]:
    """The tokenizer files in a folder, the one that says most first.

    ``vocab.json`` stands for itself and its list of merges; a list of merges is
    given only if no table of ids is there. Nothing is opened.

    Raises:
        UnreadableError: the folder cannot be listed.
    """
    names = [path.name for path in _files(folder)]
    found: list[str] = []
    for pattern in _NAMES:
        found += [n for n in names if pattern.fullmatch(n) and n not in found]
    found = [name for name in found if name not in SIDE_FILES]
    if not any(_NAMES[4].fullmatch(name) for name in found):
        found += [name for name in names if _MERGES.fullmatch(name)]
    return [folder / name for name in found]


def _files(folder: Location) -> list[Location]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise UnreadableError(
            f"cannot be listed: {error.strerror or error}",
            file=shown(folder.name),
            expected="a folder that can be read",
            advice=_ADVICE,
        ) from error


def read_tokenizer(path: Location) -> Tokenizer:
    """The tokenizer in a file or a folder.

    What the file is follows from its content, not from its name. Files beside it
    that add tokens and roles are used, too.

    Args:
        path: a tokenizer file, or a folder: the first of :func:`find_tokenizer`.

    Raises:
        TokenizerError: there is none, or it is malformed or of an unknown format.
        UnreadableError: a file cannot be read.
    """
    if path.is_dir():
        found = find_tokenizer(path)
        if not found:
            raise TokenizerError(
                "holds no tokenizer",
                file=shown(path.name),
                expected="tokenizer.json, tokenizer.model, a .tiktoken file, "
                "tekken.json, vocab.json with merges.txt, or a GGUF file",
                advice=_ADVICE,
            )
        path = found[0]
    path = _table_beside(path) or path
    with open_file(path) as file:
        label = file.label
        head = file.pread(0, min(file.size, len(MAGIC)))
    if head == MAGIC:
        return read_gguf(path)
    draft = _parse(path, read_bytes(path), label)
    use_side_files(draft, path.parent)
    return draft.finish()


def _parse(path: Location, raw: bytes, label: str) -> Draft:
    start = raw[:4096].lstrip()
    if start.startswith(b"{"):
        return _parse_json(path, raw, label)
    if raw.startswith(_MESSAGE) and not _is_text(raw):
        return parse_sentencepiece(raw, label)
    check_lines(raw, label)
    if _RWKV.match(start):
        return parse_rwkv(decode_text(raw, label), label)
    if _RANKS.match(start) and not _MERGES.fullmatch(path.name):
        return parse_tiktoken(raw, label)
    if _is_text(raw):
        text = decode_text(raw, label)
        if start.startswith((b"#version", b'"bpe_simple_vocab')) or _MERGES.fullmatch(
            path.name
        ):
            return parse_merges_alone(text, label)
        if "\n##" in text:
            return parse_vocabulary_lines(text, label)
    raise TokenizerError(
        f"is of an unknown format (starts with {shown(repr(raw[:20]))})",
        file=label,
        expected="tokenizer.json, a SentencePiece model, tiktoken, tekken, "
        "vocab.json with merges.txt, GGUF or a list of words",
        advice=_ADVICE,
    )


def _is_text(raw: bytes) -> bool:
    """Whether it looks like text: no control signs but tab and line ends."""
    return not set(raw[:4096]) & (set(range(32)) - set(b"\t\n\r"))


def _parse_json(path: Location, raw: bytes, label: str) -> Draft:
    document = parse_json(raw, label)
    if isinstance(document.get("model"), dict):
        return parse_tokenizer_json(document, label)
    if isinstance(document.get("vocab"), list):
        return parse_tekken(document, label)
    numbers = sum(type(value) is int for value in document.values())
    merges = _merges_beside(path)
    if path.name.endswith(SIDE_FILES) or not numbers or merges is None:
        raise TokenizerError(
            "holds no vocabulary, or has no list of merges beside it",
            file=label,
            expected="a tokenizer.json, a tekken.json, or a table of ids with a "
            "list of merges beside it",
            advice=_ADVICE,
        )
    text = decode_text(read_bytes(merges), shown(merges.name))
    return parse_vocabulary(document, text, f"{label} + {shown(merges.name)}")


def _table_beside(path: Location) -> Location | None:
    """The table of ids that a list of merges belongs to, if ``path`` is one."""
    match = _MERGES.fullmatch(path.name)
    if match is None:
        return None
    tables = (path.with_name(f"{match[1]}{name}.json") for name in ("vocab", "encoder"))
    return next((table for table in tables if table.is_file()), None)


def _merges_beside(path: Location) -> Location | None:
    """The list of merges that belongs to a table of ids."""
    lists = {
        match[1]: other
        for other in _files(path.parent)
        if (match := _MERGES.fullmatch(other.name))
    }
    prefix = re.sub(r"(?:vocab|encoder)\.json$", "", path.name)
    if prefix in lists:
        return lists[prefix]
    if "" in lists:
        return lists[""]
    return next(iter(lists.values())) if len(lists) == 1 else None
