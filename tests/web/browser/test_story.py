# SPDX-License-Identifier: Apache-2.0
"""The whole story in a real Chromium; run by ``make test-services``."""

import pytest
from tests.web.browser.served import ROOT, serving
from tests.web.browser.story import Story

pytestmark = pytest.mark.services

CHECK = """
async () => (await axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
})).violations.map(v => [v.impact, v.id,
  v.nodes.slice(0, 3).map(n => n.target.join(' ') + ': ' + n.failureSummary)])
"""
OPEN = "document.querySelectorAll('details').forEach(d => d.open = true)"
SERIOUS = {"serious", "critical"}


class Look:
    """Checks every page: policy, accessibility, a phone's width, both languages."""

    def __init__(self, axe):
        self.axe = axe
        self.wrong, self.names, self.minor = [], [], set()

    def __call__(self, visitor, name):
        page = visitor.page
        self.names.append(name)
        self.wrong += [(name, found) for found in visitor.violations()]
        page.evaluate(OPEN)
        page.evaluate(self.axe)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for impact, rule, nodes in page.evaluate(CHECK):
                if impact in SERIOUS:
                    self.wrong.append((name, scheme, rule, nodes))
                else:
                    self.minor.add((rule, impact))
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 390, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > 390:
            self.wrong.append((name, f"{wide} pixels wide on a phone of 390"))
        page.set_viewport_size({"width": 1200, "height": 900})
        levels = page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')]"
            ".filter(e => e.checkVisibility()).map(e => +e.tagName[1])"
        )
        if levels.count(1) != 1:
            self.wrong.append((name, f"{levels.count(1)} first headings"))


@pytest.fixture(name="told", scope="module")
def told_fixture(chromium, axe, tmp_path_factory):
    look = Look(axe)
    with serving(tmp_path_factory.mktemp("portal")) as (base, state):
        story = Story(chromium, base, look, ROOT / "zoo" / "models")
        complaints = story.told()
        yield story, look, complaints, state


def test_the_whole_story_is_told_without_a_complaint(told):
    _, look, complaints, _ = told
    assert complaints == []
    assert len(look.names) == len(set(look.names)) >= 30


def test_no_page_breaks_the_policy_or_is_hard_to_reach(told):
    _, look, _, _ = told
    assert "\n".join(map(str, look.wrong)) == ""


def test_progress_is_seen_live(told):
    story, _, _, _ = told
    # How many steps are seen depends on the machine; one between is always there,
    # because the story waits for it before it goes on.
    running = [share for state, share in story.seen if state == "running"]
    assert any(0 < share <= 1 for share in running)
    assert story.seen[-1] == ("done", 1.0)
    assert "job-running" in told[1].names


def test_the_audit_log_names_what_was_done(told):
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from parentage.web.tables import LogRow

    _, _, _, state = told
    with Session(state.engine) as db:
        done = set(db.scalars(select(LogRow.action)))
    assert {
        "model.create",
        "job.audit",
        "challenge.file",
        "challenge.reply",
        "challenge.decide",
        "stage.gate",
        "stage.close",
    } <= done
