# SPDX-License-Identifier: Apache-2.0
"""Times as they are stored, seen from now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def later(span: timedelta) -> str:
    """The time in a while."""
    return (datetime.now(UTC) + span).isoformat(timespec="microseconds")


def before(span: timedelta) -> str:
    """The time a while ago."""
    return (datetime.now(UTC) - span).isoformat(timespec="microseconds")
