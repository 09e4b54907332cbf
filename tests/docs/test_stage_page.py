# SPDX-License-Identifier: Apache-2.0
"""The page on stages says what the shipped stages give.

``PARENTAGE_REGENERATE=1 pytest tests/docs`` rewrites the generated blocks.
"""

import os
from pathlib import Path

import click
import pytest

from parentage.cli.program import command
from parentage.program.load_stage import load_stage, shipped_stages
from parentage.program.simulate import simulate_stage
from parentage.program.stage import Advance, Gate, Item, Panel, Stage
from parentage.report.markdown_report import table
from parentage.report.stage_view import stage_view
from parentage.run.program import score_file

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "stages.md"
HELP = ROOT / "docs" / "commands" / "program.md"
REGENERATE = bool(os.environ.get("PARENTAGE_REGENERATE"))


def block(page, name, content):
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    assert text.count(begin) == text.count(end) == 1, page
    before, rest = text.split(begin)
    inside, after = rest.split(end)
    if REGENERATE:
        page.write_text(before + begin + content + end + after, encoding="utf-8")
    else:
        assert inside == content, f"{page} is stale: PARENTAGE_REGENERATE=1 pytest"


def test_help_of_subcommands():
    parts = []
    for name in command.list_commands(click.Context(command)):
        context = click.Context(
            command.commands[name],
            info_name=f"parentage program {name}",
            help_option_names=["-h", "--help"],
            terminal_width=80,
        )
        parts.append(f"```text\n{command.commands[name].get_help(context)}\n```\n\n")
    block(HELP, "subcommands", "".join(parts))


def test_list_of_stages():
    rows = [
        (
            f"`{s.id}`",
            s.date.isoformat(),
            s.title.en,
            str(len(s.teams)),
            str(len(s.scores.figures) + len(s.scores.values)),
            ", ".join(source.id for source in s.sources),
        )
        for s in (loaded.stage for loaded in shipped_stages().values())
    ]
    heads = ("Id", "Date", "Title", "Teams", "Published figures", "Sources")
    block(PAGE, "stages", table(heads, rows) + "\n")


@pytest.mark.parametrize("name", ["kr-2026-phase-1", "kr-2026-phase-2"])
def test_totals(name):
    view = stage_view(score_file(name, explain=False))
    lines = "".join(f"* {sentence}\n" for sentence in view.sentences)
    shown = table(view.totals.heads, view.totals.rows)
    block(PAGE, name, f"{shown}\n\n{lines}")


def test_simulation():
    result = simulate_stage(load_stage("kr-2026-phase-2").stage)
    titles = {
        "possible": "scores that are possible",
        "noise": "noise",
        "spread": "points of parts moved by up to",
        "any": "any points",
    }
    rows = []
    for one in result.scenarios:
        level = "" if one.level is None else f" {100 * one.level:.3g} %"
        same = one.unchanged
        rows.append(
            (
                titles[one.kind] + level,
                f"{100 * same.share:.1f} %",
                f"{100 * same.low:.1f} – {100 * same.high:.1f} %",
            )
        )
    heads = ("Changed", "Same three teams go on", "95 % interval")
    block(PAGE, "simulation", table(heads, rows) + "\n")


def test_keys():
    def attributes(model):
        doc = model.__doc__.split("Attributes:")[-1]
        lines = [" ".join(line.split()) for line in doc.strip().splitlines()]
        return " ".join(lines)

    rows = [
        (name, attributes(model))
        for name, model in (
            ("the file", Stage),
            ("`[[panels]]`", Panel),
            ("`[[parts.items]]`", Item),
            ("`[gate]`", Gate),
            ("`[advance]`", Advance),
        )
    ]
    content = table(("Table", "Keys"), rows).replace("``", "`")
    block(PAGE, "keys", content + "\n")
