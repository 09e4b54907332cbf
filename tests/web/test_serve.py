# SPDX-License-Identifier: Apache-2.0
"""``parentage serve`` starts a server and a worker, and ends both."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from parentage.cli.main import main


def children(pid):
    """Processes that any thread of a process has started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for file in lists for word in file.read_text().split()]


def test_server_and_worker_start_and_end_together(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [sys.executable, "-m", "parentage.cli.main", "serve", "--json"]
    line += ["--data", str(tmp_path), "--port", str(port)]
    process = subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)
    )
    try:
        said = json.loads(process.stdout.readline())
        assert said == {"url": f"http://127.0.0.1:{port}"}
        for _ in range(300):
            try:
                with urllib.request.urlopen(said["url"] + "/ready") as answer:
                    assert answer.status == 200
                break
            except OSError:
                time.sleep(0.1)
        workers = children(process.pid)
        assert len(workers) == 1
        assert b"ready" in process.stderr.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=40)
    assert process.returncode == 0
    for worker in workers:
        assert not Path(f"/proc/{worker}").exists()


def test_account_is_made_and_made_again(tmp_path, monkeypatch, capsys):
    import io

    words = ["portal", "account", "boss", "--data", str(tmp_path), "--json"]
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["role"] == "administrator"
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert main(words) == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("another horse battery\n"))
    assert main([*words, "--reset"]) == 0
    assert main(["portal", "upgrade", "--data", str(tmp_path), "--json"]) == 0
    assert '"after": "0002"' in capsys.readouterr().out
