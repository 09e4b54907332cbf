# SPDX-License-Identifier: Apache-2.0
"""Entries are whole or absent: damage, full disks, other people, other processes."""

import errno
import hashlib
import multiprocessing
import os
import resource
import signal
import tempfile

import pytest

from parentage.artifact.store import Store, default_root


def key(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(name="store")
def store_fixture(tmp_path):
    return Store(tmp_path / "cache")


def path_of(store, name, kind="evidence"):
    return store.root / kind / key(name)[:2] / key(name)


def test_what_was_put_is_got(store):
    assert store.get("evidence", key("a")) is None
    assert not store.root.exists()  # looking makes no folder
    assert store.put("evidence", key("a"), b"one\ntwo\0", "a note")
    assert store.get("evidence", key("a")) == b"one\ntwo\0"
    assert store.get("ranges", key("a")) is None
    (entry,) = store.entries()
    assert (entry.kind, entry.key, entry.note) == ("evidence", key("a"), "a note")
    assert store.root.stat().st_mode & 0o077 == 0


def test_every_damaged_byte_is_noticed(store):
    store.put("evidence", key("a"), b"payload", "note")
    path = path_of(store, "a")
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x20
        path.write_bytes(bytes(damaged))
        assert Store(store.root).get("evidence", key("a")) is None, position
        assert not path.exists()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert Store(store.root).get("evidence", key("a")) is None, length
    path.write_bytes(whole)
    assert store.get("evidence", key("a")) == b"payload"


def test_an_entry_answers_for_its_own_key_only(store):
    store.put("evidence", key("a"), b"payload")
    other = path_of(store, "b")
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_bytes(path_of(store, "a").read_bytes())
    assert store.get("evidence", key("b")) is None
    assert store.damaged == 1


def test_verify_removes_what_is_damaged_and_what_was_left_behind(store):
    for name in "abc":
        store.put("evidence", key(name), name.encode())
    path_of(store, "b").write_bytes(b"{}")
    old, new = store.root / "half-old", store.root / "half-new"
    for half in (old, new):
        half.write_bytes(b"x")
    os.utime(old, (0, 0))
    whole, broken = store.verify()
    assert whole == 2
    assert [e.key for e in broken] == [key("b")]
    assert not old.exists()
    assert new.exists()  # somebody may be writing it


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_ends_writing_and_nothing_else(store, monkeypatch, number):
    store.put("evidence", key("a"), b"before")

    def full(*_, **__):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "NamedTemporaryFile", full)
        assert not store.put("evidence", key("b"), b"x")
    assert store.trouble == os.strerror(number)
    assert not store.put("evidence", key("c"), b"x")  # not tried again
    assert store.get("evidence", key("a")) == b"before"
    assert not list(store.root.glob("half-*"))


def _write_under_a_limit(root):
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = Store(root)
    small = store.put("evidence", key("small"), b"s" * 100)
    large = store.put("evidence", key("large"), b"l" * 100_000)
    half = list(root.glob("half-*"))
    os._exit(0 if small and not large and store.trouble and not half else 1)


def test_a_real_limit_in_the_middle_of_a_file(tmp_path):
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_write_under_a_limit, args=(tmp_path / "cache",))
    child.start()
    child.join()
    assert child.exitcode == 0
    store = Store(tmp_path / "cache")
    assert store.get("evidence", key("small")) == b"s" * 100
    assert store.get("evidence", key("large")) is None


def test_folders_that_others_may_write_to_are_not_trusted(store):
    store.put("evidence", key("a"), b"x")
    store.root.chmod(0o777)
    other = Store(store.root)
    assert other.get("evidence", key("a")) is None
    assert not other.put("evidence", key("b"), b"x")
    assert "others may write" in other.trouble


def test_a_root_that_is_a_file(tmp_path):
    (tmp_path / "cache").write_text("")
    store = Store(tmp_path / "cache")
    assert store.get("evidence", key("a")) is None
    assert not store.put("evidence", key("a"), b"x")
    assert store.trouble
    assert list(store.entries()) == []


def test_the_least_used_give_way(tmp_path):
    store = Store(tmp_path / "cache", limit=10_000)
    for number in range(8):
        store.put("evidence", key(str(number)), b"x" * 1000)
        os.utime(path_of(store, str(number)), (number, number))
    assert store.prune() == 0
    store.get("evidence", key("0"))  # used now
    for number in range(8, 12):
        store.put("evidence", key(str(number)), b"x" * 1000)
    assert store.prune() > 0
    left = {e.key for e in store.entries()}
    assert key("0") in left
    assert key("11") in left
    assert key("1") not in left
    assert sum(e.size for e in store.entries()) <= 8_000


def _write_many(root, number):
    store = Store(root)
    for i in range(40):
        name = str(i % 10)
        store.put("evidence", key(name), name.encode() * 5000)
        found = store.get("evidence", key(str((i + number) % 10)))
        if found is not None and found != found[:1] * 5000:
            os._exit(1)
    os._exit(1 if store.damaged or store.trouble else 0)


def test_many_processes_at_once(tmp_path):
    context = multiprocessing.get_context("fork")
    children = [
        context.Process(target=_write_many, args=(tmp_path / "cache", n))
        for n in range(4)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [c.exitcode for c in children] == [0] * 4
    store = Store(tmp_path / "cache")
    assert store.verify() == (10, [])


def test_where_it_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("PARENTAGE_CACHE_DIR", str(tmp_path / "own"))
    assert default_root() == tmp_path / "own"
    monkeypatch.delenv("PARENTAGE_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if os.uname().sysname != "Darwin":
        assert default_root() == tmp_path / "xdg" / "parentage"
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert default_root() == tmp_path / ".cache" / "parentage"
