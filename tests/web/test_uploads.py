# SPDX-License-Identifier: Apache-2.0
"""Uploads and references are hostile: each ends in one clear refusal."""

import base64
import json
import socket

import pytest

from parentage.artifact.source import client as sources
from parentage.errors import RefusedError, UnreachableError
from parentage.web.security import network
from parentage.web.security.references import checked_reference
from parentage.web.settings import Settings

HOSTILE = {
    "empty": b"",
    "no JSON": b"\x00\x01\x02",
    "list": b"[]",
    "other schema": b'{"schema": "parentage.report/2"}',
    "deep": b"[" * 200_000,
    "deep object": b'{"a":' * 100_000,
    "not UTF-8": b'{"schema": "\xff"}',
    "lone surrogate": b'{"schema": "parentage.report/1", "headline": "\\ud800"}',
    "pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "zip": b"PK\x03\x04" + b"\x00" * 100,
    "huge number": b'{"schema": ' + b"9" * 100_000 + b"}",
    "NaN": b'{"schema": "parentage.report/1", "seconds": NaN}',
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "where", ["reports?model=1", "fingerprints?version=1", "screen"]
)
def test_hostile_bytes_are_refused(seeded, name, where):
    answer = seeded.client("verifier").post(f"/api/v1/{where}", content=HOSTILE[name])
    assert answer.status_code in {400, 422}, answer.text
    assert "/tmp" not in answer.text


def damaged(content, change):
    data = json.loads(content)
    change(data)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(extra="x"),
        lambda d: d.pop("modules"),
        lambda d: d["modules"][0].update(finding="stolen"),
        lambda d: d["candidate"].update(parameters="many"),
        lambda d: d.update(coverage="<script>"),
    ],
)
def test_reports_that_break_the_schema_are_refused(seeded, report_bytes, change):
    content = damaged(report_bytes["cured"], change)
    answer = seeded.client("verifier").post("/api/v1/reports?model=1", content=content)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "report"


def test_text_of_a_report_is_shown_as_text(seeded, report_bytes):
    def change(data):
        data["headline"] = "<script>alert(1)</script>"
        data["candidate"]["name"] = "<img src=x onerror=alert(1)>"

    content = damaged(report_bytes["cured"], change)
    client = seeded.client("verifier")
    row = client.post("/api/v1/reports?model=1", content=content).json()
    for path in ("/", f"/reports/{row['id']}", "/reports", "/models/1"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_bytes_are_kept_exactly_and_twice_is_once(seeded, report_bytes):
    client = seeded.client("verifier")
    row = client.post("/api/v1/reports?model=1", content=report_bytes["cured"])
    assert row.status_code == 201
    file = client.get(f"/api/v1/reports/{row.json()['id']}/file")
    assert file.content == report_bytes["cured"]
    assert file.headers["etag"] == f'"{row.json()["digest"]}"'
    again = client.post("/api/v1/reports?model=1", content=report_bytes["cured"])
    assert again.status_code == 409


def test_too_large_ends_before_it_is_read(settings, seeded):
    small = settings.model_copy(update={"max_upload": 1000})
    from fastapi.testclient import TestClient

    from parentage.web.app import create_app

    client = TestClient(create_app(small, seeded.engine))
    said = client.post("/api/v1/reports", content=b"x" * 1001)
    assert said.status_code == 413

    def chunks():
        for _ in range(100):
            yield b"x" * 100

    assert client.post("/api/v1/reports", content=chunks()).status_code == 413


@pytest.mark.parametrize(
    "name", ["../x.yaml", "x/../../y.yaml", ".yaml", "a.py", "a\x00.csv"]
)
def test_names_of_files_lead_nowhere(seeded, name):
    body = {
        "model_id": seeded.ids["model"],
        "title": "t",
        "statement": "s",
        "claim": base64.b64encode(b"x: 1").decode(),
        "claim_name": name,
    }
    client = seeded.client("challenger")
    assert client.post("/api/v1/challenges", json=body).status_code == 422
    body["claim_name"] = "claim.yaml"
    body["tables"] = {name: body["claim"]}
    assert client.post("/api/v1/challenges", json=body).status_code == 422


@pytest.mark.parametrize(
    "claim",
    [
        b"a: &a [*a]",
        b"!!python/object/apply:os.system ['id']",
        b"tables: {t: {path: /etc/passwd}}",
        b"\xff\xfe",
        b"x" * 3_000_000,
        b"{" * 50_000,
    ],
)
def test_hostile_claims_are_refused(seeded, claim):
    body = {
        "model_id": seeded.ids["model"],
        "title": "t",
        "statement": "s",
        "claim": base64.b64encode(claim).decode(),
    }
    answer = seeded.client("challenger").post("/api/v1/challenges", json=body)
    assert answer.status_code == 422, answer.text


# ---- references and connections


@pytest.mark.parametrize(
    "text",
    [
        "/etc/passwd",
        "../x/model",
        "~/model",
        "file:///etc/passwd",
        "ftp://host/x",
        "s3://bucket/x",
        "http://example.org/model",
        "https://user:secret@example.org/model",
        "org/name+/etc/passwd",
        "a\nb",
        "",
        "x" * 2000,
    ],
)
def test_references_that_are_not_read(text):
    with pytest.raises(RefusedError):
        checked_reference(text, Settings())


@pytest.mark.parametrize(
    "text", ["org/name", "hf://org/name@main", "https://example.org/model/"]
)
def test_references_that_are_read(text):
    assert checked_reference(text, Settings()) == text


def test_paths_stay_below_the_opened_folder(tmp_path):
    root = tmp_path / "open"
    (root / "model").mkdir(parents=True)
    (root / "way").symlink_to("/etc")
    settings = Settings(local_roots=(root,))
    assert checked_reference(str(root / "model"), settings)
    for text in (str(root / ".." / "x"), str(root / "way" / "passwd"), str(tmp_path)):
        with pytest.raises(RefusedError):
            checked_reference(text, settings)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::1", "fe80::1", "fc00::1", "ff02::1", "::", "::ffff:127.0.0.1"),
        *(
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::7f00:1",
            "2001:db8::1",
            "fe80::1%eth0",
        ),
        "no address",
    ],
)
def test_addresses_that_are_not_public(address):
    assert not network.public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111"])
def test_addresses_that_are_public(address):
    assert network.public(address)


def resolving(monkeypatch, answers):
    """Names mean what a test says; each look takes the next answer."""

    def look(host, port, *_, **__):
        if host not in answers:
            raise socket.gaierror("unknown")
        found = answers[host]
        address = found.pop(0) if len(found) > 1 else found[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(network.socket, "getaddrinfo", look)


def test_names_that_mean_private_addresses_are_refused(monkeypatch):
    resolving(monkeypatch, {"inside.example": ["10.1.2.3"]})
    with pytest.raises(RefusedError, match="not public"):
        network.addresses_of("inside.example", 443, Settings())
    with pytest.raises(UnreachableError):
        network.addresses_of("nothing.example", 443, Settings())
    listed = Settings(fetch_hosts=("inside.example:443",))
    assert network.addresses_of("inside.example", 443, listed) == ["10.1.2.3"]
    with pytest.raises(RefusedError):
        network.addresses_of("inside.example", 80, listed)


@pytest.fixture
def local_server():
    """A server on the loopback address that redirects to itself, and counts."""
    import http.server
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        seen = []  # noqa: RUF012 - one for the server

        def do_GET(self):
            self.seen.append(self.path)
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.1:{port}/inside")
            else:
                self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - the library calls it so

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield port, Handler.seen
    server.shutdown()
    server.server_close()
    Handler.seen.clear()


def test_no_connection_reaches_a_private_address(local_server):
    port, seen = local_server
    with network.make_client(Settings()) as client:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
            with pytest.raises((RefusedError, UnreachableError)):
                client.get(f"http://{host}:{port}/")
    assert seen == []


def test_redirects_to_private_addresses_end_there(local_server):
    """The first host is listed by its name; where it redirects to is not."""
    port, seen = local_server
    settings = Settings(fetch_hosts=(f"localhost:{port}",))
    with network.make_client(settings) as client:
        client.follow_redirects = True
        with pytest.raises(RefusedError):
            client.get(f"http://localhost:{port}/away")
    assert seen == ["/away"]


def test_names_that_change_their_meaning_are_connected_where_they_were_looked_at(
    monkeypatch, local_server
):
    """The address that was looked at is the one that is connected to."""
    port, seen = local_server
    resolving(monkeypatch, {"twice.example": ["192.0.2.1", "127.0.0.1"]})
    with network.make_client(Settings()) as client, pytest.raises(RefusedError):
        client.get(f"http://twice.example:{port}/")
    assert seen == []


def test_the_hubs_library_and_other_servers_are_both_guarded(local_server):
    from huggingface_hub.utils import get_session

    port, seen = local_server
    network.guard(Settings())
    try:
        for client in (sources.web_client(), sources.hub_client(), get_session()):
            request = client.build_request(
                "GET", f"http://127.0.0.1:{port}/", timeout=5
            )
            with pytest.raises(RefusedError):
                client.send(request, stream=True, follow_redirects=False)
    finally:
        sources.use_clients(None)
    assert seen == []


def test_audit_of_a_private_address_fails_and_says_so(seeded, paths, local_server):
    port, seen = local_server
    client = seeded.client("verifier")
    version = client.post(
        "/api/v1/models/1/versions",
        json={"label": "path", "reference": paths["vlm-frozen"]},
    ).json()["id"]
    body = {"version_id": version, "against": [f"https://localhost:{port}/model/"]}
    job = client.post("/api/v1/audits", json=body).json()["id"]
    seeded.work()
    sources.use_clients(None)
    found = client.get(f"/api/v1/jobs/{job}").json()
    assert found["state"] == "failed"
    assert "not public" in found["error"]["message"]
    assert seen == []
