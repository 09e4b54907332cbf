# SPDX-License-Identifier: Apache-2.0
"""Naming families: which name plays which role, read from ``families/*.toml``.

A rule names the *end* of a tensor's name, so that every save of a model resolves
whatever stands in front (``model.``, ``language_model.model.``, nothing). Files that
start with an underscore are parts of other families.

A family file holds ``model_types`` (hints that break ties), ``kind`` (the module when
nothing else tells), ``extends``, ``layers`` (names in front of the layer's number),
``requires`` (rules without which the family is not meant), the flags ``rotary``,
``signed_glu`` and ``symmetric_residual``, and rules as ``once.BLOCK`` and
``layer.BLOCK`` tables: name -> role, or a table with ``role`` or ``roles``, ``split``,
``transposed``, ``stacked`` and ``module``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

from parentage.errors import DescriptionError
from parentage.model.names import is_index
from parentage.model.roles import BLOCKS, MODULES, ROLES

SPLITS: Final = frozenset({"", "blocks", "heads", "interleaved"})
_FLAGS: Final = ("rotary", "signed_glu", "symmetric_residual")
_KEYS: Final = frozenset(
    {"model_types", "kind", "extends", "layers", "requires", "once", "layer", *_FLAGS}
)
_RULE_KEYS: Final = frozenset(
    {"role", "roles", "split", "transposed", "stacked", "module"}
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one name means.

    Attributes:
        suffix: end of the name, with ``#`` for numbers.
        slots: per number: ``layer``, ``expert`` or the number that must stand there.
        roles: one role, or those of a fused tensor in storage order.
        split: how a fused tensor is parted: ``blocks`` one after the other, ``heads``
            together for each head, ``interleaved`` in turn along the last axis.
        block: part of the layer.
        module: module where it is not that of the surrounding names, or empty.
        transposed: stored as (in, out).
        stacked: axis 0 counts experts.
        literal: whether a slot asks for one number.
    """

    suffix: str
    slots: tuple[str | int, ...]
    roles: tuple[str, ...]
    split: str
    block: str
    module: str
    transposed: bool
    stacked: bool
    literal: bool = False

    def fits(self, numbers: tuple[int, ...]) -> bool:
        """Whether the numbers of a name are those that the rule names."""
        if not self.literal:
            return True
        tail = numbers[len(numbers) - len(self.slots) :]
        return all(
            isinstance(slot, str) or slot == number
            for slot, number in zip(self.slots, tail, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Family:
    """A set of rules that belong together."""

    name: str
    kind: str
    model_types: frozenset[str]
    rules: Mapping[str, tuple[Rule, ...]]
    requires: frozenset[str]
    rotary: bool = False
    signed_glu: bool = True
    symmetric_residual: bool = True


@dataclass(slots=True)
class _Draft:
    kind: str = ""
    layers: list[str] = field(default_factory=list)
    flags: dict[str, bool] = field(default_factory=dict)
    tables: dict[tuple[str, str], tuple[str, object]] = field(default_factory=dict)


def _fail(file: str, key: str, message: str, expected: str | None = None) -> Exception:
    return DescriptionError(f"{key}: {message}", file=file, expected=expected)


def _texts(file: str, data: Mapping[str, object], key: str) -> list[str]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise _fail(file, key, f"found {value!r}", "a list of strings")
    return value


def _rule(file: str, suffix: str, block: str, value: object) -> Rule:
    entry = {"role": value} if isinstance(value, str) else value
    if not isinstance(entry, dict) or not _RULE_KEYS.issuperset(entry):
        raise _fail(file, suffix, f"found {value!r}", f"keys {sorted(_RULE_KEYS)}")
    roles = entry.get("roles", [entry.get("role")])
    if not isinstance(roles, list) or not roles:
        raise _fail(file, suffix, f"roles {roles!r}", "a list of roles")
    for role in roles:
        if role not in ROLES:
            raise _fail(file, suffix, f"unknown role {role!r}")
    split, module = entry.get("split", ""), entry.get("module", "")
    if split not in SPLITS or bool(split) != (len(roles) > 1):
        raise _fail(file, suffix, f"split {split!r}", f"one of {sorted(SPLITS)}")
    if module and module not in MODULES:
        raise _fail(file, suffix, f"unknown module {module!r}")
    for flag in ("transposed", "stacked"):
        if not isinstance(entry.get(flag, False), bool):
            raise _fail(file, suffix, f"{flag} is not true or false")
    parts = suffix.split(".")
    slots: list[str | int] = []
    for position, part in enumerate(parts):
        if part in {"{layer}", "{expert}"}:
            slots.append(part[1:-1])
        elif is_index(part):
            slots.append(int(part))
        else:
            continue
        parts[position] = "#"
    return Rule(
        suffix=".".join(parts),
        slots=tuple(slots),
        roles=tuple(roles),
        split=split,
        block=block,
        module=module,
        transposed=entry.get("transposed", False),
        stacked=entry.get("stacked", False),
        literal=any(isinstance(slot, int) for slot in slots),
    )


def _read(file: str, data: Mapping[str, object], draft: _Draft) -> None:
    """Add one file to a draft; what comes later wins."""
    for key in data:
        if key not in _KEYS:
            raise _fail(file, key, "unknown key", f"one of {sorted(_KEYS)}")
    kind = data.get("kind", draft.kind)
    if not isinstance(kind, str) or kind not in {"", "fragment", *MODULES}:
        raise _fail(file, "kind", f"found {kind!r}", f"one of {MODULES}")
    if kind != "fragment":
        draft.kind = kind
    draft.layers = _texts(file, data, "layers") or draft.layers
    for flag in _FLAGS:
        value = data.get(flag, draft.flags.get(flag))
        if isinstance(value, bool):
            draft.flags[flag] = value
        elif value is not None:
            raise _fail(file, flag, f"found {value!r}", "true or false")
    for place in ("once", "layer"):
        tables = data.get(place, {})
        if not isinstance(tables, dict):
            raise _fail(file, place, f"found {tables!r}", "a table of blocks")
        for block, names in tables.items():
            if block not in BLOCKS or not isinstance(names, dict):
                raise _fail(file, f"{place}.{block}", "unknown block")
            for name, value in names.items():
                draft.tables[place, name] = (block, value)
                _rule(file, name, block, value)


def build(name: str, files: Mapping[str, Mapping[str, object]]) -> Family:
    """One family out of the parsed files.

    Args:
        name: file stem.
        files: parsed files by stem; those that it extends must be among them.

    Raises:
        DescriptionError: naming file and key, where a file breaks the schema.
    """
    draft = _Draft()

    def add(stem: str, seen: tuple[str, ...]) -> None:
        if stem in seen or stem not in files:
            raise _fail(f"{name}.toml", "extends", f"no usable file {stem!r}")
        for parent in _texts(f"{stem}.toml", files[stem], "extends"):
            add(parent, (*seen, stem))
        _read(f"{stem}.toml", files[stem], draft)

    add(name, ())
    file = f"{name}.toml"
    rules: dict[str, list[Rule]] = {}
    for (place, suffix), (block, value) in draft.tables.items():
        fronts = [f"{c}.{{layer}}." for c in draft.layers] if place == "layer" else [""]
        if not fronts:
            raise _fail(file, "layers", "missing", "names in front of the layer")
        for front in fronts:
            rule = _rule(file, front + suffix, block, value)
            rules.setdefault(rule.suffix, []).append(rule)
    requires = {
        _rule(file, suffix, "other", "other").suffix
        for suffix in _texts(file, files[name], "requires")
    }
    if not requires.issubset(rules):
        raise _fail(file, "requires", f"no rule for {sorted(requires - set(rules))}")
    return Family(
        name=name,
        kind=draft.kind or "text_decoder",
        model_types=frozenset(_texts(file, files[name], "model_types")),
        rules={suffix: tuple(found) for suffix, found in rules.items()},
        requires=frozenset(requires),
        **draft.flags,
    )


@cache
def _files() -> dict[str, dict[str, object]]:
    folder = resources.files("parentage.model") / "families"
    return {
        entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".toml")
    }


@cache
def load_families() -> tuple[Family, ...]:
    """All families that are shipped, by name."""
    files = _files()
    return tuple(build(stem, files) for stem in files if not stem.startswith("_"))


@cache
def index() -> dict[str, tuple[tuple[Family, tuple[Rule, ...]], ...]]:
    """Suffix -> the families that know it, with their rules."""
    found: dict[str, list[tuple[Family, tuple[Rule, ...]]]] = {}
    for family in load_families():
        for suffix, rules in family.rules.items():
            found.setdefault(suffix, []).append((family, rules))
    return {suffix: tuple(entries) for suffix, entries in found.items()}


@cache
def special(stem: str) -> dict[str, str]:
    """The names of ``_buffers`` or ``_quantised``."""
    names = _files()[stem].get("names")
    if not isinstance(names, dict):
        raise _fail(f"{stem}.toml", "names", "missing", "a table")
    return {str(name): str(value) for name, value in names.items()}
