# SPDX-License-Identifier: Apache-2.0
"""Sign-in at a provider of one's own, spoken to by the real client library."""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select

from parentage.web.app import create_app
from parentage.web.tables import Account

CLIENT, SECRET = "portal", "the client's secret"


class Provider:
    """A provider that signs in whoever comes; ``spoil`` makes it lie."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.spoil = {}
        self.codes = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, data, status=200):
                body = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path == "/.well-known/openid-configuration":
                    self.answer(
                        {
                            "issuer": provider.spoil.get("name", provider.issuer),
                            "authorization_endpoint": f"{provider.issuer}/authorize",
                            "token_endpoint": f"{provider.issuer}/token",
                            "jwks_uri": f"{provider.issuer}/keys",
                        }
                    )
                elif self.path == "/keys":
                    self.answer({"keys": [provider.key.as_dict(private=False)]})
                else:
                    self.answer({}, 404)

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                form = parse_qs(self.rfile.read(length).decode())
                given = self.headers.get("Authorization", "")
                basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
                asked = provider.codes.pop(form["code"][0], None)
                if asked is None or given != f"Basic {basic}":
                    self.answer({"error": "invalid_grant"}, 400)
                    return
                made = hashlib.sha256(form["code_verifier"][0].encode()).digest()
                challenge = base64.urlsafe_b64encode(made).rstrip(b"=").decode()
                if challenge != asked["code_challenge"]:
                    self.answer({"error": "invalid_grant"}, 400)
                    return
                self.answer(
                    {
                        "access_token": "a",
                        "token_type": "Bearer",
                        "id_token": provider.id_token(asked),
                    }
                )

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def id_token(self, asked):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "subject-1",
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "preferred_username": "Hong Gildong",
            "name": "홍길동",
            "email": "hong@example.org",
            "email_verified": True,
            **self.spoil.get("claims", {}),
        }
        key = self.spoil.get("key", self.key)
        header = {"alg": "RS256", "kid": "one", **self.spoil.get("header", {})}
        return jwt.encode(header, claims, key)

    def authorise(self, url):
        """What the provider's page does: sends the browser back with a code."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return f"{asked['redirect_uri']}?{back}"


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def client(seeded, provider):
    settings = seeded.settings.model_copy(
        update={
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
        }
    )
    app = create_app(settings, seeded.engine)
    return TestClient(app, base_url=settings.base_url, follow_redirects=False)


def through(client, provider, path="/"):
    """Away and back; the portal's last answer."""
    away = client.get("/sign-in/oidc", params={"next": path})
    assert away.status_code == 303, away.text
    back = provider.authorise(away.headers["location"])
    return client.get(back.removeprefix("http://127.0.0.1:8000"))


def switch_on(seeded, role="verifier"):
    with seeded.db() as db:
        row = db.scalar(select(Account).where(Account.oidc_subject == "subject-1"))
        row.active, row.role = True, role
        db.commit()
        return row.name


def test_newcomer_waits_for_a_role_and_then_signs_in(seeded, client, provider):
    assert through(client, provider).status_code == 403
    name = switch_on(seeded)
    assert name == "hong-gildong"
    answer = through(client, provider, "/models/1")
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/models/1"
    me = client.get("/api/v1/me").json()
    assert (me["account"]["name"], me["role"]) == ("hong-gildong", "verifier")


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "/\n"]
)
def test_way_back_leads_nowhere_else(seeded, client, provider, path):
    through(client, provider)
    switch_on(seeded)
    assert through(client, provider, path).headers["location"] == "/"


@pytest.mark.parametrize(
    "spoil",
    [
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"aud": "somebody"}},
        {"claims": {"exp": 1}},
        {"claims": {"nonce": "another"}},
        {"key": RSAKey.generate_key(2048, parameters={"kid": "one"})},
        {"name": "https://evil.example"},
    ],
)
def test_answers_that_do_not_count(seeded, client, provider, spoil):
    through(client, provider)
    switch_on(seeded)
    from parentage.web.security import oidc_routes

    oidc_routes.provider_of.cache_clear()
    provider.spoil = spoil
    away = client.get("/sign-in/oidc")
    if away.status_code == 303:
        back = provider.authorise(away.headers["location"])
        answer = client.get(back.removeprefix("http://127.0.0.1:8000"))
        assert answer.status_code == 401
    else:
        assert away.status_code == 401
    assert client.get("/api/v1/me").json()["role"] == "public"


def test_way_back_belongs_to_the_browser_that_left(seeded, client, provider):
    through(client, provider)
    switch_on(seeded)
    back = provider.authorise(client.get("/sign-in/oidc").headers["location"])
    other = TestClient(client.app, base_url="http://127.0.0.1:8000")
    path = back.removeprefix("http://127.0.0.1:8000")
    assert other.get(path, follow_redirects=False).status_code == 401
    wrong = path.replace("state=", "state=x")
    assert client.get(wrong).status_code == 401


def test_without_a_provider_there_is_no_way(seeded):
    assert seeded.client().get("/sign-in/oidc").status_code == 401
