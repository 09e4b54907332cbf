# SPDX-License-Identifier: Apache-2.0
"""The pages on training records say what the data files and the measurements say.

``PARENTAGE_REGENERATE=1 pytest tests/docs`` rewrites the generated blocks.
"""

import json
import os
from collections import Counter
from pathlib import Path

import click
import pytest

from parentage.cli.training import command
from parentage.evidence.record_catalogue import record_checks
from parentage.report.training_words import PARTS
from parentage.training.pieces import pieces
from parentage.verdict.training import rule

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "training.md"
RESULTS = ROOT / "benchmarks" / "records" / "results.json"
RECORDS = ROOT / "docs" / "training-records.md"
WEIGHTS = ROOT / "benchmarks" / "records" / "weights.json"
SYNTHESISED = ROOT / "benchmarks" / "records" / "synthesised.json"
REPLAYS = ROOT / "benchmarks" / "records" / "replays.json"
HELD_BACK = ROOT / "benchmarks" / "records" / "held_back.json"


def rule_block():
    rows = "".join(
        f"| {line.title} | "
        + ", ".join(f"`{check}` {least}" for check, least in line.checks.items())
        + " |\n"
        for line in rule()
    )
    return "| line | checks, and the least outcome of each |\n|---|---|\n" + rows


def pieces_block():
    rows = "".join(
        f"| {p.title}{' (needed)' if p.needed else ''} | {p.shows} |\n"
        for p in pieces().values()
    )
    return "| piece | shows |\n|---|---|\n" + rows


def checks_block():
    text = ""
    for part, title in PARTS.items():
        checks = [c for c in record_checks().values() if c.part == part]
        if not checks:
            continue
        text += f"**{title}**\n\n"
        text += "| check | grade | proves | could be forged by |\n|---|---|---|---|\n"
        for c in checks:
            text += f"| {c.title} (`{c.id}`): {c.question} | {c.grade} "
            text += f"| {c.proves} | {c.forged_by} |\n"
        text += "\n"
    return text


def rates_block():
    found = json.loads(RESULTS.read_text("utf-8"))
    text = f"{found['logs']} honest logs, {found['real']} of them real.\n\n"
    text += "| check | honest logs judged | false alarms |\n|---|---|---|\n"
    for check, row in found["honest"].items():
        text += f"| `{check}` | {row['judged']} | {row['alarms']} |\n"
    text += "\n| log tampered with | tried | found | by |\n|---|---|---|---|\n"
    for name, row in found["forged"].items():
        by = ", ".join(f"`{c}` {n}" for c, n in row["by"].items())
        text += f"| {name} | {row['tried']} | {row['found']} | {by} |\n"
    pairs = found["forged"]["copied from another run"]
    text += (
        f"\n{pairs['honest_pairs']} pairs of honest logs of different runs were held "
    )
    text += f"against each other: {pairs['honest_alarms']} false alarms.\n"
    return text


def weights_block():
    found = json.loads(WEIGHTS.read_text("utf-8"))
    rows = found["honest"]
    clear = [n for n, r in rows.items() if not r["contradictions"]]
    text = f"{len(clear)} of {len(rows)} honest records without a contradiction, "
    supported = [n for n, r in rows.items() if r["support"].startswith("from")]
    text += f"{len(supported)} of them supported"
    others = ", ".join(
        f"`{n}` lacks {', '.join(f'`{c}`' for c in r['lacking'])}"
        for n, r in rows.items()
        if n not in supported
    )
    text += f" ({others}).\n\n" if others else ".\n\n"
    text += "| check | honest records judged | false alarms | nearest to its threshold "
    text += "|\n|---|---|---|---|\n"
    for check in found["worst"]:
        judged = [r for r in rows.values() if check in r["judged"]]
        alarms = sum(check in r["contradictions"] for r in judged)
        text += f"| `{check}` | {len(judged)} | {alarms} "
        text += f"| {found['worst'][check]:.3g} |\n"
    text += "\n| forgery | tried | found | by |\n|---|---|---|---|\n"
    for name, row in found["forged"].items():
        by = ", ".join(f"`{c}` {n}" for c, n in row["by"].items())
        text += f"| {name} | {row['tried']} | {row['found']} | {by} |\n"
    missed = {n: r["missed"] for n, r in found["forged"].items() if r["missed"]}
    for name, runs in missed.items():
        text += f"\nNot found: {name} in {', '.join(f'`{r}`' for r in runs)}.\n"
    private = [r["fingerprints"] for r in rows.values()]
    chains = sum(r["outcomes"].get("chain") == "verified" for r in private)
    starts = sum(r["outcomes"].get("step-0") == "consistent" for r in private)
    text += (
        f"\nOf fingerprints alone: chain verified in {chains}, step 0 consistent in "
    )
    text += f"{starts} of {len(private)} records.\n\n"
    text += "| a reference that links, or not | outcome | correlation of step 0 with "
    text += (
        "the end, with the reference; of the two, and the product |\n|---|---|---|\n"
    )
    for name, row in found["shared"].items():
        text += f"| {name} | {row['outcome']} (`{row['reason']}`) | "
        if "own" in row:
            text += f"{row['own']:.3f}, {row['other']:.3f}; {row['both']:.3f}, "
            text += f"{row['product']:.3f}"
        text += " |\n"
    return text


def synthesised_block():
    found = json.loads(SYNTHESISED.read_text("utf-8"))
    text = "| check | logs | judged | false alarms | nearest |\n|---|---|---|---|---|\n"
    for part in ("chosen", "held back", "real"):
        for check, row in found[part]["honest"].items():
            value = row["most" if check == "loss-fall" else "least"]
            shown = "–" if value is None else f"{value:.3g}"
            text += f"| `{check}` | {part} ({found[part]['logs']}) | {row['judged']} "
            text += f"| {len(row['alarms'])} | {shown} |\n"
    windows = ", ".join(
        f"{row['alarms']} of {row['tried']} of {int(width):,} steps"
        for width, row in found["windows"].items()
    )
    text += (
        "\nStretches of honest logs judged by their coupling as if each were a log: "
    )
    text += f"{windows}.\n\n"
    text += (
        "| made up as | chosen, under 1,000 steps | chosen, more | held back, under "
    )
    text += "1,000 | held back, more | by |\n|---|---|---|---|---|---|\n"
    sides = found["found"]
    for name in sides["chosen"]:
        cells, by = [], Counter()
        for side in ("chosen", "held back"):
            row = sides[side][name]
            cells += [f"{hit} of {tried}" for tried, hit in row["sizes"].values()]
            by.update(row["by"])
        checks = ", ".join(f"`{c}` {n}" for c, n in by.most_common())
        text += f"| {name} | {' | '.join(cells)} | {checks} |\n"
    return text


def held_back_block():
    found = json.loads(HELD_BACK.read_text("utf-8"))
    text = "| check | logs, or batches drawn |"
    for part in found:
        text += f" {part}: tried, judged, false alarms | least to most |"
    text += "\n|---|---|---|---|---|---|\n"
    for check, ways in found["chosen"].items():
        for way in ways:
            text += f"| `{check}` | {way} |"
            for part in found.values():
                row = part[check][way]
                tried = sum(row["outcomes"].values())
                judged = tried - row["outcomes"].get("missing", 0)
                text += f" {tried}, {judged}, {len(row['alarms'])} |"
                text += f" {row['least']:.3g} to {row['most']:.4g} |"
            text += "\n"
    return text


def replays_block():
    found = json.loads(REPLAYS.read_text("utf-8"))["records"]
    names = list(found)
    text = f"| stretch | {' | '.join(f'`{n}`' for n in names)} |\n"
    text += "|---" * (len(names) + 1) + "|\n"
    for part in ("true", "altered"):
        for kind in found[names[0]][part]:
            row = [f"{found[n][part][kind][0]:.1e}" for n in names]
            text += f"| {kind} | {' | '.join(row)} |\n"
    return text


def subcommands_block():
    parent = click.Context(click.Command("parentage"), info_name="parentage")
    group = click.Context(
        command,
        info_name="training",
        parent=parent,
        terminal_width=80,
        help_option_names=["-h", "--help"],
    )
    text = ""
    for name, one in command.commands.items():
        context = click.Context(
            one,
            info_name=name,
            parent=group,
            terminal_width=80,
        )
        text += f"```text\n{one.get_help(context)}\n```\n\n"
    return text


BLOCKS = {
    "rule": (PAGE, rule_block),
    "pieces": (PAGE, pieces_block),
    "checks": (PAGE, checks_block),
    "rates": (PAGE, rates_block),
    "synthesised": (PAGE, synthesised_block),
    "weights": (RECORDS, weights_block),
    "replays": (RECORDS, replays_block),
    "held back": (RECORDS, held_back_block),
    "subcommands": (ROOT / "docs" / "commands" / "training.md", subcommands_block),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_generated_block_is_up_to_date(name):
    page, make = BLOCKS[name]
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, rest = text.split(begin)
    inside, after = rest.split(end)
    if os.environ.get("PARENTAGE_REGENERATE"):
        page.write_text(before + begin + make() + end + after, encoding="utf-8")
    else:
        assert inside == make(), f"{page} is stale: PARENTAGE_REGENERATE=1 pytest"


def test_no_false_alarm_was_measured():
    found = json.loads(RESULTS.read_text("utf-8"))
    assert not {c: r for c, r in found["honest"].items() if r["alarms"]}
    assert found["forged"]["copied from another run"]["honest_alarms"] == 0
    found = json.loads(SYNTHESISED.read_text("utf-8"))
    for part in ("chosen", "held back", "real"):
        assert not [r for r in found[part]["honest"].values() if r["alarms"]]


def test_honest_records_are_never_contradicted_and_repetitions_are_told_apart():
    found = json.loads(WEIGHTS.read_text("utf-8"))
    assert not {n for n, r in found["honest"].items() if r["contradictions"]}
    private = [r["fingerprints"] for r in found["honest"].values()]
    assert not any(r["contradictions"] for r in private)
    replays = json.loads(REPLAYS.read_text("utf-8"))
    for row in replays["records"].values():
        assert max(d for d, _ in row["true"].values()) < replays["near"]
        # Clipping that never acted is no difference.
        others = {n: d for n, (d, _) in row["altered"].items() if n != "no clipping"}
        assert min(others.values()) > 10 * replays["near"]
        spreads = [s for kinds in row.values() for _, s in kinds.values()]
        assert min(others.values()) > 10 * max(spreads)
