# SPDX-License-Identifier: Apache-2.0
"""The console that commands print to."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 100
"""Width where output is no terminal and ``COLUMNS`` does not say otherwise."""


def stdout() -> Console:
    """A console on stdout: colours on terminals, unless ``NO_COLOR`` is set."""
    from rich.console import Console

    width = None
    if not sys.stdout.isatty():
        width = shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns
    return Console(
        file=sys.stdout,
        width=width,
        no_color=bool(os.environ.get("NO_COLOR")) or None,
        highlight=False,
        markup=False,
        emoji=False,
    )
