# SPDX-License-Identifier: Apache-2.0
"""What the weight files of a model hold, whatever their format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parentage.artifact.entry import Entry, Problem, shown
from parentage.artifact.values import Plain, Values
from parentage.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parentage.artifact.source.base import File


@dataclass(slots=True)
class Contents:
    """Tensors and claims of one file, or of several together.

    Attributes:
        entries: the tensors by name.
        values: where the values of each come from.
        metadata: free text of the writer.
        config: what the file says of the model, in its own words; hints only.
        problems: what is odd without being ambiguous.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    config: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, entry: Entry, values: Values) -> None:
        """One more tensor."""
        self.entries[entry.name] = entry
        self.values[entry.name] = values

    def drop(self, names: Iterable[str]) -> None:
        """Tensors that turned out to be parts of others."""
        for name in names:
            self.entries.pop(name, None)
            self.values.pop(name, None)

    def merge(self, other: Contents) -> None:
        """The contents of one more file; of equal keys the first file's count.

        Raises:
            LayoutError: a tensor is in both.
        """
        twice = self.entries.keys() & other.entries.keys()
        if twice:
            name = min(twice)
            message = (
                f"is stored here and in {shown(self.entries[name].file)} "
                f"({len(twice)} such tensors)"
            )
            raise LayoutError(
                message,
                file=shown(other.entries[name].file),
                tensor=shown(name),
                expected="each tensor in one file",
                advice="Name one file, or remove the copies that do not belong "
                "together.",
            )
        self.entries.update(other.entries)
        self.values.update(other.values)
        self.metadata = other.metadata | self.metadata
        self.config = other.config | self.config
        self.problems += other.problems


def plain(file: File, entries: Iterable[Entry]) -> Contents:
    """Contents of a file that holds plain numbers."""
    found = Contents()
    for entry in entries:
        found.add(entry, Plain(file, entry))
    return found
