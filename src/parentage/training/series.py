# SPDX-License-Identifier: Apache-2.0
"""What a training log says, in one form for every format.

A log is rows in the order of the file, each with its line; columns have fixed names and
units. Nothing is repaired: values that are no numbers, steps that go back, lines that
could not be read and rows that are left out for want of memory are facts that the
series carries along.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

COLUMNS: Final = (
    "step",  # optimizer steps
    "tokens",  # tokens seen so far
    "time",  # seconds since 1970
    "elapsed",  # seconds since the run began
    "loss",
    "eval_loss",
    "lr",
    "grad_norm",
    "throughput",  # tokens per second
    "step_time",  # seconds per step
    "epoch",
    "batch_size",  # sequences per step
    "mfu",  # share of the hardware's peak, 0 to 1
)
"""Names of columns; see the comments for their units."""

MAX_ROWS: Final = 1_000_000
"""Rows that are held; of longer logs every second one is dropped, again and again."""

MAX_FACTS: Final = 200
"""Facts of a kind that are kept one by one; further ones are counted."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fact:
    """Something about a log that a reader of it should know.

    Attributes:
        code: such as ``not-a-number``, ``unreadable-line``, ``truncated``, ``resume``.
        line: line (or record) of the file, counted from 1.
        step: step it concerns, if known.
        text: what the file says there, or a plain number, made safe to print.
    """

    code: str
    line: int | None = None
    step: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Series:
    """A training log.

    Attributes:
        file: its name.
        format: the format that it was read as.
        columns: name -> values, one per row; ``nan`` where a row says nothing.
        lines: line (or record) of each row, from 1.
        facts: see :class:`Fact`.
        counts: code of facts -> how many there were.
        stated: what the log says about the run as a whole, such as ``max_steps``.
        rows: rows that the file holds.
        stride: 1, or how many rows stand for one that is kept.
        bytes_read: of the file.
    """

    file: str
    format: str
    columns: Mapping[str, Floats]
    lines: Integers
    facts: tuple[Fact, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    stated: Mapping[str, float] = field(default_factory=dict)
    rows: int = 0
    stride: int = 1
    bytes_read: int = 0

    def has(self, name: str) -> bool:
        """Whether any row has a value of this column."""
        return name in self.columns and bool(np.isfinite(self.columns[name]).any())

    def curve(self, name: str) -> Curve:
        """A column against the step, rows without either left out."""
        if name not in self.columns or "step" not in self.columns:
            empty = np.empty(0)
            return Curve(empty, empty, np.empty(0, np.int64))
        step, value = self.columns["step"], self.columns[name]
        keep = np.isfinite(step) & np.isfinite(value)
        return Curve(step[keep], value[keep], self.lines[keep])


@dataclass(frozen=True)
class Curve:
    """One quantity over the steps, in the order of the file.

    Attributes:
        step: steps; may repeat or go back, as the file does.
        value: finite values.
        line: line of each.
    """

    step: Floats
    value: Floats
    line: Integers

    def __len__(self) -> int:
        return len(self.value)

    def last_pass(self) -> Curve:
        """What training went on from: of steps done twice, the last time.

        Rows are sorted by step; of equal steps the one further down stays.
        """
        order = np.lexsort((np.arange(len(self.step)), self.step))
        last = np.ones(len(order), bool)
        last[:-1] = self.step[order][1:] != self.step[order][:-1]
        keep = order[last]
        return Curve(self.step[keep], self.value[keep], self.line[keep])


class Builder:
    """Collects rows and facts while a file is read, in bounded memory.

    Args:
        file: name of the log.
        kind: its format.
        limit: rows that are held at most.
    """

    def __init__(self, file: str, kind: str, limit: int = MAX_ROWS) -> None:
        self.file, self.kind = file, kind
        self.stated: dict[str, float] = {}
        self.rows = 0
        self._limit = max(2, limit // 2 * 2)
        self._stride = 1
        self._columns: dict[str, array[float]] = {}
        self._lines = array("q")
        self._facts: list[Fact] = []
        self._counts: dict[str, int] = {}
        self._open: dict[str, float] = {}
        self._line = 0

    def add(self, line: int, values: Mapping[str, float]) -> None:
        """Add what a line says; lines about the same step become one row.

        Args:
            line: its number, from 1.
            values: column -> number; ``nan`` is kept as a fact.
        """
        if not values:
            return
        for name, value in values.items():
            if not math.isfinite(value):
                self.fact("not-a-number", line, values.get("step"), name)
        step = values.get("step")
        shared = step is not None and self._open.get("step") == step
        if shared and all(n == "step" or n not in self._open for n in values):
            self._open.update(values)
            return
        self._flush()
        self._open, self._line = dict(values), line

    def same_step(self, step: float) -> bool:
        """Whether the row that is being put together is of this step."""
        return self._open.get("step") == step

    def fact(
        self,
        code: str,
        line: int | None = None,
        step: float | None = None,
        text: str = "",
    ) -> None:
        """Note something; the first of a kind are kept, all are counted."""
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] <= MAX_FACTS:
            cut = text if len(text) <= 120 else text[:120] + "…"
            safe = "".join(c if c.isprintable() else "\ufffd" for c in cut)
            self._facts.append(Fact(code, line, step, safe))

    def finish(self, bytes_read: int = 0) -> Series:
        """The series of everything that was added."""
        self._flush()
        if self._stride > 1:
            self.fact("thinned", None, None, str(self._stride))
        return Series(
            file=self.file,
            format=self.kind,
            columns={n: np.array(c) for n, c in sorted(self._columns.items())},
            lines=np.array(self._lines, np.int64),
            facts=tuple(self._facts),
            counts=dict(self._counts),
            stated=dict(self.stated),
            rows=self.rows,
            stride=self._stride,
            bytes_read=bytes_read,
        )

    def _flush(self) -> None:
        if not self._open:
            return
        values, self._open = self._open, {}
        self.rows += 1
        if (self.rows - 1) % self._stride:
            return
        for name in values:
            if name not in self._columns:
                self._columns[name] = array("d", [np.nan]) * len(self._lines)
        for name, column in self._columns.items():
            column.append(values.get(name, np.nan))
        self._lines.append(self._line)
        if len(self._lines) >= self._limit:
            self._stride *= 2
            self._lines = self._lines[::2]
            self._columns = {n: c[::2] for n, c in self._columns.items()}
