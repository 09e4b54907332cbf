# SPDX-License-Identifier: Apache-2.0
"""Every profile has its page, and the table of bundled cases says what is found.

``PARENTAGE_REGENERATE=1 pytest tests/docs`` rewrites the generated blocks.
"""

import importlib.util
import re
from pathlib import Path

import pytest

from parentage.report import verdict_words as words
from parentage.report.verdict_text import rule_lines, subject
from parentage.run.audit import audit
from parentage.run.judge import judge_report, profiles_named
from parentage.verdict.load_profile import shipped_profiles

SPEC = importlib.util.spec_from_file_location(
    "pages", Path(__file__).with_name("test_pages.py")
)
PAGES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGES)
DOCS, REGENERATE, block = PAGES.DOCS, PAGES.REGENERATE, PAGES.block
MODELS = DOCS.parent / "zoo" / "models"

CASES = {
    "HyperCLOVA-like": ("vlm-frozen", "vlm-donor"),
    "the same, cured": ("vlm-cured", "vlm-donor"),
    "Solar-like": ("decoder-b", "decoder-a"),
    "A.X-like": ("moe-b", "moe-a"),
}


def quoted(text):
    return "".join(f"> {line}\n" for line in text.splitlines())


def rule_block(profile, rule):
    source = profile.source(rule.source)
    reading = " The rule is a reading of these words." if rule.inference else ""
    first, second = (
        (rule.quote.en, rule.quote.ko)
        if source.language == "en"
        else (rule.quote.ko, rule.quote.en)
    )
    return (
        f"### {rule.id}\n\n"
        + "".join(f"* {line}\n" for line in rule_lines(rule))
        + f"* 한국어: {rule.text.ko}\n\n"
        + quoted(first)
        + ">\n"
        + quoted(f"*{second}*")
        + f"\n[{source.title.en}]({source.link}).{reading}\n\n"
    )


def page_block(loaded):
    profile = loaded.profile
    silent = "".join(
        f"* {', '.join(words.COMPONENTS[c] for c in s.components)}: {s.text.en} "
        f"({s.text.ko})\n"
        for s in profile.silent
    )
    return (
        f"# {profile.title.en}\n\n"
        f"`{profile.id}`, version {profile.version}. {profile.title.ko}\n\n"
        f"{profile.stance.en}\n\n{profile.stance.ko}\n\n"
        f"A violation needs exact evidence at 10^{profile.accusation.log10_alpha:g} "
        f"in the whole audit; tested parameters asked for: "
        f"{profile.accusation.coverage:.0%}.\n\n"
        "## Rules\n\n"
        + "".join(rule_block(profile, rule) for rule in profile.rules)
        + "## Not stated\n\n"
        + (silent or "Nothing is left out.\n")
    )


@pytest.mark.parametrize("name", shipped_profiles())
def test_profile_page_is_up_to_date(name):
    page = DOCS / "profiles" / f"{name}.md"
    if REGENERATE and not page.exists():
        page.write_text("<!-- profile -->\n<!-- /profile -->\n", encoding="utf-8")
    block(page, "profile", page_block(shipped_profiles()[name]))


def test_profiles_and_pages_are_the_same_set():
    pages = {page.stem for page in (DOCS / "profiles").glob("*.md")}
    assert pages == set(shipped_profiles())


@pytest.fixture(name="verdicts", scope="module")
def verdicts_fixture():
    """Case -> verdicts under every profile, in the order of the profiles."""
    profiles = profiles_named([])
    return {
        case: judge_report(audit(MODELS / own, [MODELS / other]), profiles)
        for case, (own, other) in CASES.items()
    }


def more(about):
    return f" and {len(about) - 1} more" if about[1:] else ""


def cell(verdict):
    """An outcome, and links to the rules that made it."""
    found = {}
    for row in verdict.rows:
        decides = row.weight == "required" and row.outcome == verdict.outcome
        if decides and not row.set_aside:
            found.setdefault(row.rule, []).append(subject(row))
    satisfied = verdict.outcome == "satisfied"
    rules = "; ".join(
        f"[{rule}](profiles/{verdict.profile.id}.md#{rule})"
        + ("" if satisfied else f" ({about[0]}{more(about)})")
        for rule, about in found.items()
    )
    word = words.OUTCOMES[verdict.outcome]
    return f"**{word}**: {rules}" if rules else f"**{word}**"


def test_table_of_bundled_cases(verdicts):
    lines = [
        "| profile | " + " | ".join(CASES) + " |",
        "|---" * (len(CASES) + 1) + "|",
    ]
    for place, name in enumerate(shipped_profiles()):
        title = shipped_profiles()[name].profile.title.en
        cells = [cell(verdicts[case][place]) for case in CASES]
        lines.append(f"| [{title}](profiles/{name}.md) | " + " | ".join(cells) + " |")
    block(DOCS / "profiles.md", "cases", "\n".join(lines) + "\n")


def test_every_cell_leads_to_a_rule_with_its_source(verdicts):
    text = (DOCS / "profiles.md").read_text(encoding="utf-8")
    links = re.findall(r"\(profiles/([a-z0-9-]+)\.md#([a-z0-9-]+)\)", text)
    assert links
    for profile, rule in links:
        page = (DOCS / "profiles" / f"{profile}.md").read_text(encoding="utf-8")
        section = page.split(f"### {rule}\n", 1)[1].split("\n### ", 1)[0]
        assert "\n> " in section
        assert "](https://" in section


def test_no_case_is_accused_without_exact_or_equal_evidence(verdicts):
    for found in verdicts.values():
        for verdict in found:
            for row in verdict.rows:
                if row.outcome == "violated":
                    assert row.grade in {"exact", "equal"}
    innocent = ("the same, cured", "Solar-like", "A.X-like")
    for case in innocent:
        accused = {
            (v.profile.id, r.component)
            for v in verdicts[case]
            for r in v.rows
            if r.outcome == "violated"
        }
        # The bundled models share one tokenizer, which only "strict" minds.
        assert accused == {("strict", "tokenizer")}
