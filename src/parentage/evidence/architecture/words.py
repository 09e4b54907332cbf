# SPDX-License-Identifier: Apache-2.0
"""Words and thresholds of findings about architectures, read from ``words.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    en: str
    ko: str

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {"en": self.en, "ko": self.ko}


@dataclass(frozen=True, slots=True)
class Derivation:
    """A way to derive a size from a design."""

    id: str
    fields: frozenset[str]
    text: Text


@cache
def _data() -> dict[str, Any]:
    file = resources.files("parentage.evidence.architecture") / "words.toml"
    return tomllib.loads(file.read_text("utf-8"))


def sentence() -> Text:
    """The sentence that every finding carries."""
    row = _data()["sentence"]
    return Text(row["en"], row["ko"])


def finding(word: str) -> Text:
    """What a finding is called: one of those in ``words.toml``."""
    row = _data()["findings"][word]
    return Text(row["en"], row["ko"])


def meaning(word: str) -> Text:
    """What a finding means, in one sentence."""
    row = _data()["findings"][word]
    return Text(row["meaning_en"], row["meaning_ko"])


def difference_class(word: str) -> Text:
    """What a class of difference is called."""
    row = _data()["classes"][word]
    return Text(row["en"], row["ko"])


@cache
def derivations() -> tuple[Derivation, ...]:
    """Every way to derive a size, smallest set of fields first."""
    rows = _data()["derivation"]
    made = (
        Derivation(r["id"], frozenset(r["fields"]), Text(r["en"], r["ko"]))
        for r in rows
    )
    return tuple(sorted(made, key=lambda d: (len(d.fields), d.id)))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a finding needs.

    Attributes:
        shared_bits: bits of agreement from which two designs are ``shared`` or
            ``near``.
        agreement: for ``near``, the least share of the candidate's compared bits
            that agree.
    """

    shared_bits: float
    agreement: float


@cache
def thresholds(kind: str) -> Thresholds:
    """The thresholds for one kind of component; their error rates are in the docs."""
    row = _data()["thresholds"][kind]
    return Thresholds(row["shared_bits"], row["agreement"])


def least_makers() -> int:
    """Makers of designs from which a kind of component is weighed at all."""
    return int(_data()["background"]["least_makers"])
