# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


class Forge:
    """Writes files that no library would write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def raw(self, header: bytes, data: bytes = b"", name: str = "model.safetensors"):
        path = self.folder / name
        path.write_bytes(len(header).to_bytes(8, "little") + header + data)
        return path

    def json(self, header: Any, data: bytes = b"", name: str = "model.safetensors"):
        return self.raw(json.dumps(header).encode(), data, name)

    @staticmethod
    def tensor(begin: int, end: int, dtype: str = "U8", shape: Any = None) -> dict:
        shape = [end - begin] if shape is None else shape
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)
