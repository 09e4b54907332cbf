# SPDX-License-Identifier: Apache-2.0
"""Processes that sum slabs of two models through maps of their files.

Copying bytes out of the system's cache takes longer than adding them up, and a map
copies nothing. But whoever reads a page that its file has lost is killed by the system
(SIGBUS), without a word. So maps are read by processes that own nothing: the scan
notices that one was lost, and the sums of the others count.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

from parentage.artifact.fused import Fused
from parentage.run.diff_sums import Worker
from parentage.run.diff_tiles import Side, Slab
from parentage.stats.difference import Sums

AVAILABLE: Final = sys.platform == "linux"
"""Whether processes may be forked here that inherit open files and compiled sums."""

_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of prctl(2)

Sides = Sequence[tuple[Side, Side] | None]


class Workers:
    """Forked processes; see :func:`parentage.run.diff_scan.scan`.

    Args:
        sides: pairs of tensors, whose files are inherited.
        count: how many processes.
        fused: compiled sums, which are inherited, too.
    """

    def __init__(self, sides: Sides, count: int, fused: Fused | None) -> None:
        self._pool = ProcessPoolExecutor(
            count,
            mp_context=get_context("fork"),
            initializer=_begin,
            initargs=(sides, fused, os.getpid()),
        )

    def submit(self, parts: tuple[tuple[int, Slab], ...]) -> Future[list[Sums]]:
        """Sums of each part; the future fails if a process was lost."""
        with warnings.catch_warnings():
            # The first call forks. Locks that other threads hold then stay locked in
            # the child, which only adds numbers and takes none of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._pool.submit(_work, parts)

    def close(self) -> None:
        """Wait for what is under way, and drop the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)


_mine: tuple[Sides, Worker] | None = None


def _begin(sides: Sides, fused: Fused | None, parent: int) -> None:
    """What a new process does first."""
    global _mine  # noqa: PLW0603 - a process of its own, which lives for one scan
    faulthandler.disable()  # being lost is no crash to be told of
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, too, and ends
    # A parent that is killed cannot say that nobody waits any more.
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    _mine = sides, Worker(fused)


def _work(parts: tuple[tuple[int, Slab], ...]) -> list[Sums]:
    if _mine is None:
        message = "a worker that was not set up"
        raise RuntimeError(message)
    sides, worker = _mine
    return worker.all_sums(sides, parts)
