# SPDX-License-Identifier: Apache-2.0
"""Files beside a tokenizer that add tokens, roles and a template to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parentage.artifact.entry import shown
from parentage.model.tokenizer.content import decode_text, parse_json, read_bytes
from parentage.model.tokenizer.description import Kind
from parentage.model.tokenizer.tokenizer_json import use_added

if TYPE_CHECKING:
    from parentage.artifact.source.place import Location
    from parentage.model.tokenizer.draft import Draft

CONFIG = "tokenizer_config.json"
ADDED = "added_tokens.json"
ROLES = "special_tokens_map.json"
TEMPLATE = "chat_template.jinja"
SIDE_FILES = (CONFIG, ADDED, ROLES, TEMPLATE)

_ROLE_NAMES = ("bos", "eos", "unk", "pad", "sep", "cls", "mask")


def use_side_files(draft: Draft, folder: Location) -> None:
    """Take over what the files in ``folder`` say.

    Raises:
        TokenizerError: one of them is malformed.
        UnreadableError: one of them cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in (CONFIG, ADDED, ROLES):
        if (folder / name).is_file():
            found[name] = parse_json(read_bytes(folder / name), name)
            draft.label += f" + {name}"
    # Added before roles: a role may name an added token.
    for text, number in found.get(ADDED, {}).items():
        _use_listed(draft, text, number)
    listed = found.get(CONFIG, {}).get("added_tokens_decoder") or {}
    if not isinstance(listed, dict):
        draft.fail("added_tokens_decoder is not an object", "an object by id")
    for key, item in listed.items():
        if not key.isascii() or not key.isdigit() or len(key) > 10:
            draft.fail(f"an added token has the id '{shown(key)}'", "a number")
        use_added(draft, item, int(key))
    if found:
        _use_roles(draft, [found.get(CONFIG, {}), found.get(ROLES, {})])
    template = _template(found.get(CONFIG, {}).get("chat_template"))
    if (folder / TEMPLATE).is_file():
        template = decode_text(read_bytes(folder / TEMPLATE), TEMPLATE)
        draft.label += f" + {TEMPLATE}"
    draft.template = template or draft.template


def _use_listed(draft: Draft, text: str, number: object) -> None:
    """An added token of ``added_tokens.json``, which does not say if it is special."""
    place = draft.check_id(number, text)
    known = place < len(draft.tokens) and draft.tokens[place] == text.encode()
    if text and not (known and draft.kinds[place] != Kind.NORMAL):
        draft.mark(place, text, Kind.USER_DEFINED)


def _use_roles(draft: Draft, sources: list[dict[str, Any]]) -> None:
    ids: dict[bytes, int] = {}
    for number, token in enumerate(draft.tokens):
        if token is not None and draft.kinds[number] != Kind.BYTE:
            marked = draft.kinds[number] != Kind.NORMAL
            if marked or token not in ids:
                ids[token] = number
    for source in sources:
        for name in _ROLE_NAMES:
            role = f"{name}_token"
            stated = source.get(role)
            text = stated.get("content") if isinstance(stated, dict) else stated
            if isinstance(text, str) and text:
                place = ids.get(text.encode())
                if place is None:
                    draft.notes.append(f"{role} '{shown(text)}' is not a token")
                else:
                    draft.special[role] = place


def _template(found: object) -> str | None:
    """The template; of several with names, the default one, else the first."""
    if isinstance(found, str):
        return found
    if isinstance(found, list):
        named = [
            (item.get("name"), item.get("template"))
            for item in found
            if isinstance(item, dict)
        ]
        texts = [(name, text) for name, text in named if isinstance(text, str)]
        ordered = sorted(texts, key=lambda item: item[0] != "default")
        return ordered[0][1] if ordered else None
    return None
