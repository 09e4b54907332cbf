# SPDX-License-Identifier: Apache-2.0
"""Every run of the suite tries the same examples, and no test sees another's cache."""

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """A cache that no other test and no earlier run has filled."""
    place = tmp_path_factory.mktemp("cache") / "parentage"
    monkeypatch.setenv("PARENTAGE_CACHE_DIR", str(place))
