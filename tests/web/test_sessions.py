# SPDX-License-Identifier: Apache-2.0
"""Sign-in, sessions, second factors, forms, tokens, limits, headers."""

import re
import time

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from parentage.errors import SignInError, TooOftenError
from parentage.web.app import create_app
from parentage.web.permissions import Actor
from parentage.web.security import passwords, sessions, totp
from parentage.web.services import accounts
from parentage.web.tables import Account, SignIn, Token

PASSWORD = "correct horse battery"


def sign_in(seeded, name="verifier", password=PASSWORD, address="1.2.3.4", **more):
    settings = seeded.settings.model_copy(update=more)
    with seeded.db() as db:
        return sessions.sign_in(
            db, settings, name=name, password=password, address=address
        )


def who(seeded, cookie, **more):
    settings = seeded.settings.model_copy(update=more)
    with seeded.db() as db:
        return sessions.actor_by_cookie(db, settings, cookie, "1.2.3.4").name


def test_password_is_argon2_and_nothing_else_is_kept(seeded):
    with seeded.db() as db:
        row = db.scalar(select(Account).where(Account.name == "verifier"))
    assert row.password.startswith("$argon2id$")
    assert PASSWORD not in row.password


def test_production_cost_of_passwords():
    from argon2 import PasswordHasher

    real = PasswordHasher()
    assert real.memory_cost >= 19 * 1024  # OWASP's least for argon2id
    assert real.time_cost >= 2


def test_short_passwords_are_refused():
    with pytest.raises(Exception, match="characters"):
        passwords.hashed("short")


@pytest.mark.parametrize("name", ["verifier", "nobody", "", "x" * 500, "a'; DROP"])
def test_wrong_names_and_passwords_are_one_answer(seeded, name):
    with pytest.raises(SignInError, match="name or password are wrong"):
        sign_in(seeded, name, "wrong password")


def test_failures_are_limited_by_name_and_by_address(seeded):
    for n in range(3):
        with pytest.raises(SignInError):
            sign_in(seeded, password="wrong", address=f"9.9.9.{n}", sign_in_attempts=3)
    with pytest.raises(TooOftenError):
        sign_in(seeded, sign_in_attempts=3)
    for n in range(12):
        with pytest.raises(SignInError):
            sign_in(seeded, f"user{n}", "wrong", "7.7.7.7", sign_in_attempts=3)
    with pytest.raises(SignInError):
        sign_in(seeded, "other1", "wrong", "8.8.8.8", sign_in_attempts=3)
    for n in range(3):
        with pytest.raises((SignInError, TooOftenError)):
            sign_in(seeded, f"more{n}", "wrong", "7.7.7.7", sign_in_attempts=3)
    with pytest.raises(TooOftenError):
        sign_in(seeded, "submitter", address="7.7.7.7", sign_in_attempts=3)


def test_cookie_is_kept_as_a_digest_and_ends(seeded):
    started = sign_in(seeded)
    with seeded.db() as db:
        row = db.scalar(select(SignIn))
        assert started.cookie not in (row.digest, row.expires)
    assert who(seeded, started.cookie) == "verifier"
    assert who(seeded, started.cookie + "x") == "public"
    with seeded.db() as db:
        db.execute(text("UPDATE portal_sessions SET seen = '2020'"))
        db.commit()
    assert who(seeded, started.cookie) == "public"


def test_session_ends_by_its_time_by_sign_out_and_by_changes(seeded):
    root = seeded.actors["administrator"]
    for end in (
        lambda db: db.execute(text("UPDATE portal_sessions SET expires = '2020'")),
        lambda db: accounts.change_account(
            db, root, seeded.ids["verifier"], display="Other"
        ),
        lambda db: accounts.change_account(
            db, root, seeded.ids["verifier"], active=True, role="verifier"
        ),
    ):
        started = sign_in(seeded)
        assert who(seeded, started.cookie) == "verifier"
        with seeded.db() as db:
            end(db)
            db.commit()
        assert who(seeded, started.cookie) == "public"


def test_switched_off_account_is_out_at_once(seeded):
    started = sign_in(seeded)
    with seeded.db() as db:
        db.execute(text("UPDATE portal_accounts SET active = 0 WHERE name='verifier'"))
        db.commit()
    assert who(seeded, started.cookie) == "public"
    with pytest.raises(SignInError):
        sign_in(seeded)


@pytest.fixture
def second(seeded):
    """The verifier with a second factor; gives its secret."""
    secret = totp.new_secret()
    actor = seeded.actors["verifier"]
    with seeded.db() as db:
        accounts.set_totp(
            db,
            actor,
            secret_text=secret,
            code=pyotp.TOTP(secret).now(),
            password=PASSWORD,
        )
    return secret


def complete(seeded, cookie, code):
    with seeded.db() as db:
        return sessions.second_factor(
            db, seeded.settings, cookie=cookie, code=code, address="1.2.3.4"
        )


def test_second_factor_is_asked_for_and_each_code_counts_once(seeded, second):
    started = sign_in(seeded)
    assert started.second_factor
    assert who(seeded, started.cookie) == "public"
    for code in ("000000", "", "abc", pyotp.TOTP(second).now()):  # the last was used
        with pytest.raises(SignInError):
            complete(seeded, started.cookie, code)
    later = pyotp.TOTP(second).at(time.time() + 30)
    done = complete(seeded, started.cookie, later)
    assert done.cookie != started.cookie
    assert who(seeded, done.cookie) == "verifier"
    again = sign_in(seeded)
    with pytest.raises(SignInError):
        complete(seeded, again.cookie, later)


def test_codes_cannot_be_guessed(seeded, second):
    started = sign_in(seeded)
    for _ in range(seeded.settings.sign_in_attempts):
        with pytest.raises(SignInError):
            complete(seeded, started.cookie, "000000")
    with pytest.raises(TooOftenError):
        complete(seeded, started.cookie, pyotp.TOTP(second).at(time.time() + 30))


def test_forms_of_other_sites_are_not_taken(seeded):
    client = seeded.client("verifier")
    body = {"name": "t", "scopes": ["read"]}
    url = "/api/v1/me/tokens"
    token = client.headers.pop("X-CSRF-Token")
    assert client.post(url, json=body).status_code == 403
    for headers in (
        {"X-CSRF-Token": "x"},
        {"X-CSRF-Token": token, "Origin": "https://evil.example"},
        {"X-CSRF-Token": token, "Origin": "null"},
        {"X-CSRF-Token": token, "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-site"},
    ):
        assert client.post(url, json=body, headers=headers).status_code == 403
    mine = {"X-CSRF-Token": token, "Origin": "http://127.0.0.1:8000"}
    assert client.post(url, json=body, headers=mine).status_code == 201


def test_sign_in_form_of_another_site_is_not_taken(seeded):
    answer = seeded.client().post(
        "/sign-in", data={"name": "verifier", "password": PASSWORD}
    )
    assert answer.status_code == 403
    assert (
        "set-cookie" not in answer.headers
        or "parentage=" not in (answer.headers["set-cookie"])
    )


def test_cookies_and_headers_over_https(seeded):
    secure = seeded.settings.model_copy(update={"base_url": "https://portal.example"})
    client = TestClient(create_app(secure, seeded.engine), base_url=secure.base_url)
    page = client.get("/sign-in")
    csrf = re.search(r'name="csrf"\s+value="([^"]+)"', page.text).group(1)
    answer = client.post(
        "/sign-in",
        data={"name": "verifier", "password": PASSWORD, "csrf": csrf},
        follow_redirects=False,
    )
    cookie = next(
        value
        for value in answer.headers.get_list("set-cookie")
        if value.startswith("__Host-parentage=")
    )
    for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"]
    policy = page.headers["content-security-policy"]
    scripts = next(p for p in policy.split("; ") if p.startswith("script-src"))
    assert scripts == "script-src 'self'"
    assert "default-src 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"


def test_tokens_are_kept_as_digests_expire_and_are_revoked(seeded):
    client = seeded.client("verifier")
    made = client.post(
        "/api/v1/me/tokens", json={"name": "t", "scopes": ["read", "submit"]}
    ).json()
    program = TestClient(seeded.app, base_url="http://127.0.0.1:8000")
    program.headers["Authorization"] = f"Bearer {made['token']}"
    me = program.get("/api/v1/me").json()
    assert me["account"]["name"] == "verifier"
    assert "audit.run" not in me["can"]
    with seeded.db() as db:
        row = db.scalar(select(Token))
        assert made["token"] not in row.digest
        row.expires = "2020"
        db.commit()
    assert program.get("/api/v1/me").status_code == 401
    with seeded.db() as db:
        db.execute(text("UPDATE portal_tokens SET expires = '2099'"))
        db.commit()
    assert program.get("/api/v1/me").status_code == 200
    client.delete(f"/api/v1/me/tokens/{made['view']['id']}")
    assert program.get("/api/v1/me").status_code == 401


def test_everything_that_changes_something_is_in_the_log(seeded):
    client = seeded.client("administrator")
    client.post("/api/v1/organisations", json={"slug": "x", "name": "X"})
    rows = client.get("/api/v1/log?act=organisation.create").json()["items"]
    assert rows[0]["actor"] == "administrator"
    with pytest.raises(SignInError):
        sign_in(seeded, password="wrong password")
    failed = client.get("/api/v1/log?act=sign-in.failed").json()["items"]
    assert failed[0]["address"] == "1.2.3.4"
    assert "wrong password" not in str(failed)


def test_requests_of_one_address_are_limited(seeded):
    few = seeded.settings.model_copy(update={"requests_per_minute": 5})
    client = TestClient(create_app(few, seeded.engine))
    said = [client.get("/health").status_code for _ in range(8)]
    assert said == [200] * 5 + [429] * 3


@pytest.mark.parametrize(
    ("trusted", "head", "address"),
    [
        (0, "6.6.6.6", "testclient"),
        (1, "6.6.6.6, 5.5.5.5", "5.5.5.5"),
        (2, "6.6.6.6, 5.5.5.5", "6.6.6.6"),
        (2, "5.5.5.5", "testclient"),
    ],
)
def test_proxies_are_believed_as_far_as_they_are_ours(trusted, head, address):
    from types import SimpleNamespace

    from starlette.requests import Request

    from parentage.web.asking import address_of
    from parentage.web.settings import Settings

    scope = {
        "type": "http",
        "headers": [(b"x-forwarded-for", head.encode())],
        "client": ("testclient", 1),
        "app": SimpleNamespace(
            state=SimpleNamespace(
                portal=SimpleNamespace(settings=Settings(trusted_proxies=trusted))
            )
        ),
    }
    assert address_of(Request(scope)) == address


def test_nobody_takes_away_their_own_role(seeded):
    from parentage.errors import ConflictError

    root = seeded.actors["administrator"]
    with seeded.db() as db, pytest.raises(ConflictError):
        accounts.change_account(db, root, root.account, role="panel")


def test_parties_do_not_decide_their_own_case(seeded):
    from parentage.errors import ForbiddenError
    from parentage.web.services import challenges

    party = Actor(
        account=seeded.ids["verifier"],
        name="verifier",
        role="verifier",
        organisation=seeded.ids["organisation"],
    )
    with seeded.db() as db, pytest.raises(ForbiddenError):
        challenges.decide(
            db, party, seeded.ids["challenge"], decision="dismissed", reasons="no"
        )
