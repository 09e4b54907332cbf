# SPDX-License-Identifier: Apache-2.0
"""Reads profiles, and says everything that is wrong with one at once, with lines."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from parentage.artifact.entry import shown
from parentage.errors import ProfileError
from parentage.verdict.profile import Profile
from parentage.verdict.toml_file import parse_toml, read_written
from parentage.verdict.toml_lines import Path as Keys
from parentage.verdict.toml_problems import Found, problems_of, tables, with_lines
from parentage.verdict.vocabulary import COMPONENTS, GRADES_OF_VIOLATION

MAX_BYTES: Final = 1_000_000

_KEYS_OF: Final = {
    "provenance": {"allowed", "forbidden", "evidence", "accuse_on", "own_family"},
    "licence": {"needs"},
    "control": {"needs"},
    "disclosure": set(),
    "release": {"items", "open_licence"},
}
"""Keys of a rule that only some kinds have."""

_ONLY_SOME: Final = set().union(*_KEYS_OF.values())


@dataclass(frozen=True)
class LoadedProfile:
    """A profile with what reports say of its file.

    Attributes:
        profile: the definition.
        digest: SHA-256 of the file.
        origin: ``shipped``, or the file.
    """

    profile: Profile
    digest: str
    origin: str


@cache
def shipped_profiles() -> dict[str, LoadedProfile]:
    """The profiles that come with the package, by id, sorted."""
    found = {}
    folder = resources.files("parentage.verdict").joinpath("profiles")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            raw = file.read_bytes()
            profile = parse_profile(raw, file=file.name)
            found[profile.id] = LoadedProfile(profile, _digest(raw), "shipped")
    return found


def load_profile(name: str) -> LoadedProfile:
    """A profile by the id of a shipped one, or by file.

    Raises:
        ProfileError: there is no such profile, or the file is wrong; the message
            lists everything that is.
    """
    known = shipped_profiles()
    if name in known:
        return known[name]
    path = Path(name)
    if not path.suffix and not path.exists():
        raise ProfileError(
            f"there is no profile '{shown(name)}'",
            expected="a file, or one of " + ", ".join(known),
            advice="List them with `parentage profiles`.",
        )
    raw = read_written(
        name, MAX_BYTES, ProfileError, expected="a TOML file (see docs/profiles.md)"
    )
    return LoadedProfile(parse_profile(raw, file=name), _digest(raw), name)


def parse_profile(raw: bytes, *, file: str) -> Profile:
    """Turn TOML into a profile.

    Raises:
        ProfileError: with every problem and its line in ``problems``.
    """
    data, lines = parse_toml(raw, file, ProfileError)
    found: list[Found] = []
    profile = None
    try:
        profile = Profile.model_validate(data)
    except ValidationError as error:
        found += problems_of(error)
    found += _checks(data)
    if found or profile is None:
        raise ProfileError.of(shown(file), with_lines(found, lines))
    return profile


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _checks(data: dict[str, Any]) -> Iterator[Found]:
    """What a schema of types cannot say; works on files that break the schema too."""
    rules = tables(data, "rules")
    sources = {str(s.get("id")) for _, s in tables(data, "sources")}
    names: Counter[str] = Counter()
    for number, rule in rules:
        at: Keys = ("rules", number)
        name = shown(str(rule.get("id")))
        names[name] += 1
        if names[name] == 2:
            yield (*at, "id"), f"two rules are called {name!r}"
        if isinstance(rule.get("source"), str) and rule["source"] not in sources:
            yield (*at, "source"), f"no source is called '{shown(rule['source'])}'"
        yield from _rule_checks(at, rule)
    yield from _same_component(rules)
    addressed = {c for _, r in rules for c in _words(r, "components")}
    silent = [
        (("silent", n), c)
        for n, s in tables(data, "silent")
        for c in _words(s, "components")
    ]
    for place, component in silent:
        if component in addressed:
            yield (
                (*place, "components"),
                f"contradiction: {component!r} has rules and is called silent",
            )
    for component in COMPONENTS:
        if component not in addressed | {c for _, c in silent}:
            yield (
                ("silent",),
                f"nothing is said of {component!r}; write a rule, or name it in a "
                f"[[silent]] table",
            )


def _rule_checks(at: Keys, rule: dict[str, Any]) -> Iterator[Found]:
    both = _words(rule, "allowed") & _words(rule, "forbidden")
    for word in sorted(both):
        what = f"contradiction: '{shown(word)}' is allowed and forbidden"
        yield (*at, "forbidden"), what
    kind = rule.get("kind")
    if not isinstance(kind, str) or kind not in _KEYS_OF:
        return
    for key in sorted(_ONLY_SOME - _KEYS_OF[kind]):
        if key in rule:
            yield (*at, key), f"{key!r} means nothing in a rule of kind {kind!r}"
    if kind == "provenance":
        graded = rule.get("weight") == "graded"
        if not rule.get("allowed") and not rule.get("forbidden") and not graded:
            yield at, "a rule on provenance needs 'allowed' or 'forbidden'"
        for word in sorted(_words(rule, "accuse_on") - GRADES_OF_VIOLATION):
            yield (
                (*at, "accuse_on"),
                f"{word!r} is no ground for a violation; expected some of "
                f"{', '.join(sorted(GRADES_OF_VIOLATION))}",
            )
    if kind in {"licence", "control"} and "needs" not in rule:
        yield at, "'needs' is missing: stated, complied or unrestricted"
    if kind == "release" and not rule.get("items"):
        yield at, "'items' is missing: what must be published"


def _same_component(rules: list[tuple[int, dict[str, Any]]]) -> Iterator[Found]:
    """Two required rules on the provenance of one component that exclude each other."""
    allowed: dict[str, tuple[object, set[str]]] = {}
    for number, rule in rules:
        if rule.get("kind") != "provenance" or rule.get("weight", "required") != (
            "required"
        ):
            continue
        for component in _words(rule, "components"):
            name, before = allowed.get(component, (None, set()))
            clash = before & _words(rule, "forbidden")
            for word in sorted(clash):
                yield (
                    ("rules", number, "forbidden"),
                    f"contradiction: {word!r} is allowed for {component!r} by the "
                    f"rule {name!r}",
                )
            allowed[component] = (
                rule.get("id"),
                before | _words(rule, "allowed"),
            )


def _words(table: dict[str, Any], key: str) -> set[str]:
    words = table.get(key)
    if not isinstance(words, list):
        return set()
    return {word for word in words if isinstance(word, str)}
