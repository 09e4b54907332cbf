# SPDX-License-Identifier: Apache-2.0
"""Generated parts of the pages on claims and cases.

``PARENTAGE_REGENERATE=1 pytest tests/docs`` rewrites them; those of January 2026 need
the raw files too, whose folder PARENTAGE_DATA names.
"""

import os
from pathlib import Path

import click
import numpy as np
import pytest

from parentage.cli.main import cli
from parentage.report import claim_words as say
from parentage.run.cases import folder, shipped
from parentage.run.claim import check_claim
from parentage.verdict import claim_rates
from parentage.verdict.claim_statistics import statistics

DOCS = Path(__file__).parents[2] / "docs"
REGENERATE = bool(os.environ.get("PARENTAGE_REGENERATE"))
DATA = os.environ.get("PARENTAGE_DATA")
needs_data = pytest.mark.skipif(
    DATA is None, reason="PARENTAGE_DATA does not name the raw files"
)
JANUARY = (
    "solar-glm-2026-01-01",
    "solar-glm-phi-2026-01-02",
    "solar-glm-shuffled-2026-01-02",
    "solar-glm-baseline-2026-01-03",
    "solar-glm-pearson-2026-01-03",
    "solar-glm-2026-01-15",
)


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


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(c) for c in row) + " |\n" for row in lines)


def test_help_of_running_a_case():
    group = cli.get_command(click.Context(cli), "case")
    context = click.Context(
        group.commands["run"],
        info_name="parentage case run",
        help_option_names=["-h", "--help"],
        terminal_width=80,
    )
    content = f"```text\n{group.commands['run'].get_help(context)}\n```\n"
    block(DOCS / "commands" / "case.md", "run", content)


def test_index_of_cases():
    rows = [
        (
            f"`{case.id}`",
            case.date,
            case.title,
            "/".join(case.types),
            len(case.references),
            len(case.controls),
            ", ".join(c.file for c in case.claims if c.file) or "–",
        )
        for case in shipped().values()
    ]
    head = ("Case", "Date", "About", "Types", "References", "Controls", "Claim files")
    block(DOCS / "cases.md", "cases", table(head, rows))


def test_rates_of_statistics():
    rows = []
    for one in statistics().values():
        known = claim_rates.scores(one.scores) if one.scores else None
        if known is None:
            continue
        independent, related = (np.array(v) for v in (known.independent, known.related))
        edge = independent.max() if one.related == "high" else independent.min()
        beyond = related > edge if one.related == "high" else related < edge
        rows.append(
            (
                f"`{one.id}`",
                len(independent),
                f"{np.median(independent):.4f}",
                f"{edge:.4f}",
                len(related),
                f"{np.median(related):.4f}",
                f"{beyond.mean():.0%}",
            )
        )
    head = (
        "Statistic",
        "Independent pairs",
        "Median",
        "Most extreme",
        "Descendants",
        "Median",
        "Beyond every independent pair",
    )
    block(DOCS / "claims.md", "rates", table(head, rows))


def test_names_of_statistics():
    rows = [
        (
            f"`{one.id.split('/')[0]}`",
            f"`{one.id.split('/')[1]}`",
            f"never: {one.never}"
            if one.never
            else ("exact" if one.exact else "may be"),
            ", ".join(one.controls) or "–",
        )
        for one in statistics().values()
    ]
    head = ("`statistic`", "`of`", "Evidence of descent", "Controls it needs")
    block(DOCS / "claims.md", "statistics", table(head, rows))


def checked(name):
    file = folder().joinpath("claims", f"{name}.yaml")
    return check_claim(file, data=DATA)


@needs_data
def test_january_overview():
    rows = []
    for name in JANUARY:
        document = checked(name)
        counts = document.judgement.cells
        rows.append(
            (
                document.claim.date,
                document.claim.by,
                document.claim.title,
                counts.get("reproduces", 0) + counts.get("cut-off", 0),
                counts.get("differs", 0),
                counts.get("not-checkable", 0),
                document.judgement.outcome,
            )
        )
    head = (
        "Date",
        "By",
        "What",
        "Reproduce",
        "Do not",
        "Cannot be checked",
        "Outcome",
    )
    block(DOCS / "january-2026.md", "overview", table(head, rows))


@needs_data
def test_january_support():
    lines = []
    for support in checked(JANUARY[0]).judgement.supports:
        title = say.statistic_words(support.statistic)
        lines.append(
            f"**{support.series}**: {title} at {support.claimed_at} "
            f"{say.SUPPORTS[support.outcome]}.\n\n"
        )
        lines += [f"* {say.reason_words(r)}\n" for r in support.reasons]
        lines += [
            f"* {say.rate_words(r, support.claimed_at)}\n"
            for r in support.rates
            if r.error == "false-positive"
        ]
        lines += [f"* Missing: {say.KINDS[k]}.\n" for k in support.missing]
        lines.append("\n")
    block(DOCS / "january-2026.md", "support", "".join(lines).rstrip() + "\n")


@needs_data
def test_january_traps():
    lines = [f"* {say.trap_words(t)}\n" for t in checked(JANUARY[0]).judgement.traps]
    block(DOCS / "january-2026.md", "traps", "".join(lines))


@needs_data
def test_january_readme():
    rows = [
        (
            series.title,
            cell.label,
            cell.printed,
            say.number(cell.recomputed),
            say.cell_words(cell),
        )
        for series in checked(JANUARY[-1]).judgement.series
        for cell in series.cells
    ]
    head = ("Table", "Row", "Printed", "Raw table", "Answer")
    block(DOCS / "january-2026.md", "readme", table(head, rows))
