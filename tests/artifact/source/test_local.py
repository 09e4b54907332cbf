# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import threading

import pytest

from parentage.artifact import LocalFile, open_checkpoint
from parentage.artifact.source import local
from parentage.errors import (
    LayoutError,
    TruncatedError,
    UnreadableError,
    UnsafePathError,
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model" / "data.bin"
    path.parent.mkdir()
    path.write_bytes(bytes(range(200)))
    return path


def test_reads_and_counts(path):
    with LocalFile(path) as file:
        assert file.size == 200
        assert file.pread(3, 4) == bytes([3, 4, 5, 6])
        buffer = bytearray(5)
        file.read_into(195, memoryview(buffer))
        assert buffer == bytes(range(195, 200))
        runs = bytearray(6)
        file.read_runs([9, 0, 50], 2, memoryview(runs))
        assert runs == bytes([9, 10, 0, 1, 50, 51])
        file.read_runs([], 2, memoryview(b""))
        assert file.bytes_read == 15


def test_long_runs(path):
    data = os.urandom(30_000)
    path.write_bytes(data)
    with LocalFile(path) as file:
        buffer = bytearray(10_000)
        file.read_runs([20_000, 7], 5_000, memoryview(buffer))
        assert buffer == data[20_000:25_000] + data[7:5_007]


@pytest.mark.parametrize(
    "read",
    [
        lambda file: file.pread(198, 4),
        lambda file: file.read_into(198, memoryview(bytearray(4))),
        lambda file: file.read_runs([0, 198], 4, memoryview(bytearray(8))),
    ],
)
def test_reading_past_the_end(path, read):
    with LocalFile(path) as file:
        with pytest.raises(TruncatedError) as caught:
            read(file)
        text = str(caught.value)
        assert "data.bin:byte 198" in text
        assert "ends at byte 200" in text
        assert "4 bytes, up to byte 202" in text


@pytest.mark.parametrize("length", [4, 8000])
@pytest.mark.parametrize("how", ["pread", "read_into", "read_runs"])
def test_truncated_while_open(path, how, length):
    path.write_bytes(bytes(10_000))
    file = LocalFile(path)
    os.truncate(path, 100)
    buffer = memoryview(bytearray(length))
    arguments = {
        "pread": (98, length),
        "read_into": (98, buffer),
        "read_runs": ([98], length, buffer),
    }
    with pytest.raises(TruncatedError, match="the file ends at byte"):
        getattr(file, how)(*arguments[how])
    with pytest.raises(TruncatedError, match="changed while it was read"):
        file.close()
    file.close()


def test_changed_while_open(path):
    file = LocalFile(path)
    with path.open("ab") as out:
        out.write(b"x")
    assert file.pread(0, 1)
    with pytest.raises(LayoutError, match="unmodified since"):
        file.close()
    with LocalFile(path) as file:
        os.utime(path, ns=(1, 1))
        with pytest.raises(LayoutError, match="changed while it was read"):
            file.check_unchanged()
        file.close(verify=False)


def fail_inside(path):
    with LocalFile(path):
        os.truncate(path, 1)
        raise KeyError


def test_an_error_inside_is_not_hidden_by_a_change(path):
    with pytest.raises(KeyError):
        fail_inside(path)


def test_read_after_close(path):
    with LocalFile(path) as file:
        pass
    with pytest.raises(UnreadableError, match="after it was closed"):
        file.pread(0, 1)


def test_system_errors_are_translated(path, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error")

    with LocalFile(path) as file:
        monkeypatch.setattr(local.os, "pread", broken)
        with pytest.raises(UnreadableError, match="Input/output error"):
            file.pread(0, 1)


def test_threads_share_a_file(path):
    with LocalFile(path) as file:

        def work():
            for i in range(200):
                assert file.pread(i, 1) == bytes([i])

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert file.bytes_read == 1600


def test_special_files_are_refused(tmp_path):
    fifo = tmp_path / "model.safetensors"
    os.mkfifo(fifo)
    with pytest.raises(UnreadableError, match="is a named pipe; expected a regular"):
        open_checkpoint(fifo)
    with pytest.raises(UnreadableError, match="is a folder"):
        LocalFile(tmp_path)
    with pytest.raises(UnreadableError, match="is a character device"):
        LocalFile(local.Path("/dev/zero"))


def test_missing_and_forbidden(path, monkeypatch):
    with pytest.raises(UnreadableError, match="No such file"):
        LocalFile(path.with_name("none"))

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(local.os, "open", forbidden)
    with pytest.raises(UnreadableError, match="Permission denied"):
        LocalFile(path)


def test_links_out_of_the_root(path, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"x")
    root = path.parent
    for name, target in {
        "relative": "../secret",
        "absolute": secret,
        "dangling": "../nothing",
        "chained": "relative",
    }.items():
        (root / name).symlink_to(target)
        with pytest.raises(UnsafePathError, match="leads out of the model's folder"):
            LocalFile(root / name, root=root)
    (root / "out").symlink_to("..")
    for inner in ("out/secret", "../secret"):
        with pytest.raises(UnsafePathError, match="path inside"):
            LocalFile(root / inner, root=root)


def test_links_in_circles(path):
    (path.parent / "a").symlink_to("b")
    (path.parent / "b").symlink_to("a")
    with pytest.raises(UnreadableError):
        LocalFile(path.parent / "a")


def test_unusable_name(path):
    with pytest.raises(UnsafePathError, match="not a usable path"):
        LocalFile(path.parent / "a\0b")


def test_links_inside_are_followed(path):
    (path.parent / "link").symlink_to("data.bin")
    with LocalFile(path.parent / "link") as file:
        assert file.size == 200


def test_hub_cache(tmp_path):
    repo = tmp_path / "models--org--name"
    snapshot = repo / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (repo / "blobs").mkdir()
    (repo / "blobs" / "123").write_bytes(b"weights")
    (repo / "refs").write_bytes(b"other")
    (snapshot / "good").symlink_to("../../blobs/123")
    (snapshot / "bad").symlink_to("../../refs")
    with LocalFile(snapshot / "good") as file:
        assert file.pread(0, 7) == b"weights"
    with pytest.raises(UnsafePathError):
        LocalFile(snapshot / "bad")
