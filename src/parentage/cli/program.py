# SPDX-License-Identifier: Apache-2.0
"""``parentage program``: stages of an evaluation programme."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from parentage.cli.delivery import deliver
from parentage.cli.options import (
    debug_option,
    html_option,
    json_option,
    lang_option,
    seed_option,
    together,
)
from parentage.cli.outcome import (
    CLEAR,
    FOUND,
    INCONCLUSIVE,
    check_target,
    write_text,
)
from parentage.errors import UsageError
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.stage_document import StageDocument
    from parentage.run.program import Simulation


@click.group(name="program", no_args_is_help=True)
@debug_option()
def command() -> None:
    """Score a stage of an evaluation: points, gates, ranks, and who goes on.

    A stage is a file (see docs/stages.md) or the id of a shipped one. Scores that are
    not known stay unknown: ranks and outcomes are certain where no possible score
    changes them.
    """


_inputs: Final = together(
    click.option(
        "--scores",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Scores besides those of the stage, TOML or JSON; may be repeated.",
    ),
    click.option(
        "--gate",
        "gates",
        multiple=True,
        metavar="TEAM=ANSWER",
        help="What the gate says of a team: pass, fail, or a report of `parentage "
        "audit --json`, which is judged; may be repeated.",
    ),
    click.option(
        "--profile",
        metavar="ID|FILE",
        help="Definition that reports are judged under; the stage's by default.",
    ),
    click.option(
        "--gate-by",
        type=click.Choice(["committee", "verdict"]),
        help="Whose answer counts; as the stage says by default.",
    ),
    click.option(
        "--without-source",
        "sources",
        multiple=True,
        metavar="ID",
        help="Leave out every figure of a source; may be repeated.",
    ),
    click.option(
        "--without-team",
        "teams",
        multiple=True,
        metavar="ID",
        help="Leave out every score of a team, which then is unknown; may be repeated.",
    ),
)
"""The options that say what is scored."""


_changes: Final = together(
    click.option(
        "--draws",
        type=click.IntRange(1, 200_000),
        default=4000,
        show_default=True,
        help="How many times scores are drawn.",
    ),
    click.option(
        "--noise",
        multiple=True,
        type=click.FloatRange(0, 1),
        metavar="SHARE",
        help="Error of each score as a share of its points; may be repeated. "
        "[default: 0.005, 0.01, 0.02, 0.05]",
    ),
    click.option(
        "--spread",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.2,
        show_default=True,
        help="How far the points of parts are moved, as a share of them.",
    ),
    click.option(
        "--points",
        multiple=True,
        metavar="PART=NUMBER",
        help="Other points for a part, as one more scenario; may be repeated.",
    ),
)
"""The options that say what is simulated."""


@command.command(name="list")
@json_option("the stages")
@lang_option()
@debug_option()
def list_stages(*, as_json: bool, lang: Code) -> int:
    """List the stages that ship with the package."""
    from parentage.program.load_stage import shipped_stages

    stages = shipped_stages()
    if as_json:
        rows = [
            {
                "id": one.stage.id,
                "date": one.stage.date.isoformat(),
                "title": one.stage.title.model_dump(),
                "teams": [team.id for team in one.stage.teams],
                "digest": one.digest,
            }
            for one in stages.values()
        ]
        click.echo(json.dumps({"stages": rows}, indent=2, ensure_ascii=False))
        return CLEAR
    from parentage.cli.console import stdout
    from parentage.report.stage_terminal import print_stages

    print_stages(stages.values(), stdout(), Language(lang))
    return CLEAR


@command.command(name="score", no_args_is_help=True)
@click.argument("stage")
@_inputs
@click.option(
    "--quick",
    is_flag=True,
    help="Do not look for the figures that each score rests on.",
)
@html_option()
@json_option("the document (parentage.stage/1)")
@lang_option()
@debug_option()
def score(
    stage: str,
    html: Path | None,
    *,
    quick: bool,
    as_json: bool,
    lang: Code,
    **given: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Totals, ranks, gate outcomes and who goes on, with every step.

    Exit code 1: published figures contradict each other, or something else was
    announced than the rule gives. 3: what is not known decides whether some team goes
    on. 0: neither.
    """
    document = _scored("score", stage, html, given, quick=quick)
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    return _code(document)


@command.command(name="simulate", no_args_is_help=True)
@click.argument("stage")
@_inputs
@_changes
@seed_option()
@html_option()
@json_option("the document (parentage.stage/1)")
@lang_option()
@debug_option()
def simulate(
    stage: str,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
    **given: Any,  # noqa: ANN401 - the shared options
) -> int:
    """How ranks move under errors of the scores, other points and other gates.

    Exit codes as for `score`.
    """
    document = _scored("simulate", stage, html, given, quick=True)
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show_changes)
    return _code(document)


@command.command(name="report", no_args_is_help=True)
@click.argument("stage")
@_inputs
@_changes
@click.option("--simulate", is_flag=True, help="With what would change the outcome.")
@seed_option()
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "json"]),
    default="html",
    show_default=True,
    help="Form of the report.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to; standard output by default.",
)
@json_option("the document; the same as --format json,")
@lang_option()
@debug_option()
def report(
    stage: str,
    form: Literal["html", "markdown", "json"],
    output: Path | None,
    *,
    as_json: bool,
    lang: Code,
    **given: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Write a report of a stage; STAGE may also be a document that `score` wrote.

    Exit codes as for `score`.
    """
    if output is not None:
        check_target(output)
    if Path(stage).suffix == ".json":
        from parentage.report.stage_document import load_stage_document

        document = load_stage_document(stage)
    else:
        document = _scored("report", stage, None, given, quick=False)
    language = Language(lang)
    if as_json or form == "json":
        text = document.to_json() + "\n"
    elif form == "html":
        text = _page(document, language)
    else:
        from parentage.report.stage_markdown import render_stage_markdown

        text = render_stage_markdown(document, language)
    if output is not None:
        write_text(output, text)
    else:
        click.echo(text, nl=False)
    return _code(document)


def _scored(
    word: str, stage: str, html: Path | None, given: dict[str, Any], *, quick: bool
) -> StageDocument:
    if html is not None:
        check_target(html)
    from parentage.run.program import score_file

    gates = [_pair(one, "--gate", "TEAM=ANSWER") for one in given["gates"]]
    line = ["parentage", "program", word, stage]
    for option, values in (
        ("--scores", given["scores"]),
        ("--gate", given["gates"]),
        ("--without-source", given["sources"]),
        ("--without-team", given["teams"]),
    ):
        for value in values:
            line += [option, str(value)]
    for option in ("profile", "gate_by"):
        if given[option] is not None:
            line += [f"--{option.replace('_', '-')}", given[option]]
    wanted = word == "simulate" or bool(given.get("simulate"))
    simulation = _simulation(given, line) if wanted else None
    line += ["--quick"] if quick and word == "score" else []
    return score_file(
        stage,
        scores=given["scores"],
        gates=gates,
        profile=given["profile"],
        gate_by=given["gate_by"],
        without_sources=given["sources"],
        without_teams=given["teams"],
        explain=not quick,
        simulation=simulation,
        command=line,
    )


def _simulation(given: dict[str, Any], line: list[str]) -> Simulation:
    """What to simulate; writes the options into the line that repeats the run."""
    from parentage.program.simulate import NOISE
    from parentage.run.program import Simulation

    points = {}
    for one in given["points"]:
        part, text = _pair(one, "--points", "PART=NUMBER")
        try:
            points[part] = float(text)
        except ValueError as error:
            raise UsageError(
                f"--points {one}: '{text}' is not a number", expected="PART=NUMBER"
            ) from error
        line += ["--points", one]
    noise: Sequence[float] = given["noise"] or NOISE
    line += ["--simulate"] if given.get("simulate") else []
    line += ["--draws", str(given["draws"]), "--seed", str(given["seed"])]
    line += ["--spread", f"{given['spread']:g}"]
    for level in noise:
        line += ["--noise", f"{level:g}"]
    return Simulation(
        draws=given["draws"],
        seed=given["seed"],
        noise=tuple(noise),
        spread=given["spread"],
        points=points,
    )


def _pair(text: str, option: str, expected: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise UsageError(f"{option} {text}: no '='", expected=expected)
    return name, value


def _code(document: StageDocument) -> int:
    result = document.result
    outcomes = [team.advance for team in result.teams]
    if any(f.outcome == "disagrees" for f in result.figures) or any(
        one.agrees is False for one in outcomes
    ):
        return FOUND
    return INCONCLUSIVE if any(o.outcome == "open" for o in outcomes) else CLEAR


def _page(document: StageDocument, language: Language) -> str:
    from parentage.report.stage_html import render_stage

    return render_stage(document, language)


def _show(document: StageDocument, console: Console, language: Language) -> None:
    from parentage.report.stage_terminal import print_stage

    print_stage(document, console, language)


def _show_changes(
    document: StageDocument, console: Console, language: Language
) -> None:
    from parentage.report.stage_terminal import print_simulation

    print_simulation(document, console, language)
