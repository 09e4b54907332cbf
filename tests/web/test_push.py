# SPDX-License-Identifier: Apache-2.0
"""``parentage push`` against a portal that really listens."""

import json
import threading

import pytest
import uvicorn

from parentage.cli.main import main


@pytest.fixture
def listening(seeded):
    config = uvicorn.Config(seeded.app, port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        pass
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def token(seeded, monkeypatch):
    made = seeded.client("verifier").post(
        "/api/v1/me/tokens", json={"name": "t", "scopes": ["submit"]}
    )
    monkeypatch.setenv("PARENTAGE_TOKEN", made.json()["token"])


def test_report_arrives_byte_by_byte(
    seeded, listening, token, report_bytes, tmp_path, capsys
):
    file = tmp_path / "report.json"
    file.write_bytes(report_bytes["cured"])
    words = ["push", str(file), "--to", listening, "--model", "1"]
    assert main([*words, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    stored = seeded.client().get(f"/api/v1/reports/{row['id']}/file").content
    assert stored == report_bytes["cured"]
    assert main(words) == 4
    assert "stored already" in capsys.readouterr().err


def test_fingerprint_arrives(seeded, listening, token, paths, tmp_path, capsys):
    file = tmp_path / "f.fingerprint"
    assert main(["fingerprint", paths["vlm-frozen"], "-o", str(file)]) == 0
    capsys.readouterr()
    words = ["push", str(file), "--to", listening]
    assert main(words) == 2
    assert main([*words, "--version", "1", "--json"]) == 0
    row = json.loads(capsys.readouterr().out.split("\n", 0)[-1])
    assert row["model_id"] == 1
    client = seeded.client("verifier")
    again = client.get(f"/api/v1/fingerprints/{row['digest']}/file").content
    assert again == file.read_bytes()
    found = client.post("/api/v1/screen", content=file.read_bytes())
    assert found.status_code == 200, found.text
    assert found.json()["known_as"] == "vlm-frozen"
    names = client.get("/api/v1/search?query=frozen").json()["fingerprints"]
    assert [one["digest"] for one in names] == [row["digest"]]


@pytest.mark.parametrize("url", ["ftp://x", "x", "http://portal.example"])
def test_token_goes_nowhere_unsafe(token, report_bytes, tmp_path, url):
    file = tmp_path / "report.json"
    file.write_bytes(report_bytes["cured"])
    assert main(["push", str(file), "--to", url]) == 2


def test_what_is_no_portal_and_no_report(listening, token, report_bytes, tmp_path):
    file = tmp_path / "report.json"
    file.write_text("{}")
    assert main(["push", str(file), "--to", listening]) == 4
    file.write_bytes(report_bytes["cured"])
    assert main(["push", str(file), "--to", "http://127.0.0.1:9"]) == 4


def test_no_token_no_push(monkeypatch, report_bytes, tmp_path):
    monkeypatch.delenv("PARENTAGE_TOKEN", raising=False)
    file = tmp_path / "report.json"
    file.write_bytes(report_bytes["cured"])
    assert main(["push", str(file), "--to", "http://127.0.0.1:9"]) == 2
