# SPDX-License-Identifier: Apache-2.0
"""Kinds of values that routes take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, UploadFile
from pydantic import BaseModel, ConfigDict

from parentage.errors import RefusedError

Number = Annotated[int, Path(ge=1, le=2**62)]
Reference = Annotated[int, Query(ge=1, le=2**62)]
Offset = Annotated[int, Query(ge=0, le=2**31)]
Limit = Annotated[int, Query(ge=1, le=200)]
Text = Annotated[str, Query(max_length=200)]


class Body(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="forbid")


def content(file: UploadFile) -> bytes:
    """The bytes of an uploaded file; the request's size is limited already."""
    return file.file.read()


def named(file: UploadFile) -> str:
    """The plain name of an uploaded file.

    Raises:
        RefusedError: it has none.
    """
    name = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    if not name or name.startswith("."):
        raise RefusedError("a file has no name")
    return name
