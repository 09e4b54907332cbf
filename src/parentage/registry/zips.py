# SPDX-License-Identifier: Apache-2.0
"""Reads zip archives of unknown origin: whatever is wrong with one is one error."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

DAMAGE: Final = (
    KeyError,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What ``zipfile`` raises for damaged archives.

KeyError is an entry that is not there. RuntimeError is encryption, and as
NotImplementedError a version of the format or a method of compression that it does not
know. Damage inside a compressed entry is raised by the library that unpacks it.
"""

Refused = Callable[[str], Exception]
"""Makes the error to raise of what was found."""


@contextmanager
def reading(what: str, refused: Refused) -> Iterator[None]:
    """Turn any failure to read an archive into one error.

    Nothing but calls of ``zipfile`` belongs inside: others raise the same exceptions
    for other reasons.

    Args:
        what: was being done, for the error, such as cannot be opened.
        refused: makes the error.
    """
    try:
        yield
    except DAMAGE as error:
        raise refused(f"{what} ({error})") from error


def open_zip(source: Path, refused: Refused) -> zipfile.ZipFile:
    """Open an archive; its whole directory is read, and may be refused, here."""
    with reading("cannot be opened", refused):
        return zipfile.ZipFile(source)
