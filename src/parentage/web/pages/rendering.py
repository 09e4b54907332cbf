# SPDX-License-Identifier: Apache-2.0
"""Pages out of templates: language, theme, who is signed in, and what forms need.

Everything is escaped, and what is not defined is an error, as in reports. Nothing here
decides what a reader may see: services do, and templates only leave out links that
would lead to a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from typing import Final, Literal
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from parentage.report import format as fmt
from parentage.report import words as report_words
from parentage.report.language import LANGUAGES, Language, marked
from parentage.report.page import page_text
from parentage.report.verdict_terminal import SIGNS
from parentage.report.verdict_text import deciding
from parentage.report.verdict_words import OUTCOMES
from parentage.web.asking import settings_of
from parentage.web.pages import words
from parentage.web.permissions import PUBLIC, Actor, may
from parentage.web.security import cookies, csrf
from parentage.web.security.paths import inside
from parentage.web.services.views import ReportRow

Tone = Literal["good", "bad", "plain"]

LANGUAGE_COOKIE: Final = "language"
THEME_COOKIE: Final = "theme"
THEMES: Final = ("auto", "light", "dark")

MESSAGES: Final[dict[str, tuple[Tone, str]]] = {
    "saved": ("good", marked("Saved.")),
    "registered": ("good", marked("The model is registered. Run its audit next.")),
    "uploaded": ("good", marked("Uploaded and checked.")),
    "started": ("good", marked("The audit is in the queue.")),
    "cancelled": ("plain", marked("The job was told to stop.")),
    "resumed": ("good", marked("The job is in the queue again.")),
    "filed": ("good", marked("The challenge is filed. Its numbers are being checked.")),
    "replied": ("good", marked("The reply stands in the ledger.")),
    "decided": ("good", marked("The decision stands in the ledger.")),
    "opened": ("good", marked("The stage is open.")),
    "closed": ("good", marked("The stage is closed and its result computed.")),
    "revoked": ("plain", marked("The token no longer counts.")),
    "signed-out": ("plain", marked("You are signed out.")),
}
"""What a page says after a form: a word in the address, never a text from it."""


@dataclass(frozen=True)
class Message:
    """A line at the top of a page."""

    tone: Tone
    text: str


def language_of(request: Request) -> Language:
    """The reader's language: chosen, else asked for by the browser, else the first."""
    offered = settings_of(request).languages
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in offered:
        return Language(chosen)
    for part in request.headers.get("accept-language", "").split(","):
        code = part.split(";")[0].strip().split("-")[0].lower()
        if code in offered:
            return Language(code)
    return Language(offered[0] if offered else LANGUAGES[0])


def theme_of(request: Request) -> str:
    """Light, dark, or as the system is."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def here_of(request: Request) -> str:
    """The page's own address, to come back to."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def keep_visitor(request: Request, answer: Response) -> None:
    """Set the cookie that forms of browsers without a session are derived from."""
    made = getattr(request.state, "visitor", None)
    if made is None:
        return
    settings = settings_of(request)
    cookies.put(answer, settings, csrf.visitor_name(settings), made)


def go(request: Request, address: str, said: str = "") -> RedirectResponse:
    """After a form was taken: another page of the portal, to be fetched anew.

    Args:
        request: the form.
        address: inside the portal.
        said: what that page says at its top, a key of ``MESSAGES``.
    """
    assert inside(address, "") == address  # noqa: S101 - never elsewhere
    if said:
        place, mark, anchor = address.partition("#")
        address = f"{place}{'&' if '?' in place else '?'}said={said}{mark}{anchor}"
    answer = RedirectResponse(address, status_code=303)
    keep_visitor(request, answer)
    return answer


def render(
    request: Request,
    template: str,
    actor: Actor = PUBLIC,
    /,
    *,
    status: int = 200,
    section: str = "",
    message: Message | None = None,
    headers: dict[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """A page.

    Args:
        request: what was asked; its language, theme and forms' text.
        template: its file.
        actor: who asks.
        status: of the answer.
        section: which part of the navigation the page belongs to.
        message: said at the top; by default what the address names (``said``).
        headers: of the answer, beyond the usual.
        values: what the template shows.
    """
    settings = settings_of(request)
    lang = language_of(request)
    said = MESSAGES.get(request.query_params.get("said", ""))
    if message is None and said is not None:
        message = Message(said[0], lang(said[1]))
    html = (
        environment(lang)
        .get_template(template)
        .render(
            actor=actor,
            may=partial(may, actor),
            csrf=csrf.token_of(request, settings),
            here=here_of(request),
            theme=theme_of(request),
            languages=settings.languages,
            portal_title=settings.title,
            section=section,
            message=message,
            **values,
        )
    )
    answer = HTMLResponse(html, status_code=status, headers=headers)
    keep_visitor(request, answer)
    return answer


@cache
def environment(lang: Language) -> Environment:
    """Templates in a language."""
    made = Environment(
        loader=PackageLoader("parentage.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        _=partial(page_text, lang),
        language=lang.code,
        findings=fmt.FINDINGS,
        parentage_version=version(),
        static=lambda path: f"/static/{path}?v={version()}",
        versioned=lambda path: f"{path}?v={version()}",
    )
    made.filters.update(
        entry=partial(words.entry, lang),
        finding=lambda word: fmt.finding_words(word, lang),
        headline=lambda row: headline(lang, row),
        label=lambda name: report_words.label(name, lang),
        local=partial(local, lang),
        moment=moment,
        deciding=lambda verdict: deciding(verdict, lang),
        number=fmt.number,
        outcome=lambda key: lang(OUTCOMES[key]) if key in OUTCOMES else key,
        percent=percent,
        place=words.place,
        plain=lambda value: f"{value:.10g}",
        power10=fmt.power10,
        quoted=lambda text: quote(str(text), safe=""),
        said=partial(known, lang),
        sign=lambda key: SIGNS[key][0] if key in SIGNS else "",
        step=partial(words.step, lang),
        tone=lambda value: words.TONES.get(value, ""),
        whole=fmt.whole,
        word=partial(words.word, lang),
    )
    return made


def known(lang: Language, text: str) -> Markup:
    """A text of a service; marked as English where no translation is known."""
    said = lang(text)
    if lang.code == "en" or said != text or not text:
        return escape(said)
    return Markup('<span lang="en">{}</span>').format(text)


def headline(lang: Language, row: ReportRow) -> Markup:
    """A report's headline; marked as English where it was not said in the language."""
    if lang.code in row.headlines:
        return escape(row.headlines[lang.code])
    return Markup('<span lang="en">{}</span>').format(row.headline)


def numbered(lang: Language, row: ReportRow) -> str:
    """A report in a form's list: its number and how its headline begins."""
    return f"{row.id}: {row.headlines.get(lang.code, row.headline)[:80]}"


def local(lang: Language, title: dict[str, str] | str) -> str:
    """A title that comes in several languages."""
    if isinstance(title, str):
        return title
    return title.get(lang.code) or title.get("en") or next(iter(title.values()), "")


def moment(at: str | None, clock: bool = True) -> str:
    """A time as readers see it: UTC, to the minute."""
    if not at:
        return "–"
    return f"{at[:10]} {at[11:16]} UTC" if clock and len(at) > 10 else at[:10]


def percent(share: float, digits: int = 1) -> str:
    """A share of one as a percentage."""
    return f"{share * 100:.{digits}f} %"


@cache
def version() -> str:
    """The version that is installed."""
    return metadata.version("parentage")
