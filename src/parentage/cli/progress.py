# SPDX-License-Identifier: Apache-2.0
"""Progress on stderr, on a terminal only; the library itself stays silent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from parentage.cli.outcome import printable

Progress = Callable[[str, int, int], None]


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A callback for ``run``, or ``None`` where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.text import Text

    class Step(TextColumn):
        """The step's name as it is, without markup."""

        def render(self, task: object) -> Text:
            return Text(str(getattr(task, "description", "")), overflow="ellipsis")

    with Progress(
        Step("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None)

        def step(what: str, done: int, total: int) -> None:
            bar.update(
                task, description=printable(what), completed=done, total=total or None
            )

        yield step
