# SPDX-License-Identifier: Apache-2.0
"""A portal on a port of its own, with a worker, and browsers that visit it."""

import hashlib
import socket
import subprocess
import tarfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fontTools.ttLib import TTFont
from sqlalchemy import select

from parentage.web.app import create_app
from parentage.web.database import reading, writing
from parentage.web.jobs.worker import Worker
from parentage.web.services.accounts import make_account
from parentage.web.settings import Settings
from parentage.web.tables import Job

ROOT = Path(__file__).parents[3]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
FONTS = ROOT / "src" / "parentage" / "report" / "fonts"
PASSWORD = "a long and plain password"
AXE = ("axe-core", "4.14.1")

WATCH = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', e =>
  window.__violations.push(e.violatedDirective + ' ' + e.blockedURI));
"""


@contextmanager
def serving(folder, models_at=ROOT / "zoo" / "models", **settings):
    """A portal whose administrator is ``root``; jobs are done in a thread."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    options = Settings(
        data=folder,
        base_url=f"http://127.0.0.1:{port}",
        local_roots=(models_at,),
        **settings,
    )
    app = create_app(options)
    state = app.state.portal
    with writing(state.engine) as db:
        make_account(
            db, name="root", role="administrator", password=PASSWORD, display="Root"
        )
        db.commit()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error")
    )
    web = threading.Thread(target=server.run, daemon=True)
    web.start()
    stop = threading.Event()
    worker = Worker(options, state.engine, state.queue, "story:0")
    jobs = threading.Thread(target=do_jobs, args=(worker, state, stop), daemon=True)
    jobs.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield options.base_url, state
    finally:
        stop.set()
        jobs.join(30)
        server.should_exit = True
        web.join(10)


def do_jobs(worker, state, stop):
    """Do what waits, until told to stop."""
    while not stop.wait(0.1):
        with reading(state.engine) as db:
            waiting = db.scalars(
                select(Job.id).where(Job.state == "queued").order_by(Job.id)
            ).all()
        for number in waiting:
            worker.perform(number)


def hangul(folder):
    """An environment in which the browser knows a font with Hangul."""
    fonts = folder / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    for file in FONTS.glob("*.woff2"):
        font = TTFont(file)
        font.flavor = None
        font.save(fonts / f"{file.stem}.otf")
    return {"XDG_DATA_HOME": str(folder), "HOME": str(folder), "PATH": "/usr/bin:/bin"}


@contextmanager
def browsing(play, folder):
    """Chromium without sandbox, graphics card or requests of its own."""
    browser = play.chromium.launch(
        executable_path=str(CHROMIUM), args=ARGUMENTS, env=hangul(folder)
    )
    yield browser
    browser.close()


def axe_source(folder):
    """The accessibility checker, fetched from its registry; its hash is known."""
    name, version = AXE
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-{version}.js"
    if not file.exists():
        subprocess.run(
            ["npm", "pack", "--silent", f"{name}@{version}"],
            cwd=folder,
            check=True,
            timeout=120,
            capture_output=True,
        )
        with tarfile.open(folder / f"{name}-{version}.tgz") as packed:
            source = packed.extractfile("package/axe.min.js").read()
        file.write_bytes(source)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    assert found == AXE_SHA256, found
    return file.read_text("utf-8")


AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"


class Visitor:
    """Somebody with a browser; everything that it complains about is kept."""

    def __init__(self, browser, base, *, language="en", scheme="light", width=1200):
        self.base = base
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale=language,
        )
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda e: self.complaints.append(f"error: {e}"))
        self.page.on("response", self._response)
        self.say(language)

    def _console(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _response(self, response):
        if response.status >= 400 or not response.url.startswith(self.base):
            self.complaints.append(f"{response.status} {response.url}")

    def say(self, language):
        """Choose a language."""
        self.context.add_cookies(
            [{"name": "language", "value": language, "url": self.base}]
        )

    def go(self, path):
        """Open a page of the portal."""
        self.page.goto(self.base + path)
        return self

    def fill(self, **values):
        """Fill in fields by their names; underscores of ids are dashes."""
        for name, value in values.items():
            self.page.fill(f"#f-{name.replace('__', '-')}", value)
        return self

    def send(self, action=None):
        """Send the form of an address, or the page's only one in ``main``."""
        form = f'form[action="{action}"]' if action else "main form"
        with self.page.expect_navigation():
            self.page.click(f"{form} button:not([name]) >> nth=0")
        return self

    def sign_in(self, name, password=PASSWORD):
        """Sign in by name and password."""
        self.go("/sign-in").fill(name=name, password=password)
        self.send("/sign-in")
        assert self.page.locator(".aside a[href='/account']").count() == 1
        return self

    def violations(self):
        """What the content security policy stopped on this page."""
        return self.page.evaluate("window.__violations")

    def close(self):
        """Nothing more is looked at."""
        self.context.close()
