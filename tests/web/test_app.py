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


def test_what_the_operators_folders_are_called_is_nobodys_business(
    seeded, settings, paths
):
    browser = seeded.client("verifier")
    body = {"name": "kept-here", "reference": paths["vlm-frozen"]}
    number = browser.post("/api/v1/models", json=body).json()["row"]["id"]
    more = {"label": "2", "reference": paths["vlm-tuned"]}
    added = browser.post(f"/api/v1/models/{number}/versions", json=more).json()
    root = settings.local_roots[0].resolve()
    assert added["reference"] == f"{root.name}/models/vlm-tuned"
    for reader in (seeded.client(), browser):
        for place in (f"/models/{number}", f"/api/v1/models/{number}"):
            text = reader.get(place).text
            assert f"{root.name}/models/vlm-frozen" in text
            assert str(root) not in text
        assert str(root) not in reader.get("/api/v1/ledger").text
    form = browser.get(f"/audits/new?version={added['id']}").text
    assert str(root) not in form


def test_signs_of_patterns_are_searched_for_as_they_are(seeded):
    browser = seeded.client("verifier")
    for name in ("a%b", "a_c", "a\\d"):
        browser.post("/api/v1/models", json={"name": name})
        found = browser.get("/api/v1/models", params={"query": name}).json()["items"]
        assert [row["name"] for row in found] == [name]
        assert browser.get("/api/v1/models", params={"query": name[1]}).json()[
            "total"
        ] == sum(name[1] in row["name"] for row in every(browser))


def every(browser):
    return browser.get("/api/v1/models", params={"limit": 200}).json()["items"]
