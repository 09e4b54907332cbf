# SPDX-License-Identifier: Apache-2.0
"""Every route tried as every role, held to ``permissions.toml``."""

import base64

import pytest

from parentage.web.permissions import Actor, actions, may

WHO = ("public", "submitter", "challenger", "verifier", "panel", "administrator")
CLAIM = base64.b64encode(b"label,statistic,of,printed\na,cosine,norm-gains,0.5\n")

BODIES = {
    ("post", "/me/tokens"): {"name": "t", "scopes": ["read"]},
    ("post", "/me/password"): {"old": "no", "new": "a new password 1"},
    ("post", "/me/totp"): {"secret": "A" * 32, "code": "000000", "password": "x"},
    ("post", "/me/totp/off"): {"code": "000000"},
    ("post", "/models"): {"name": "new model"},
    ("patch", "/models/{number}"): {"description": "changed"},
    ("post", "/models/{number}/versions"): {"label": "2"},
    ("post", "/audits"): {"version_id": 1, "against": ["org/name"]},
    ("post", "/challenges"): {
        "model_id": 1,
        "title": "t",
        "statement": "s",
        "claim": CLAIM.decode(),
        "claim_name": "c.csv",
    },
    ("post", "/challenges/{number}/replies"): {"statement": "no"},
    ("post", "/challenges/{number}/decision"): {
        "decision": "dismissed",
        "reasons": "because",
    },
    ("post", "/stages"): {"slug": "x", "definition": "x = 1"},
    ("post", "/stages/{number}/seats"): {
        "account_id": 1,
        "panel": "experts",
        "member": "m",
    },
    ("put", "/stages/{number}/sheet"): {
        "scores": [{"item": "expert.plan", "team": "two", "value": "50"}]
    },
    ("post", "/stages/{number}/measurements"): {
        "item": "bench.score",
        "team": "one",
        "value": "30",
    },
    ("post", "/stages/{number}/gates"): {
        "team": "two",
        "outcome": "pass",
        "reasons": "fine",
    },
    ("post", "/stages/{number}/simulation"): {},
    ("post", "/accounts"): {"name": "x", "role": "panel", "password": "p" * 12},
    ("patch", "/accounts/{number}"): {"display": "Somebody"},
    ("post", "/organisations"): {"slug": "new", "name": "New"},
    ("patch", "/organisations/{number}"): {"name": "Renamed"},
}

QUERIES = {
    ("get", "/search"): "?query=vlm",
    ("get", "/compare"): "?report=1",
    ("post", "/reports"): "?model=1",
    ("post", "/fingerprints"): "?version=1",
}

LAST = ("/stages/{number}/close", "/challenges/{number}/decision")
"""After these nothing else can be tried."""

SIGN_IN_WRONG = {"/me/password", "/me/totp", "/me/totp/off"}
"""They answer 401 to a wrong password or code, too."""


def routes(app):
    """(method, path, action) of the whole API."""
    found = []
    for path, methods in app.openapi()["paths"].items():
        for method, route in methods.items():
            found.append(
                (method, path.removeprefix("/api/v1"), route.get("x-parentage-action"))
            )
    return sorted(found, key=lambda r: (LAST.index(r[1]) + 1 if r[1] in LAST else 0, r))


def owns(who, action, actors, ids):
    """Whether what is tried is somebody's own; see the seed."""
    if action in {"account.self", "token.manage"}:
        return True
    if action == "stage.score":
        return who == "panel"
    if action in {"job.read", "job.cancel", "model.create"}:
        return who in {"submitter", "challenger"}
    return who == "submitter"


@pytest.mark.parametrize("who", WHO)
def test_api_as_every_role(seeded, who):
    client = seeded.client(who)
    actor = seeded.actors[who]
    numbers = {"accounts": seeded.ids["challenger"], "me": 999}
    tried = 0
    for method, path, action in routes(seeded.app):
        kind = path.split("/")[1]
        number = numbers.get(kind, seeded.ids.get(kind.rstrip("s"), 1))
        url = path.replace("{number}", str(number)).replace("{digest}", "0" * 64)
        url = "/api/v1" + url.replace("{name}", "t.csv")
        url += QUERIES.get((method, path), "")
        if path.endswith("/events"):
            seeded.work()  # a stream ends with its job
        answer = client.request(method, url, json=BODIES.get((method, path)))
        tried += 1
        assert answer.status_code < 500, (method, path, answer.text)
        said = answer.status_code
        if action is None:
            assert path == "/me", path
            assert said == 200
            continue
        if may(actor, action, own=owns(who, action, actor, seeded.ids)):
            if path in SIGN_IN_WRONG and said == 401:
                assert "wrong" in answer.json()["error"]["message"]
            else:
                assert said not in {401, 403}, (who, method, path, answer.text)
        else:
            assert said == (401 if who == "public" else 403), (
                who,
                method,
                path,
                answer.text,
            )
    assert tried > 50


def pages(router, found=None):
    """(method, path, action) of all pages."""
    found = [] if found is None else found
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            pages(inner, found)
        elif getattr(route, "methods", None):
            extra = getattr(route, "openapi_extra", None) or {}
            found += [
                (m, route.path, extra.get("x-parentage-action"))
                for m in sorted(route.methods - {"HEAD"})
            ]
    return found


OPEN_PAGES = (
    *("/sign-in", "/sign-out", "/language", "/theme", "/style.css", "/fonts"),
    *("/method", "/developers"),
)
"""Pages that everybody may load: they show nothing of the portal's content."""


@pytest.mark.parametrize("who", WHO)
def test_pages_as_every_role(seeded, who):
    from parentage.web.pages.routes import router

    client = seeded.client(who, follow_redirects=False)
    actor = seeded.actors[who]
    every = pages(router)
    assert every
    for method, path, action in every:
        if path.startswith(OPEN_PAGES):
            continue
        assert action is not None, f"{method} {path} names no action"
        if method != "GET":
            continue
        kind = path.strip("/").split("/")[0].rstrip("s")
        number = str(seeded.ids.get(kind, 1))
        url = path
        while "{" in url:
            begin, end = url.index("{"), url.index("}")
            name = "t.csv" if "name" in url[begin:end] else number
            url = url[:begin] + name + url[end + 1 :]
        answer = client.get(url)
        said = answer.status_code
        assert said < 500, (path, answer.text[:500])
        # A form that is about nothing yet is for whoever could send it.
        own = "{" not in path or owns(who, action, actor, seeded.ids)
        if not may(actor, action, own=own):
            sent = said == 303 and answer.headers["location"].startswith("/sign-in")
            assert said in {401, 403, 404, 422} or sent, (who, path, said)
        else:
            assert said not in {401, 403}, (who, path, answer.text[:500])


@pytest.mark.parametrize("who", WHO[1:])
def test_forms_of_pages_as_every_role_who_may_not(seeded, who):
    """A form that somebody may not send changes nothing, whatever it holds."""
    from sqlalchemy import func, select

    from parentage.web.pages.routes import router
    from parentage.web.tables import Entry, LogRow

    client = seeded.client(who, follow_redirects=False)
    for method, path, action in pages(router):
        if method == "GET" or action is None:
            continue
        if may(seeded.actors[who], action, own=True):
            continue
        with seeded.db() as db:
            before = [
                db.scalar(select(func.count()).select_from(t)) for t in (Entry, LogRow)
            ]
        url = path
        while "{" in url:
            url = url[: url.index("{")] + "1" + url[url.index("}") + 1 :]
        answer = client.request(method, url, data={})
        # A form without any value may lead on: nothing was entered.
        assert answer.status_code in {303, 401, 403, 404, 422}, (who, path)
        with seeded.db() as db:
            after = [
                db.scalar(select(func.count()).select_from(t)) for t in (Entry, LogRow)
            ]
        assert before == after, (who, path)


def test_every_action_is_used_by_a_route(seeded):
    from parentage.web.pages.routes import router

    used = {action for _, _, action in routes(seeded.app)}
    used |= {action for _, _, action in pages(router)}
    assert used - {None} == set(actions()) - {"stage.scores"}


def test_tokens_reach_no_further_than_their_scopes(seeded):
    owner = seeded.client("administrator")
    made = owner.post("/api/v1/me/tokens", json={"name": "t", "scopes": ["read"]})
    token = made.json()["token"]
    from fastapi.testclient import TestClient

    program = TestClient(seeded.app, base_url="http://127.0.0.1:8000")
    program.headers["Authorization"] = f"Bearer {token}"
    for method, path, action in routes(seeded.app):
        if path.endswith("/events") or action is None:
            continue
        kind = path.split("/")[1]
        number = seeded.ids.get(kind.rstrip("s"), 1)
        url = path.replace("{number}", str(number)).replace("{digest}", "0" * 64)
        url = "/api/v1" + url.replace("{name}", "t.csv")
        url += QUERIES.get((method, path), "")
        said = program.request(method, url, json=BODIES.get((method, path)))
        public = may(Actor(), action)
        if actions()[action].scope == "read" or public:
            assert said.status_code not in {401, 403}, (path, said.text)
        else:
            assert said.status_code == 403, (path, said.text)
