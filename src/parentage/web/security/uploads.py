# SPDX-License-Identifier: Apache-2.0
"""Files that somebody sent: kept in a folder of their own while they are looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def in_folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder with these files and nothing else; it is gone afterwards.

    Args:
        files: plain names (no folders) and contents. The names are checked by who
            calls; one with a separator ends in an assertion.
    """
    with tempfile.TemporaryDirectory(prefix="parentage-portal-") as place:
        folder = Path(place)
        for name, content in files.items():
            assert Path(name).name == name, name  # noqa: S101 - callers have checked
            (folder / name).write_bytes(content)
        yield folder
