# SPDX-License-Identifier: Apache-2.0
"""Audits of remote models that are cut off go on without fetching anything twice."""

from collections import Counter
from pathlib import Path

import pytest

from parentage.artifact.source.ranges import keeping
from parentage.artifact.store import Store
from parentage.errors import ParentageError
from parentage.run.audit import audit
from parentage.run.cache import Cache
from parentage.testing.hub.faults import Fault
from parentage.testing.hub.files import folder_repository
from parentage.testing.hub.server import HubServer

ZOO = Path(__file__).parents[2] / "zoo" / "models"
NAMES = ("decoder-a-finetuned", "decoder-a")
OPTIONS = {"budget": 200_000, "undo_budget": 0, "descent_budget": 60_000}


@pytest.fixture(name="server", scope="module")
def server_fixture():
    with HubServer(
        folder_repository(f"org/{name}", ZOO / name) for name in NAMES
    ) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
    monkeypatch.setenv("PARENTAGE_HTTP_ATTEMPTS", "1")


def run(server, root):
    store = Store(root)
    with keeping(store):
        own, other = (server.web(f"org/{name}") for name in NAMES)
        report = audit(own, [other], **OPTIONS, cache=Cache(store))
    assert store.trouble is None
    return report


def fetched(server):
    """How often each range of a file was asked for and sent."""
    return Counter(
        (r.path, r.span)
        for r in server.requests
        if r.method == "GET" and r.span and r.span != "bytes=0-0" and r.fault is None
    )


def cut_everywhere(server, tmp_path, text, places):
    """Cut the connection from each request on, and go on with a whole one."""
    server.reset()
    undisturbed = text(run(server, tmp_path / "whole"))
    wanted = fetched(server)
    requests = len(server.requests)
    assert wanted
    assert set(wanted.values()) == {1}
    for place in places(requests):
        server.reset([Fault("cut", after=place)])
        root = tmp_path / str(place)
        # An audit goes on without a tokenizer, so late cuts need not end it.
        try:
            run(server, root)
        except ParentageError as error:
            assert error.exit_code == 4  # noqa: PT017
        before = fetched(server)
        server.reset()
        assert text(run(server, root)) == undisturbed, place
        both = before + fetched(server)
        assert set(both.values()) == {1}, place
        assert both == wanted, place


def test_cut_off_at_some_requests(server, tmp_path, text):
    cut_everywhere(server, tmp_path, text, lambda n: (0, n // 3, n // 2, n - 1))


@pytest.mark.services
def test_cut_off_at_every_request(server, tmp_path, text):
    cut_everywhere(server, tmp_path, text, range)


def test_a_known_model_is_not_fetched_again(server, tmp_path, text):
    server.reset()
    first = text(run(server, tmp_path / "cache"))
    server.reset()
    assert text(run(server, tmp_path / "cache")) == first
    assert not fetched(server)


def test_a_file_that_changed_is_fetched_anew(tmp_path):
    root = tmp_path / "cache"
    with HubServer(
        folder_repository(f"org/{name}", ZOO / name) for name in NAMES
    ) as server:
        assert run(server, root).finding == "reused"
        other = folder_repository(f"org/{NAMES[0]}", ZOO / "decoder-b")
        server.repositories[f"org/{NAMES[0]}"] = other
        assert run(server, root).finding == "no-dependence-found"
