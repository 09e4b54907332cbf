# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real tokenizers."""
    root = os.environ.get("PARENTAGE_DATA")
    if not root:
        pytest.skip("PARENTAGE_DATA names no folder of real tokenizers")
    return Path(root) / "tokenizers"
