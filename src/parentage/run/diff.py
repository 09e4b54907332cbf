# SPDX-License-Identifier: Apache-2.0
"""A full scan of two models: every value of every tensor, in one pass."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from parentage import __version__
from parentage.artifact.checkpoint import Checkpoint, open_checkpoint
from parentage.artifact.fused import Fused, fused
from parentage.errors import UsageError
from parentage.model.description import Model
from parentage.model.resolve import describe
from parentage.report.difference_document import Diff
from parentage.run.diff_document import assemble
from parentage.run.diff_pairs import TensorPair, pair_tensors
from parentage.run.diff_scan import scan
from parentage.run.diff_state import State, state_file
from parentage.run.diff_sums import SMALL
from parentage.run.diff_tiles import FUSED_TILE, SLAB, TILE
from parentage.run.diff_workers import AVAILABLE
from parentage.stats.difference import Sums

Progress = Callable[[str, int, int], None]

KERNELS: Final = ("auto", "numpy", "numba")

_LARGE: Final = 1 << 26
"""Pairs of values from which on starting processes costs less than it saves."""

_SHOWN: Final = 1_000_000
"""Progress counts millions of pairs of values."""


@dataclass(frozen=True)
class Scanned:
    """A document, and what is to be said about the run beside it.

    Attributes:
        document: what was found.
        resumed: pairs of values that an earlier run had done.
        trouble: why the run could not keep its state, if so.
        scan_seconds: seconds of the pass itself.
    """

    document: Diff
    resumed: int
    trouble: str | None
    scan_seconds: float


def diff(
    a: str | Path,
    b: str | Path,
    *,
    resume: bool = True,
    threads: int | None = None,
    processes: bool | None = None,
    kernel: str = "auto",
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> Scanned:
    """Compare all of two models, tensor by tensor.

    Memory does not grow with the values. A run that was stopped, however, goes on
    where it was, as long as the files are the same.

    Args:
        a: path of the first model; differences are relative to it.
        b: path of the second model.
        resume: whether to go on with, and leave behind, the state of the scan.
        threads: that sum; by default one for each core, at most eight.
        processes: whether processes sum instead, as many, which saves copying every
            byte; by default for large models on this machine, where they can be
            forked. Numbers do not depend on it.
        kernel: ``numpy``, ``numba`` (the extra ``fast``), or ``auto``: numba if it is
            installed.
        command: how the scan was called, for the document.
        progress: told how many million pairs of values are done.

    Raises:
        UsageError: numba was asked for and is not installed.
        ArtifactError: the files cannot be used.
        DescriptionError: the tensors cannot be described.
    """
    started = time.monotonic()
    compiled = _kernel(kernel)
    name = "numpy" if compiled is None else f"numba {compiled.version}"
    with open_checkpoint(a) as left, open_checkpoint(b) as right:
        models = _described(left), _described(right)
        pairs = pair_tensors(*models)
        chosen = [pair for pair in pairs if pair.comparable]
        path = None
        if resume and left.identity is not None and right.identity is not None:
            path = state_file(_key((left, right), chosen, name))
        state = State(path)
        resumed = state.pairs
        if processes is None:
            size = sum(pair.tensor.size for pair in chosen)
            processes = AVAILABLE and size >= _LARGE and not _remote(left, right)
        began = time.monotonic()
        found = _scan(
            chosen,
            (left, right),
            state,
            workers=threads or _cores(),
            processes=processes,
            compiled=compiled,
            progress=progress,
        )
        scan_seconds = time.monotonic() - began
        for checkpoint in (left, right):
            checkpoint.close()  # refuses files that changed meanwhile
        sums = iter(found)
        document = assemble(
            (left, right),
            models,
            [(pair, next(sums) if pair.comparable else None) for pair in pairs],
            kernel=name,
            command=tuple(command),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=time.monotonic() - started,
        )
    state.remove()
    return Scanned(document, resumed, state.trouble, scan_seconds)


def _described(checkpoint: Checkpoint) -> Model:
    return describe(checkpoint.name, checkpoint.entries, checkpoint.config)


def _remote(*checkpoints: Checkpoint) -> bool:
    """Whether a connection would have to be shared with forked processes."""
    return any(checkpoint.identity is None for checkpoint in checkpoints)


def _cores() -> int:
    return min(8, len(os.sched_getaffinity(0)))


def _kernel(wanted: str) -> Fused | None:
    if wanted == "numpy":
        return None
    found = fused()
    if found is None and wanted == "numba":
        raise UsageError(
            "numba is not installed",
            expected="the extra `fast`",
            advice="Install it with `pip install parentage[fast]`, or leave the "
            "kernel to be chosen",
        )
    return found


def _key(
    checkpoints: tuple[Checkpoint, Checkpoint], chosen: list[TensorPair], kernel: str
) -> tuple[object, ...]:
    """All that the sums depend on."""
    files = [(str(c.path), c.identity) for c in checkpoints]
    return (__version__, kernel, SLAB, TILE, FUSED_TILE, SMALL, files, chosen)


def _scan(
    chosen: list[TensorPair],
    checkpoints: tuple[Checkpoint, Checkpoint],
    state: State,
    *,
    workers: int,
    processes: bool,
    compiled: Fused | None,
    progress: Progress | None,
) -> list[Sums]:
    total = sum(pair.tensor.size for pair in chosen)
    done = state.pairs

    def advance(pairs: int) -> None:
        nonlocal done
        done += pairs
        if progress is not None:
            what = "millions of values compared"
            progress(what, done // _SHOWN, total // _SHOWN)

    try:
        return scan(
            chosen,
            checkpoints,
            state,
            workers=workers,
            processes=processes,
            fused=compiled,
            advance=advance,
        )
    except BaseException:
        state.save()
        raise
