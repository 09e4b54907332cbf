# SPDX-License-Identifier: Apache-2.0
"""Writes docs/training-logs.md: every real log, what it could show and what not.

``PARENTAGE_DATA=FOLDER python -m benchmarks.records.real_logs``. Nothing of the logs is
copied but counts and, thinned to a few dozen points, the curves of one small figure.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.records.run import REAL_VOCABULARY, log_files
from parentage.errors import ParentageError
from parentage.evidence.log_subject import LogSubject
from parentage.evidence.loss_checks import check_log
from parentage.evidence.record import RecordEvidence
from parentage.evidence.record_catalogue import record_checks
from parentage.report.training_figures import curve_plot
from parentage.run.training_logs import thinned
from parentage.training.logs import read_log
from parentage.training.manifest import ModelPart
from parentage.training.series import Builder, Series

DOCS = Path(__file__).parents[2] / "docs"

COLOURS = {"--accent": "#a33a1b", "--muted": "#5f5b55", "--line": "#ddd8d0"}


def short(inside: str) -> str:
    """The group and a name short enough for a table."""
    group, name = inside.split("/", 1)
    name = re.sub(r"events\.out\.tfevents\.(\d+)\..*", r"tfevents.\1", name)
    return f"{group}/{name[-44:]}"


def titles(evidence: list[RecordEvidence], outcome: str) -> str:
    """Names of the checks that had an outcome, in the order of the catalogue."""
    found = {e.check for e in evidence if e.outcome == outcome}
    return ", ".join(c.title.lower() for c in record_checks().values() if c.id in found)


def row_of(inside: str, series: Series) -> tuple[str, list[RecordEvidence]]:
    """A line of the table, and the evidence behind it."""
    known = next((v for k, v in REAL_VOCABULARY.items() if inside.startswith(k)), None)
    model = ModelPart.model_validate({"name": "log", "vocabulary": known})
    found = check_log(LogSubject(inside, series, model=model if known else None))
    steps = series.columns["step"]
    span = f"{np.nanmin(steps):,.0f}–{np.nanmax(steps):,.0f}"
    facts = ", ".join(
        f"{code} {count}"
        for code, count in sorted(series.counts.items())
        if code != "other-line"
    )
    return (
        f"| {short(inside)} | {series.format} | {series.rows:,} | {span} | "
        f"{facts or '–'} | {titles(found, 'consistent') or '–'} | "
        f"{titles(found, 'missing') or '–'} | "
        f"{titles(found, 'contradicted') or '**none**'} |\n"
    ), found


def figure(series: dict[str, Series]) -> str:
    """Small multiples of the losses, as one SVG file."""
    cells = []
    for number, (name, one) in enumerate(series.items()):
        column = "loss" if one.has("loss") else "eval_loss"
        svg = str(curve_plot(thinned(column, one.curve(column), bins=48)))
        for variable, colour in COLOURS.items():
            svg = svg.replace(f"var({variable})", colour)
        x, y = number % 3 * 350, number // 3 * 180
        svg = svg.replace("<svg ", f'<svg x="{x}" y="{y + 18}" ', 1)
        cells.append(
            f'<text x="{x + 8}" y="{y + 12}" font-size="12" font-family="sans-serif" '
            f'fill="#5f5b55">{name[:52]}</text>{svg}'
        )
    height = (len(series) + 2) // 3 * 180
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1050 {height}">'
        f"{''.join(cells)}</svg>\n"
    )


def _joined(root: Path, files: list[str]) -> Series:
    """Evaluations of one model at many steps as one series."""
    build = Builder(files[0], "evaluation")
    for number, file in enumerate(files, 1):
        curve = read_log(root / "logs" / file).curve("eval_loss")
        for step, value in zip(curve.step, curve.value, strict=True):
            build.add(number, {"step": float(step), "eval_loss": float(value)})
    return build.finish()


def main(root: Path) -> None:
    """Read every log, write page and figure."""
    rows: list[str] = []
    failed: list[str] = []
    shown: dict[str, Series] = {}
    alarms = 0
    points: dict[str, list[str]] = defaultdict(list)
    for file, inside in log_files(root):
        try:
            series = read_log(file)
        except ParentageError as error:
            failed.append(f"* {inside}: {error}\n")
            continue
        if series.format == "evaluation":
            points[re.sub(r"__zero.*", "", inside)].append(inside)
            continue
        row, found = row_of(inside, series)
        rows.append(row)
        alarms += any(e.outcome == "contradicted" for e in found)
        drawn = series.has("loss") or series.has("eval_loss")
        if drawn and not re.search(r"trainer_state_\d+\.json", inside):
            shown[short(inside)] = series
    for group, files in sorted(points.items()):
        shown[group] = _joined(root, files)
        rows.append(
            f"| {group} | evaluation | {len(files)} | {len(files)} files, one step "
            "each | – | – | every check on curves: evaluations hold no training loss | "
            "**none** |\n"
        )
    template = (DOCS / "training-logs.md").read_text("utf-8")
    begin, end = "<!-- table -->\n", "<!-- /table -->\n"
    before, rest = template.split(begin)
    after = rest.split(end)[1]
    total = len(rows) - len(points) + sum(map(len, points.values()))
    table = (
        f"{total} files were read, {len(failed)} could not be. Files with a check that "
        f"contradicts: **{alarms}**.\n\n"
        "| log | read as | rows | steps | facts | consistent | not shown "
        "| contradicted |\n"
        "|---|---|---|---|---|---|---|---|\n" + "".join(rows) + "".join(failed)
    )
    text = before + begin + table + end + after
    (DOCS / "training-logs.md").write_text(text, "utf-8")
    (DOCS / "figures" / "training-logs.svg").write_text(figure(shown), "utf-8")


if __name__ == "__main__":
    main(Path(os.environ["PARENTAGE_DATA"]))
