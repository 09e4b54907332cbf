# SPDX-License-Identifier: Apache-2.0
"""Exit codes, errors and files: what every command leaves behind."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parentage.errors import ParentageError, UsageError

if TYPE_CHECKING:
    from parentage.report.document import Report

CLEAR = 0
FOUND = 1
INCONCLUSIVE = 3
INTERRUPTED = 130
BROKEN_PIPE = 141
# 2, 4 and 5 belong to errors: see ``ParentageError.exit_code``.

MIN_COVERAGE = 0.5
"""Below this share of tested parameters an audit that found nothing says little."""


def audit_code(report: Report) -> int:
    """Exit code of an audit.

    ``1`` if a module is identical or reused; else ``3`` if one corresponds without
    proof, or if less than half of the parameters could be tested; else ``0``.
    """
    words = {module.finding for module in report.modules}
    if words & {"identical", "reused"}:
        return FOUND
    tested = words - {"not-testable"}
    if "correspondence" in words or not tested or report.coverage < MIN_COVERAGE:
        return INCONCLUSIVE
    return CLEAR


def verdict_code(outcomes: Iterable[str]) -> int:
    """Exit code of verdicts, one outcome for each profile.

    ``1`` if one is violated; else ``3`` if one is inconclusive, or if a profile's
    source states nothing that could be judged; else ``0``.
    """
    words = set(outcomes)
    if "violated" in words:
        return FOUND
    return INCONCLUSIVE if words & {"inconclusive", "not-stated"} else CLEAR


def screen_code(words: set[str], coverage: float) -> int:
    """Exit code of what was held against many models; as :func:`audit_code`."""
    if words & {"identical", "reused"}:
        return FOUND
    tested = words - {"not-testable", "None"}
    if "correspondence" in words or not tested or coverage < MIN_COVERAGE:
        return INCONCLUSIVE
    return CLEAR


def report_error(error: ParentageError, *, as_json: bool) -> None:
    """One line on stderr and, with ``--json``, an object on stdout."""
    line = " ".join(printable(str(error)).split())
    click.echo(f"parentage: error: {line}", err=True)
    if as_json:
        data = {**error.to_json(), "exit_code": error.exit_code}
        click.echo(json.dumps({"error": data}, indent=2))


def printable(text: str) -> str:
    """Replace control characters: names in files must not drive the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def check_target(path: Path) -> None:
    """Complain about an unusable target before the work is done.

    Raises:
        UsageError: the folder does not exist, or the target is a folder.
    """
    if path.is_dir():
        raise UsageError("is a folder", file=str(path), expected="a file to write")
    if not path.absolute().parent.is_dir():
        raise UsageError(
            "its folder does not exist", file=str(path), advice="Create it first"
        )


def write_text(path: Path, text: str) -> None:
    """Write a text so that the file is either whole or not there.

    Raises:
        UsageError: the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file so that it is either whole or not there.

    Args:
        path: where to.
        data: all of it.
        private: readable by its owner alone.

    Raises:
        UsageError: the file cannot be written.
    """
    check_target(path)
    target = path.absolute()
    name = None
    try:
        with tempfile.NamedTemporaryFile(
            "wb", dir=target.parent, prefix=".parentage-", delete=False
        ) as file:
            name = file.name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o600 if private else 0o666 & ~mask)
        Path(name).replace(target)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise UsageError(
            f"cannot be written: {error.strerror or error}", file=str(path)
        ) from error
