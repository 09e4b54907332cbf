# SPDX-License-Identifier: Apache-2.0
"""Several stored tensors that are one weight: finding them and checking their sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from parentage.artifact.entry import Entry
from parentage.artifact.values import Index, Matrix, Part, Plain

if TYPE_CHECKING:
    from parentage.artifact.contents import Contents
    from parentage.errors import LayoutError

INTEGERS = frozenset({"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"})
FLOATS = frozenset({"F16", "BF16", "F32", "F64"})
BYTES8 = frozenset({"F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})


@dataclass
class Group:
    """The stored tensors around one weight, by the ends of their names.

    Attributes:
        contents: all tensors of the checkpoint.
        stem: what the names have in common.
        used: names that were taken as parts.
    """

    contents: Contents
    stem: str
    used: set[str] = field(default_factory=set)

    def part(self, ending: str) -> Part | None:
        """The part with this ending, if it is there."""
        name = self.stem + ending
        values = self.contents.values.get(name)
        if not isinstance(values, Plain):
            return None
        self.used.add(name)
        return Part(values.file, values.entry)

    def settings(self) -> Mapping[str, object]:
        """What the config says of the quantisation; hints only."""
        for key in ("quantization_config", "compression_config"):
            found = self.contents.config.get(key)
            if isinstance(found, dict):
                return found
        return {}

    def entry(
        self, ending: str, dtype: str, shape: tuple[int, ...], main: Part
    ) -> Entry:
        """The entry of the whole weight; the parts besides ``main`` are beside it."""
        others = self.used - {main.entry.name}
        beside = sum(self.contents.entries[name].nbytes for name in others)
        return replace(
            main.entry,
            name=self.stem + ending,
            dtype=dtype,
            shape=shape,
            beside=beside,
        )


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight that was put together."""

    entry: Entry
    values: Matrix


def need(part: Part, rank: int, kinds: frozenset[str]) -> None:
    """Refuse a part of another rank or format.

    Raises:
        LayoutError: the part is not what its name says.
    """
    entry = part.entry
    if len(entry.shape) != rank or entry.dtype not in kinds or not entry.size:
        listed = ", ".join(sorted(kinds))
        raise refusal(
            part,
            f"is stored as {entry.dtype} of shape {list(entry.shape)}",
            f"{rank} axes with numbers of {listed}",
        )


def refusal(part: Part, message: str, expected: str) -> LayoutError:
    """The error of a part that does not fit the others."""
    return part.wrong(message, expected)


def flat(part: Part) -> Part:
    """The same numbers as one row."""
    return Part(part.file, replace(part.entry, shape=(part.entry.size,)))


def reshaped(part: Part, *shape: int) -> Part:
    """The same numbers in another shape of equal size."""
    return Part(part.file, replace(part.entry, shape=shape))


def row(part: Part, places: Index) -> Index:
    """Integers of a vector at some places."""
    found: Index = flat(part).take(np.zeros(1, np.int64), places)[0].astype(np.int64)
    return found
