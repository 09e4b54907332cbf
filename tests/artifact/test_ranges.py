# SPDX-License-Identifier: Apache-2.0
"""Ranges of remote files are fetched once under an identity, and never without one."""

import errno
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from parentage.artifact.source.ranges import keeping, kept
from parentage.artifact.store import Store


class Server:
    def __init__(self, data):
        self.data = data
        self.asked = []

    def __call__(self, begin, end):
        self.asked.append((begin, end))
        return self.data[begin:end]


@pytest.fixture(name="store")
def store_fixture(tmp_path):
    return Store(tmp_path / "cache")


def test_a_later_process_fetches_nothing_again(store):
    server = Server(bytes(range(200)))
    with keeping(store):
        fetch = kept(server, "commit/file")
    assert fetch(10, 20) == bytes(range(10, 20))
    assert fetch(10, 20) == bytes(range(10, 20))
    assert server.asked == [(10, 20)]
    again = Server(b"")
    with keeping(Store(store.root)):
        fetch = kept(again, "commit/file")
    assert fetch(10, 20) == bytes(range(10, 20))
    assert again.asked == []
    assert fetch(10, 10) == b""


def test_another_identity_and_no_identity(store):
    with keeping(store):
        kept(Server(b"old" * 10), "one")(0, 3)
        new = Server(b"new" * 10)
        assert kept(new, "two")(0, 3) == b"new"
        for _ in range(2):
            assert kept(new, None)(0, 3) == b"new"
    assert new.asked == [(0, 3)] * 3
    outside = Server(b"x" * 9)
    assert kept(outside, "one") is outside


def test_damage_and_full_disks_end_in_a_fetch(store, monkeypatch):
    server = Server(bytes(range(100)))
    with keeping(store):
        fetch = kept(server, "id")
    fetch(0, 50)
    (entry,) = store.entries()
    entry.path.write_bytes(entry.path.read_bytes()[:-1])
    assert fetch(0, 50) == bytes(range(50))
    assert len(server.asked) == 2

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    assert fetch(50, 60) == bytes(range(50, 60))
    assert store.trouble == "No space left on device"


def test_from_many_threads(store):
    server = Server(bytes(range(256)) * 40)
    with keeping(store), ThreadPoolExecutor(8) as pool:
        fetch = kept(server, "id")
        spans = [(i, i + 50) for i in range(0, 8000, 50)] * 2
        found = list(pool.map(lambda s: fetch(*s), spans))
    assert found == [server.data[a:b] for a, b in spans]
    assert store.damaged == 0
