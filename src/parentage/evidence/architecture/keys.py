# SPDX-License-Identifier: Apache-2.0
"""How many keys two configs state alike, word for word: the plainest count there is.

Nothing is weighed or translated here; it serves to check a published count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

MAX_KEYS: Final = 4096


@dataclass(frozen=True, slots=True)
class KeyAgreement:
    """Keys that both configs state.

    Attributes:
        equal: how many of them have equal values.
        compared: how many there are.
        differing: those whose values differ, by name.
    """

    equal: int
    compared: int
    differing: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def stated_agreement(
    one: Mapping[str, object], other: Mapping[str, object]
) -> KeyAgreement:
    """Compare two sections of configs key by key.

    Only keys with plain values (numbers, words, lists of them) on both sides count;
    nested tables and nulls do not.
    """
    both = sorted(
        key
        for key in list(one)[:MAX_KEYS]
        if _plain(one[key]) and _plain(other.get(key))
    )
    differing = tuple(key for key in both if one[key] != other[key])
    return KeyAgreement(len(both) - len(differing), len(both), differing)


def _plain(value: object) -> bool:
    return value is not None and not isinstance(value, Mapping)
