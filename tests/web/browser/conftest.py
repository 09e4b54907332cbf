# SPDX-License-Identifier: Apache-2.0
"""A Chromium, and the checker of accessibility."""

import subprocess
import tarfile

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'web'")
pytest.importorskip("uvicorn", reason="needs the extra 'web'")
pytest.importorskip("fontTools", reason="needs the extra 'pdf'")
sync_api = pytest.importorskip(
    "playwright.sync_api", reason="needs the extra 'services'"
)

from tests.web.browser.served import CHROMIUM, ROOT, axe_source, browsing  # noqa: E402


@pytest.fixture(name="chromium", scope="session")
def chromium_fixture(tmp_path_factory):
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with (
        sync_api.sync_playwright() as play,
        browsing(play, tmp_path_factory.mktemp("home")) as browser,
    ):
        yield browser


@pytest.fixture(name="axe", scope="session")
def axe_fixture():
    """Source of axe-core; kept in the build folder once it was fetched."""
    try:
        return axe_source(ROOT / "build" / "axe")
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
        pytest.skip(f"axe-core cannot be fetched from its registry: {error}")
