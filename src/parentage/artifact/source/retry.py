# SPDX-License-Identifier: Apache-2.0
"""How often and after what pause a request is made again."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from parentage.errors import SourceError, UsageError

T = TypeVar("T")

LONGEST_WAIT: Final = 120.0
"""Seconds; a server that asks for more ends the attempt with its own words."""

MOST_PIECES: Final = 32
"""Times that a request is resumed although each time something arrived."""


class Again(Exception):  # noqa: N818 - not an error: a request to try once more
    """Raised by one attempt that may succeed if made again.

    Attributes:
        final: the error if no attempt is left.
        wait: seconds that the server asks for.
        first: whether the server was never reached, so that few attempts will do.
    """

    def __init__(
        self, final: SourceError, *, wait: float | None = None, first: bool = False
    ) -> None:
        super().__init__(str(final))
        self.final = final
        self.wait = wait
        self.first = first


@dataclass(frozen=True)
class Policy:
    """Attempts and pauses, from the environment.

    Attributes:
        attempts: tries without progress (``PARENTAGE_HTTP_ATTEMPTS``).
        backoff: seconds before the second one, doubled each time and shortened by
            up to half at random (``PARENTAGE_HTTP_BACKOFF``).
        longest: seconds of a pause at most.
        timeout: seconds without a byte after which an attempt has failed
            (``PARENTAGE_HTTP_TIMEOUT``).
        connections: requests at once (``PARENTAGE_HTTP_CONNECTIONS``).
    """

    attempts: int = 8
    backoff: float = 0.1
    longest: float = 8.0
    timeout: float = 30.0
    connections: int = 16

    @classmethod
    def from_environment(cls) -> Policy:
        """The policy that the environment asks for.

        Raises:
            UsageError: a variable is no number in its range.
        """
        return cls(
            attempts=int(_number("ATTEMPTS", cls.attempts, 1, 100)),
            backoff=_number("BACKOFF", cls.backoff, 0, 60),
            timeout=_number("TIMEOUT", cls.timeout, 0.01, 3600),
            connections=int(_number("CONNECTIONS", cls.connections, 1, 64)),
        )

    def pause(self, failures: int, wait: float | None) -> float:
        """Seconds to wait after so many failures in a row."""
        if wait is not None:
            return wait
        longest = min(self.longest, self.backoff * 2.0 ** min(failures - 1, 16))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - not a secret


def _number(name: str, usual: float, least: float, most: float) -> float:
    text = os.environ.get(f"PARENTAGE_HTTP_{name}", "")
    if not text:
        return usual
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not least <= found <= most:
        raise UsageError(
            f"PARENTAGE_HTTP_{name} is {text!r}",
            expected=f"a number from {least:g} to {most:g}",
            advice="Correct or unset the environment variable.",
        )
    return found


def persist(
    step: Callable[[], T], policy: Policy, *, progress: Callable[[], int] = lambda: 0
) -> T:
    """Make a step until it succeeds, or until it has failed too often.

    Args:
        step: raises :class:`Again` where another attempt may help.
        policy: attempts and pauses.
        progress: what has arrived; failures after which there is more of it begin a
            new count, for a limited number of times.

    Raises:
        SourceError: the last attempt failed.
    """
    failures = pieces = 0
    before = progress()
    while True:
        try:
            return step()
        except Again as again:
            failures += 1
            now = progress()
            if now > before and pieces < MOST_PIECES:
                before, failures, pieces = now, 1, pieces + 1
            most = min(3, policy.attempts) if again.first else policy.attempts
            if failures >= most or (again.wait or 0) > LONGEST_WAIT:
                raise again.final from again
            time.sleep(policy.pause(failures, again.wait))


def retry_after(value: str | None) -> float | None:
    """Seconds of a ``Retry-After``: a number, or a date."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
