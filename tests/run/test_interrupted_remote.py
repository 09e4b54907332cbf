# SPDX-License-Identifier: Apache-2.0
"""Audits of remote models that are cut off go on without fetching anything twice."""

import shutil
import threading
from collections import Counter
from pathlib import Path

import pytest
from tests.remote.conftest import use

from parentage.artifact.source import remote
from parentage.artifact.source.ranges import keeping
from parentage.artifact.source.retry import Policy
from parentage.artifact.store import Store
from parentage.errors import ParentageError
from parentage.run.audit import audit
from parentage.run.cache import Cache
from parentage.testing.hub.faults import Fault
from parentage.testing.hub.files import folder_repository
from parentage.testing.hub.server import HubServer
from parentage.testing.synthetic import Shape, descendant, random_model, write_model

ZOO = Path(__file__).parents[2] / "zoo" / "models"
NAMES = ("decoder-a-finetuned", "decoder-a")
OPTIONS = {"budget": 200_000, "undo_budget": 0, "descent_budget": 60_000}
SMALL = Shape(hidden_size=32, intermediate_size=64, num_hidden_layers=1, vocab_size=128)
"""One layer, for the test that runs two audits for each request of one."""


@pytest.fixture(name="server", scope="module")
def server_fixture():
    with HubServer(
        folder_repository(f"org/{name}", ZOO / name) for name in NAMES
    ) as server:
        yield server


@pytest.fixture(name="small", scope="module")
def small_fixture(tmp_path_factory):
    """A parent and a child with all that an audit asks for, in few requests."""
    root = tmp_path_factory.mktemp("small")
    parent = random_model(SMALL, 1)
    for name, tensors in (
        ("parent", parent),
        ("child", descendant(parent, 0.9, 2)),
    ):
        write_model(root / name, tensors, SMALL.config(), shards=2)
        shutil.copy(ZOO / NAMES[1] / "tokenizer.json", root / name)
    names = ("child", "parent")
    with HubServer(folder_repository(f"org/{n}", root / n) for n in names) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
    monkeypatch.setenv("PARENTAGE_HTTP_ATTEMPTS", "1")


def run(server, root, address=None):
    store = Store(root)
    with keeping(store):
        own, other = map(address or server.web, server.repositories)
        report = audit(own, [other], **OPTIONS, cache=Cache(store))
    assert store.trouble is None
    return report


def fetched(server):
    """How often each range of a file was asked for and sent; redirects send none."""
    return Counter(
        (r.path, r.span)
        for r in server.requests
        if r.storage
        and r.method == "GET"
        and r.span
        and r.span != "bytes=0-0"
        and r.fault is None
    )


def end_of_process():
    """Wait for requests under way, as Python does before it ends."""
    threads = Policy.from_environment().connections
    everyone = threading.Barrier(threads)
    remote.side_by_side([everyone.wait] * threads)


def cut_everywhere(server, tmp_path, text, places, address=None):
    """Cut the connection from each request on, and go on with a whole one.

    Returns the requests of a whole audit.
    """
    server.reset()
    undisturbed = text(run(server, tmp_path / "whole", address))
    asked = list(server.requests)
    wanted = fetched(server)
    assert wanted
    assert set(wanted.values()) == {1}
    for place in places(len(asked)):
        server.reset([Fault("cut", after=place)])
        root = tmp_path / str(place)
        # An audit goes on without a tokenizer, so late cuts need not end it.
        try:
            run(server, root, address)
        except ParentageError as error:
            assert error.exit_code == 4  # noqa: PT017
        end_of_process()
        before = fetched(server)
        server.reset()
        assert text(run(server, root, address)) == undisturbed, place
        both = before + fetched(server)
        assert set(both.values()) == {1}, place
        assert both == wanted, place
        shutil.rmtree(root)
    return asked


def test_cut_off_at_some_requests(server, tmp_path, text):
    cut_everywhere(server, tmp_path, text, lambda n: (0, n // 3, n // 2, n - 1))


@pytest.mark.services
def test_cut_off_at_every_request_to_a_web_server(small, tmp_path, text):
    """86 requests: a server that cannot list is asked for every name it may have."""
    asked = cut_everywhere(small, tmp_path, text, range)
    assert {request.method for request in asked} == {"HEAD", "GET"}
    assert_all_kinds(asked)


@pytest.mark.services
def test_cut_off_at_every_request_to_the_hub(small, tmp_path, text, monkeypatch):
    """About 42 requests, those that are redirected counted twice."""
    use(monkeypatch, small.endpoint, tmp_path)
    monkeypatch.setenv("PARENTAGE_HTTP_ATTEMPTS", "1")
    asked = cut_everywhere(small, tmp_path, text, range, address=str)
    assert sum(r.path.startswith("/api/models/") for r in asked) == 2
    assert any("/resolve/" in r.path and not r.storage for r in asked)
    assert_all_kinds(asked)


def assert_all_kinds(asked):
    """A list of shards, headers, values, config and tokenizer of both models."""
    ranges = Counter(r.path for r in asked if r.storage and r.span)
    assert sum(count >= 4 for count in ranges.values()) == 4
    assert sum(r.path.endswith("tokenizer.json") for r in asked) >= 2


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
