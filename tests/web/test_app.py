# SPDX-License-Identifier: Apache-2.0
"""The app answers: pages, health, numbers, errors; somebody signs in by the form."""

import re

PASSWORD = "correct horse battery"


def test_home_and_sign_in_by_the_form(seeded):
    browser = seeded.client()
    page = browser.get("/")
    assert page.status_code == 200
    assert "vlm-frozen" in page.text
    assert browser.get("/api/v1/me").json()["role"] == "public"
    form = browser.get("/sign-in").text
    csrf = re.search(r'name="csrf"\s+value="([^"]+)"', form).group(1)
    given = {"name": "verifier", "password": PASSWORD, "csrf": csrf}
    wrong = browser.post("/sign-in", data={**given, "password": "x" * 12})
    assert wrong.status_code == 401
    answer = browser.post("/sign-in", data=given, follow_redirects=False)
    assert answer.status_code == 303
    assert browser.get("/api/v1/me").json()["account"]["name"] == "verifier"


def test_health_ready_and_numbers(seeded):
    browser = seeded.client()
    assert browser.get("/health").json()["status"] == "ok"
    assert browser.get("/ready").json() == {"status": "ready", "tables": "0002"}
    browser.get("/api/v1/models/1")
    text = browser.get("/metrics").text
    assert 'route="/api/v1/models/{number}"' in text
    assert 'parentage_jobs{state="queued"} 1.0' in text
    assert re.search(r"parentage_ledger_entries \d", text)


def test_not_ready_where_the_tables_are_of_another_version(seeded):
    with seeded.db() as db:
        from sqlalchemy import text

        db.execute(text("UPDATE portal_version SET version_num = '0001'"))
        db.commit()
    assert seeded.client().get("/ready").status_code == 503


def test_errors_are_pages_for_browsers_and_json_for_programs(seeded):
    browser = seeded.client()
    page = browser.get("/no-such-page")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    plain = browser.get("/api/v1/models/999999")
    assert plain.status_code == 404
    assert plain.json()["error"]["code"] == "no-such-page"


def test_what_goes_wrong_inside_says_a_number_and_nothing_else(seeded, monkeypatch):
    from parentage.web.services import accounts

    def broken(*_):
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(accounts, "me", broken)
    answer = seeded.client(raise_server_exceptions=False).get("/api/v1/me")
    assert answer.status_code == 500
    assert "42" not in answer.text
    assert "internal error" in answer.json()["error"]["message"]
