# SPDX-License-Identifier: Apache-2.0
"""Audits that are killed, or run into a full disk, end as if nothing had happened."""

import errno
import multiprocessing
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from parentage.artifact.store import Store
from parentage.cli.main import main
from parentage.run.audit import audit
from parentage.run.cache import Cache

ZOO = Path(__file__).parents[2] / "zoo" / "models"
PATHS = (ZOO / "decoder-a-finetuned", [ZOO / "decoder-a", ZOO / "decoder-b"])
OPTIONS = {"budget": 150_000, "undo_budget": 100_000, "descent_budget": 60_000}


def _run(root):
    audit(*PATHS, **OPTIONS, cache=Cache(Store(root)))


@pytest.mark.slow
def test_killed_at_twenty_random_moments(text, tmp_path):
    """SIGKILL, and the same line again: the same report, and less left to make.

    Ten kills hit one cache that fills up between them, ten hit an empty one.
    """
    started = time.monotonic()
    undisturbed = text(audit(*PATHS, **OPTIONS))
    lasts = time.monotonic() - started
    rng = np.random.default_rng(20)
    context = multiprocessing.get_context("fork")
    killed = 0
    for number, moment in enumerate(rng.uniform(0.02, 0.98, 20)):
        root = tmp_path / ("same" if number < 10 else str(number))
        child = context.Process(target=_run, args=(root,))
        child.start()
        child.join(moment * lasts)
        if child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
        child.join()
        killed += child.exitcode == -signal.SIGKILL
        store = Store(root)
        whole, broken = store.verify()
        assert broken == []
        made = []
        cache = Cache(store, lambda name, kept: made.append(kept))  # noqa: B023
        assert text(audit(*PATHS, **OPTIONS, cache=cache)) == undisturbed
        # Whatever was written before the kill was used.
        assert store.hits >= whole - 1
    assert killed >= 5  # a busy machine may finish some audits before their moment


def test_a_disk_that_fills_up_in_the_middle(text, tmp_path, monkeypatch):
    undisturbed = text(audit(*PATHS, **OPTIONS))
    real = tempfile.NamedTemporaryFile
    left = [3]

    def filling(*args, **kwargs):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        return real(*args, **kwargs)

    store = Store(tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "NamedTemporaryFile", filling)
        assert text(audit(*PATHS, **OPTIONS, cache=Cache(store))) == undisturbed
    assert store.trouble == os.strerror(errno.ENOSPC)
    # With room again, what was kept is used and the rest is made.
    store = Store(tmp_path / "cache")
    assert text(audit(*PATHS, **OPTIONS, cache=Cache(store))) == undisturbed
    assert store.hits == 3


def test_the_command_says_so_in_one_line_and_goes_on(
    text, tmp_path, monkeypatch, capsys
):
    """The cache's folder lies in a file: no kind of system lets it be made there."""
    (tmp_path / "file").write_text("")
    line = ["audit", str(ZOO / "decoder-b"), "--against", str(ZOO / "decoder-a")]
    line += ["--budget", "200kB", "--undo-budget", "0"]
    assert main(line) == 0
    plain = capsys.readouterr()
    assert plain.err == ""
    monkeypatch.setenv("PARENTAGE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert main(line) == 0
    warned = capsys.readouterr()
    assert warned.out == plain.out
    (warning,) = warned.err.splitlines()
    assert warning.startswith("parentage: warning: nothing was kept for later runs: ")
    assert main([*line, "--no-cache"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.services
def test_a_real_disk_of_four_kilobytes(text, tmp_path):
    """A tiny file system in memory, where this process may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k,mode=700", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a file system")
    try:
        store = Store(disk / "cache")
        plain = text(audit(*PATHS, **OPTIONS))
        assert text(audit(*PATHS, **OPTIONS, cache=Cache(store))) == plain
        assert store.trouble == os.strerror(errno.ENOSPC)
        assert not list(store.root.glob("half-*"))
        assert store.verify()[1] == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
