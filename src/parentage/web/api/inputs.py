# SPDX-License-Identifier: Apache-2.0
"""Kinds of values that routes take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict

Number = Annotated[int, Path(ge=1, le=2**62)]
Offset = Annotated[int, Query(ge=0, le=2**31)]
Limit = Annotated[int, Query(ge=1, le=200)]
Text = Annotated[str, Query(max_length=200)]


class Body(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="forbid")
