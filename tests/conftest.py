# SPDX-License-Identifier: Apache-2.0
"""Every run of the suite tries the same examples, and no test sees another's cache."""

import time

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """A cache that no other test and no earlier run has filled."""
    place = tmp_path_factory.mktemp("cache") / "parentage"
    monkeypatch.setenv("PARENTAGE_CACHE_DIR", str(place))


@pytest.fixture(scope="session")
def postgres_server():
    """URL of the maintenance database of a private cluster."""
    from benchmarks.registry.postgres import installed, private_server

    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with private_server() as url:
        yield url


@pytest.fixture
def postgres(postgres_server):
    """URL of an empty database."""
    from benchmarks.registry.postgres import new_database

    return new_database(postgres_server, f"t{time.time_ns()}")
