# SPDX-License-Identifier: Apache-2.0
"""What can be made to go wrong with a request."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

FaultKind = Literal[
    "cut",
    "truncate",
    "status",
    "slow",
    "ignore-range",
    "wrong-range",
    "wrong-length",
    "longer",
    "tag",
]


@dataclass
class Fault:
    """One thing that goes wrong, and with which requests.

    Attributes:
        kind: ``cut``: the connection ends without an answer; ``truncate``: after half
            of the body; ``status``: an error is answered; ``slow``: a pause comes
            first; ``ignore-range``: all of the file with status 200; ``wrong-range``:
            other bytes than asked for; ``wrong-length``: headers that contradict each
            other; ``longer``: more than announced; ``tag``: the file has another tag.
        path: only requests whose path matches it.
        share: of the requests, chosen by ``seed``.
        at: only the request of this number, counted from 0.
        after: only requests from this number on.
        times: at most so often.
        status, retry_after, seconds: of the answer, and of the pause.
    """

    kind: FaultKind
    path: str = ""
    share: float = 1.0
    seed: int = 0
    at: int | None = None
    after: int = 0
    times: int | None = None
    status: int = 503
    retry_after: str | None = None
    seconds: float = 0.0
    done: int = field(default=0, compare=False)

    def hits(self, number: int, path: str) -> bool:
        """Whether it happens to the request of a number."""
        if self.at is not None and number != self.at:
            return False
        if number < self.after or (self.times is not None and self.done >= self.times):
            return False
        if not re.search(self.path, path):
            return False
        if self.share < 1:
            drawn = random.Random(f"{self.seed}/{number}")  # noqa: S311 - a test's
            if drawn.random() >= self.share:
                return False
        self.done += 1
        return True


def first_hit(faults: Sequence[Fault], number: int, path: str) -> Fault | None:
    """The first fault that happens to a request."""
    return next((fault for fault in faults if fault.hits(number, path)), None)
