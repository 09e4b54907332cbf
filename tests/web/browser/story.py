# SPDX-License-Identifier: Apache-2.0
"""The whole story in browsers: registered, audited, challenged, cured, scored, decided.

Everything is done by clicking; nothing is put into the database but the first
administrator. ``look(visitor, name)`` is called on every page worth looking at, by the
test that checks each and by the tool that takes their pictures.
"""

import re
from contextlib import closing

from tests.web.browser.served import PASSWORD, ROOT, Visitor

HERE = ROOT / "tests" / "web" / "browser"
MORE = ("decoder-a", "decoder-b", "moe-a", "decoder-half")
EXPERTS = ("expert-1", "expert-2", "expert-3")
SCORES = {
    # expert -> (hanul technology, hanul effect, dasom technology, dasom effect)
    "expert-1": ("27", "19.5", "31", "21"),
    "expert-2": ("29.5", "20", "30", "22.5"),
    "expert-3": ("26", "18", "33", "23"),
}
REPLY = (
    "The decoder was trained by us from random weights. Norm gains of any two models "
    "point the same way. The vision encoder was taken over, and will be replaced."
)


class Story:
    """The steps, in order; each leaves what the next one needs.

    Attributes:
        visitors: account -> browser that is signed in; ``public`` is not.
        models_at: folder of the bundled models.
        seen: states of the audit's page that were seen without loading it again.
    """

    def __init__(self, browser, base, look, models_at):
        self.browser, self.base, self.look = browser, base, look
        self.models_at = models_at
        self.visitors, self.ids, self.seen = {}, {}, []

    def who(self, name):
        """Somebody's browser."""
        if name not in self.visitors:
            made = self.visitors[name] = Visitor(self.browser, self.base)
            if name != "public":
                made.sign_in(name)
        return self.visitors[name]

    def at(self, name, path):
        """Somebody on a page."""
        return self.who(name).go(path)

    def number(self, visitor):
        """The number in the address of the page that somebody is on."""
        return int(re.search(r"/(\d+)(?:[?#]|$)", visitor.page.url)[1])

    def people(self):
        """The administrator lets everybody in."""
        public = self.at("public", "/")
        self.look(public, "home-empty")
        self.look(self.at("public", "/sign-in"), "sign-in")
        root = self.at("root", "/admin")
        for slug, name in (("hanul", "Hanul"), ("dasom", "Dasom"), ("press", "Press")):
            root.go("/admin").fill(slug=slug, org_name=name)
            root.send("/admin/organisations")
        for name, role, owner in (
            ("hanul-lead", "submitter", "Hanul"),
            ("dasom-lead", "submitter", "Dasom"),
            ("reporter", "submitter", "Press"),
            ("verifier", "verifier", None),
            *((expert, "panel", None) for expert in EXPERTS),
        ):
            root.go("/admin").page.click("#accounts details summary")
            root.fill(name=name, display=name.capitalize(), password=PASSWORD)
            root.page.select_option("#f-role", role)
            if owner:
                root.page.select_option("#f-organisation", label=owner)
            root.send("/admin/accounts")
        self.look(root.go("/admin"), "administration")

    def models(self):
        """A submitter registers a model; the verifier one that it may descend from."""
        for who, name, folder, kept in (
            ("verifier", "vlm-donor", "vlm-donor", "donor"),
            ("hanul-lead", "hanul-vlm", "vlm-frozen", "hanul"),
            ("dasom-lead", "dasom-vlm", "vlm-tuned", "dasom"),
        ):
            visitor = self.at(who, "/models/new")
            visitor.fill(
                name=name, reference=str(self.models_at / folder), family="vlm"
            )
            visitor.fill(licence="Apache-2.0", description="A vision-language model.")
            if kept == "hanul":
                self.look(visitor, "register")
            visitor.send("/models/new")
            self.ids[kept] = self.number(visitor)
        self.look(self.at("public", "/models"), "models")

    def audit(self, model, *, watch=False):
        """The verifier runs an audit and follows it; returns the report's number."""
        visitor = self.at("verifier", f"/models/{self.ids[model]}")
        visitor.page.click("aside a[href^='/audits/new'] >> nth=0")
        visitor.page.check(
            "label:has-text('vlm-donor') input[name='against_version'] >> nth=0"
        )
        if watch:
            # More references, so that there is something to watch.
            more = [str(self.models_at / name) for name in MORE]
            visitor.page.fill("#f-against", "\n".join(more))
            self.look(visitor, "audit-new")
        visitor.fill(budget="16").send()
        page = visitor.page
        page.evaluate("window.__same = true")
        while True:
            state = page.locator("#progress").get_attribute("data-state")
            share = float(page.locator("#progress progress").get_attribute("value"))
            if watch and (state, share) not in self.seen:
                self.seen.append((state, share))
                if state == "running" and share > 0 and "job" not in self.ids:
                    self.ids["job"] = self.number(visitor)
                    self.look(visitor, "job-running")
                    page.evaluate("window.__same = true")
            if page.locator("#progress a.primary").count():
                break
            assert state in {"queued", "running", "done"}, page.inner_text("#progress")
            page.wait_for_timeout(200)
        assert page.evaluate("window.__same")  # The page was never loaded again.
        if watch:
            self.look(visitor, "job-done")
        page.click("#progress a.primary")
        page.wait_for_load_state()
        return self.number(visitor)

    def audited(self):
        """The audit finds the encoder; everybody reads it."""
        report = self.ids["first"] = self.audit("hanul", watch=True)
        public = self.at("public", f"/reports/{report}")
        assert "vision encoder" in public.page.inner_text("h1.headline")
        assert "identical" in public.page.inner_text("h1.headline")
        self.look(public, "report")
        self.look(public.go(f"/models/{self.ids['hanul']}"), "model")
        self.look(public.go("/reports"), "reports")

    def challenged(self):
        """A rival files the claim on norm gains; its numbers are checked."""
        visitor = self.at("reporter", f"/challenges/new?model={self.ids['hanul']}")
        page = visitor.page
        visitor.fill(
            title="The decoder of hanul-vlm is vlm-donor's",
            statement="Norm gains have a cosine of 0.998 in every layer. Independent "
            "training does not give that.",
        )
        page.set_input_files("#f-claim", HERE / "norm-cosine.yaml")
        page.set_input_files("#f-tables", HERE / "layers.csv")
        page.click("details.plain summary")
        for n, (name, label) in enumerate(
            (("vlm-frozen", "hanul-vlm, 1"), ("vlm-donor", "vlm-donor, 1"))
        ):
            page.fill(f"#f-name{n}", name)
            page.select_option(f"#f-version{n}", label=label)
        self.look(visitor, "challenge-new")
        visitor.send("/challenges/new")
        number = self.ids["challenge"] = self.number(visitor)
        public = self.who("public")
        for _ in range(200):
            public.go(f"/challenges/{number}")
            if public.page.locator("#check").count():
                break
            public.page.wait_for_timeout(200)
        said = public.page.inner_text("#check")
        assert "1 of 6 numbers" in said
        assert "cannot carry the claim" in said
        assert "does not reproduce" in said
        self.look(public, "challenge-checked")

    def replied(self):
        """The named team replies, and the verifier decides."""
        number = self.ids["challenge"]
        assert (
            not self.at("reporter", f"/challenges/{number}")
            .page.locator("#reply")
            .count()
        )
        team = self.at("hanul-lead", f"/challenges/{number}")
        team.page.fill("#reply textarea", REPLY)
        team.send(f"/challenges/{number}/reply")
        verifier = self.at("verifier", f"/challenges/{number}")
        self.look(verifier, "challenge-decide")
        verifier.page.check("input[value='partly-upheld']")
        verifier.page.fill(
            "#decide textarea",
            "The decoder's norm gains show nothing, as the check says. The audit found "
            "that the vision encoder is vlm-donor's; that is upheld.",
        )
        verifier.page.select_option("#decide select", str(self.ids["first"]))
        verifier.send(f"/challenges/{number}/decide")
        public = self.at("public", f"/challenges/{number}")
        for text in (REPLY, "that is upheld", "0.998 in every layer"):
            assert text in public.page.inner_text(".timeline")
        self.look(public, "challenge")
        self.look(public.go("/challenges"), "challenges")

    def cured(self):
        """The encoder is swapped, and the model is audited again."""
        number = self.ids["hanul"]
        team = self.at("hanul-lead", f"/models/{number}/versions/new")
        team.fill(label="2", reference=str(self.models_at / "vlm-cured"))
        team.fill(note="The vision encoder is our own now.")
        self.look(team, "version-new")
        team.send()
        self.ids["second"] = self.audit("hanul")
        public = self.at("public", f"/reports/{self.ids['second']}")
        assert "identical" not in public.page.inner_text("h1.headline")
        assert "No dependence" in public.page.inner_text("h1.headline")
        older = public.go(f"/reports/{self.ids['first']}")
        link = older.page.locator(".message a")
        assert link.get_attribute("href") == f"/reports/{self.ids['second']}"
        self.ids["rival"] = self.audit("dasom")
        pair = f"report={self.ids['first']}&report={self.ids['second']}"
        compare = public.go(f"/compare?{pair}")
        row = compare.page.locator("tr:has-text('Screening')")
        assert "violated" in row.inner_text()
        assert "satisfied" in row.inner_text()
        self.look(compare, "compare")

    def stage(self):
        """A stage is made, and its panel seated; nobody sees another's scores."""
        root = self.at("root", "/stages/new")
        root.fill(slug="autumn-2026")
        root.page.fill("#f-definition", (HERE / "stage.toml").read_text("utf-8"))
        teams = f"hanul = {self.ids['hanul']}\ndasom = {self.ids['dasom']}"
        root.page.fill("#f-teams", teams)
        self.look(root, "stage-new")
        root.send("/stages/new")
        number = self.ids["stage"] = self.number(root)
        here = f"/stages/{number}"
        for expert in EXPERTS:
            root.go(here).page.select_option("#f-account", label=expert.capitalize())
            root.fill(member=expert)
            root.send(f"{here}/seats")
        root.go(here).send(f"{here}/open")
        for item, team, value in (
            ("benchmark.reasoning", "hanul", "61.2"),
            ("benchmark.reasoning", "dasom", "64.8"),
            ("benchmark.vision", "hanul", "70.5"),
            ("benchmark.vision", "dasom", "78"),
        ):
            root.page.fill(f'[name="value|{item}||{team}"]', value)
        root.send(f"{here}/measurements")
        for expert, values in SCORES.items():
            visitor = self.at(expert, f"{here}/sheet")
            page = visitor.page
            for (team, item), value in zip(
                [(t, i) for t in ("hanul", "dasom") for i in ("technology", "effect")],
                values,
                strict=True,
            ):
                field = f'[name="value|expert.{item}|{team}"]'
                assert page.input_value(field) == ""  # Nothing of anyone else.
                page.fill(field, value)
            if expert == EXPERTS[0]:
                page.fill('[name="note|expert.technology|hanul"]', "A plan of its own.")
                self.look(visitor, "sheet")
            visitor.send()
            assert page.input_value('[name="value|expert.effect|dasom"]') == values[3]
        public = self.at("public", here)
        assert "61.2" not in public.page.inner_text("main")

    def gate(self):
        """Reports speak at the gate; the stage closes, and the gate decides."""
        here = f"/stages/{self.ids['stage']}"
        verifier = self.at("verifier", here)
        for team, report in (("hanul", "second"), ("dasom", "rival")):
            verifier.go(here).page.select_option(f"#f-r-{team}", str(self.ids[report]))
            form = f"form:has(#f-r-{team}) button"
            with verifier.page.expect_navigation():
                verifier.page.click(form)
        self.look(verifier.go(here), "stage-gate")
        self.look(self.at("root", here), "stage-open")
        root = self.at("root", here)
        root.send(f"{here}/close")
        public = self.at("public", here)
        rows = public.page.locator("#result tbody").first.locator("tr")
        first, second = rows.nth(0).inner_text(), rows.nth(1).inner_text()
        # Dasom has more points, and fails the gate; Hanul goes on.
        assert "Dasom" in first
        assert "leaves" in first
        assert "Hanul" in second
        assert "goes on" in second
        public.page.evaluate(
            "document.querySelector('#noise, #f-noise').dispatchEvent("
            "new Event('change', {bubbles: true}))"
        )
        public.page.wait_for_selector("#simulated table")
        self.look(public, "stage")
        self.look(public.go("/stages"), "stages")

    def record(self):
        """Everything stands in the ledger, the graph and the search."""
        public = self.at("public", "/ledger?verify=1")
        assert public.page.locator(".message.good").count() == 1
        self.look(public, "ledger")
        public.go("/lineage").page.wait_for_selector("[data-ready]")
        public.page.fill("[data-search]", "dasom")
        public.page.click("[data-results] button >> nth=0")
        panel = public.page.locator("[data-panel]")
        assert "vlm-donor" in panel.inner_text()
        self.look(public, "lineage")
        public.go("/search").page.fill("input[name='q']", "vlm")
        public.page.wait_for_selector("#results a:has-text('hanul-vlm')")
        public.go("/search?q=vlm")
        self.look(public, "search")
        self.look(public.go("/"), "home")
        self.look(public.go("/method"), "words")
        self.look(public.go("/developers"), "developers")
        self.look(self.at("root", "/admin/log"), "log")
        self.look(self.at("root", "/jobs"), "jobs")
        verifier = self.at("verifier", "/account?setup=1")
        self.look(verifier, "account")
        self.look(self.at("verifier", "/upload"), "upload")
        self.look(self.at("root", f"/admin/accounts/{2}"), "account-admin")
        self.look(
            self.at("hanul-lead", f"/models/{self.ids['hanul']}/edit"), "model-edit"
        )

    def told(self):
        """All of it; returns everything that the browsers complained about."""
        self.people()
        self.models()
        self.audited()
        self.challenged()
        self.replied()
        self.cured()
        self.stage()
        self.gate()
        self.record()
        found = []
        for name, visitor in self.visitors.items():
            found += [f"{name}: {text}" for text in visitor.complaints]
            with closing(visitor):
                pass
        return found
