# SPDX-License-Identifier: Apache-2.0
"""Every method and every command has its page, and the page says what the code says.

``PARENTAGE_REGENERATE=1 pytest tests/docs`` rewrites the generated blocks.
"""

import os
import re
from pathlib import Path

import click
import pytest

from parentage.cli.main import COMMANDS, cli
from parentage.evidence.catalogue import methods

DOCS = Path(__file__).parents[2] / "docs"
REGENERATE = bool(os.environ.get("PARENTAGE_REGENERATE"))


def block(page, name, content):
    """Compare (or rewrite) what stands between the markers of a generated block."""
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    assert text.count(begin) == text.count(end) == 1, page
    before, rest = text.split(begin)
    inside, after = rest.split(end)
    if REGENERATE:
        page.write_text(before + begin + content + end + after, encoding="utf-8")
    else:
        assert inside == content, f"{page} is stale: PARENTAGE_REGENERATE=1 pytest"


def method_block(method):
    def items(texts):
        return "".join(f"* {text}\n" for text in texts)

    return (
        f"# {method.title}\n\n"
        f"`{method.id}`, grade **{method.grade}**\n\n"
        f"**Question.** {method.question}\n\n"
        f"**Statistic.** {method.statistic}\n\n"
        f"**Null hypothesis.** {method.null}\n\n"
        f"**Assumptions.**\n\n{items(method.assumptions)}\n"
        f"**Blind spots.**\n\n{items(method.blind_spots)}\n"
        f"**Cost.** {method.cost}\n\n"
        f"**Reference.** {method.reference}\n"
    )


@pytest.mark.parametrize("name", methods())
def test_method_page_is_up_to_date(name):
    block(DOCS / "methods" / f"{name}.md", "catalogue", method_block(methods()[name]))


def test_methods_and_pages_are_the_same_set():
    assert {page.stem for page in (DOCS / "methods").glob("*.md")} == set(methods())


@pytest.mark.parametrize("name", COMMANDS)
def test_command_page_shows_its_help(name):
    command = cli.get_command(click.Context(cli), name)
    parent = click.Context(
        cli, info_name="parentage", help_option_names=["-h", "--help"]
    )
    context = click.Context(command, info_name=name, parent=parent, terminal_width=80)
    content = f"```text\n{command.get_help(context)}\n```\n"
    block(DOCS / "commands" / f"{name}.md", "help", content)


def test_commands_and_pages_are_the_same_set():
    assert {page.stem for page in (DOCS / "commands").glob("*.md")} == set(COMMANDS)


def test_relative_links_lead_somewhere():
    pages = [
        *DOCS.glob("*.md"),
        *DOCS.glob("methods/*.md"),
        *DOCS.glob("commands/*.md"),
    ]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_words_that_are_never_used():
    package = Path(__file__).parents[2] / "src" / "parentage"
    texts = [
        *DOCS.glob("**/*.md"),
        *package.glob("report/**/*.*"),
        *package.glob("cli/*.py"),
        package / "evidence" / "catalogue.toml",
    ]
    for file in texts:
        if file.suffix not in {".md", ".py", ".j2", ".toml"}:
            continue
        text = file.read_text(encoding="utf-8").lower()
        assert "stolen" not in text, file
        assert "proved from scratch" not in text, file
