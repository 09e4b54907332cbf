# SPDX-License-Identifier: Apache-2.0
"""Every page in both languages, as everybody may see it."""

import re
from html.parser import HTMLParser

import pytest
from tests.web.conftest import *  # noqa: F403

from parentage.report.language import LANGUAGES

PUBLIC = [
    "/",
    "/models",
    "/models?q=vlm",
    "/models/{model}",
    "/reports",
    "/reports?finding=identical",
    "/reports/{report}",
    "/compare",
    "/compare?report={report}",
    "/challenges",
    "/challenges?state=open",
    "/challenges/{challenge}",
    "/ledger",
    "/ledger?verify=1",
    "/stages",
    "/lineage",
    "/lineage?q=donor",
    "/search",
    "/search?q=vlm",
    "/search/results?q=vlm",
    "/method",
    "/developers",
    "/sign-in",
    "/sign-in?next=/jobs",
    "/sign-in/code",
    "/nothing",
    "/models/999",
]
SIGNED = {
    "submitter": ["/models/new", "/models/{model}/edit", "/upload", "/account"],
    "challenger": ["/challenges/new", "/challenges/new?model={model}"],
    "verifier": ["/jobs", "/upload?model={model}", "/account?setup=1"],
    "administrator": [
        "/admin",
        "/admin/accounts/{submitter}",
        "/admin/log",
        "/stages/new",
        "/stages/new?start=kr-2026-phase-2",
    ],
}
MISSING = {"/nothing", "/models/999"}


class Reader(HTMLParser):
    """What a page holds that its policy or a reader would stumble over."""

    def __init__(self, *, styled):
        super().__init__()
        self.styled, self.wrong, self.forms, self.ids = styled, [], [], []
        self.language, self.form = None, None

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "html":
            self.language = found.get("lang")
        if tag == "script" and not found.get("src", "").startswith("/static/"):
            self.wrong.append("a script inside the page")
        if tag == "style":
            self.wrong.append("a style inside the page")
        if "style" in found and not self.styled:
            self.wrong.append(f"a style of <{tag}>")
        self.wrong += [f"{name} of <{tag}>" for name in found if name.startswith("on")]
        if tag in {"img", "link", "script", "iframe"}:
            source = found.get("src") or found.get("href") or ""
            if not source.startswith(("/", "data:")):
                self.wrong.append(f"{source} from elsewhere")
        if found.get("id"):
            self.ids.append(found["id"])
        if tag == "form":
            self.form = {"method": found.get("method", "get"), "names": set()}
            self.forms.append(self.form)
        if tag == "input" and self.form is not None:
            self.form["names"].add(found.get("name"))

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None


def read(text, *, styled=False):
    reader = Reader(styled=styled)
    reader.feed(text)
    for form in reader.forms:
        if form["method"] == "post":
            assert "csrf" in form["names"], form
    assert reader.wrong == []
    repeated = {name for name in reader.ids if reader.ids.count(name) > 1}
    assert repeated == set()
    return reader


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_everybody_reads(seeded, code):
    client = seeded.client()
    client.cookies.set("language", code)
    for path in PUBLIC:
        address = path.format(**seeded.ids)
        answer = client.get(address)
        assert answer.status_code == (404 if path in MISSING else 200), address
        styled = path.startswith(("/reports/", "/challenges/"))
        reader = read(answer.text, styled=styled)
        assert reader.language in {code, None}, address
        if reader.language:
            assert ("Search" in answer.text) == (code == "en"), address


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("role", SIGNED)
def test_what_roles_read(seeded, role, code):
    client = seeded.client(role)
    client.cookies.set("language", code)
    for path in SIGNED[role]:
        address = path.format(**seeded.ids)
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text[:300])
        assert read(answer.text).language == code


def test_korean_pages_are_korean(seeded):
    """No sentence of a template stays English."""
    client = seeded.client()
    client.cookies.set("language", "ko")
    for path in ("/", "/models", "/challenges", "/ledger", "/lineage", "/search"):
        text = client.get(path).text
        body = re.sub(r'(?s)<(?:script|span) [^>]*lang="en".*?</span>', "", text)
        body = re.sub(r"(?s)<head>.*?</head>|<[^>]+>", " ", body)
        sentences = re.findall(r"[A-Z][a-z]+(?: [a-z]+){3,}", body)
        assert set(sentences) <= {"The norm gains have cosine"}, path  # A title.


def test_the_first_language_is_the_one_that_is_asked_for(seeded):
    client = seeded.client()
    for asked, code in (
        ("en-GB,en;q=0.9", "en"),
        ("ko-KR", "ko"),
        ("fr, en;q=0.3", "en"),
        ("fr", "ko"),
    ):
        text = client.get("/", headers={"Accept-Language": asked}).text
        assert f'<html lang="{code}"' in text


def test_language_and_theme_are_remembered(seeded):
    from tests.web.conftest import csrf

    client = seeded.client()
    token = csrf(client)
    sent = {"csrf": token, "back": "/models?q=x", "language": "en"}
    answer = client.post("/language", data=sent, follow_redirects=False)
    assert answer.headers["location"] == "/models?q=x"
    client.post("/theme", data={"csrf": token, "theme": "dark"})
    text = client.get("/").text
    assert '<html lang="en" data-theme="dark">' in text
    client.post("/theme", data={"csrf": token, "theme": "</html>"})
    assert 'data-theme="dark"' in client.get("/").text


def test_names_are_escaped(seeded):
    from parentage.web.database import writing
    from parentage.web.services import models

    name = "<script>alert(1)</script>\"'&"
    with writing(seeded.engine) as db:
        number = models.create_model(
            db, seeded.actors["submitter"], seeded.settings, name=name, description=name
        )
    client = seeded.client()
    for path in (f"/models/{number}", "/models", "/lineage", "/ledger"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
        read(text)


def test_a_report_is_the_one_that_is_written_to_files(seeded):
    page = seeded.client().get(f"/reports/{seeded.ids['report']}")
    alone = seeded.client().get(f"/reports/{seeded.ids['report']}/page")
    assert "sandbox" in alone.headers["content-security-policy"]
    for text in ("vision encoder", "10<sup>−"):
        assert text in alone.text
    numbers = re.findall(r"10<sup>−\d+</sup>", page.text)
    assert len(numbers) > 3
    assert set(numbers) <= set(re.findall(r"10<sup>−\d+</sup>", alone.text))


def test_forms_of_another_site_are_not_taken(seeded):
    client = seeded.client("submitter")
    client.headers.pop("X-CSRF-Token", None)
    for path in ("/models/new", "/account/tokens", "/sign-out", "/language"):
        assert client.post(path, data={"name": "x"}).status_code == 403, path


def test_fonts_and_styles_may_be_kept(seeded):
    client = seeded.client()
    style = client.get("/style.css")
    assert style.headers["cache-control"].startswith("public")
    font = client.get("/fonts/regular.woff2")
    assert font.content[:4] == b"wOF2"
    again = client.get(
        "/fonts/regular.woff2", headers={"If-None-Match": font.headers["etag"]}
    )
    assert again.status_code == 304
    assert client.get("/fonts/other.woff2").status_code == 404
