# SPDX-License-Identifier: Apache-2.0
"""``parentage audit``: judge every module of a model against references."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parentage.cli.delivery import deliver
from parentage.cli.options import (
    budget_option,
    debug_option,
    descent_budget_option,
    html_option,
    json_option,
    lang_option,
    licence_option,
    manifest_option,
    profile_option,
    seed_option,
    undo_budget_option,
)
from parentage.cli.outcome import audit_code, check_target, verdict_code, write_bytes
from parentage.cli.progress import progress_bar
from parentage.cli.report import form_of, render
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.document import Report


class AuditCommand(click.Command):
    """Lets one ``--against`` take several models once the candidate is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Turn ``C --against R1 R2`` into ``C --against R1 --against R2``.

        Only after the candidate: in ``--against R1 R2 C`` nobody could tell which of
        the three is meant to be the candidate, so that stays an error.
        """
        takes_value = {
            name
            for param in self.params
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        }
        words: list[str] = []
        named = open_list = False
        previous = ""
        for position, word in enumerate(args):
            if word == "--":
                words += args[position:]
                break
            if previous in takes_value:
                open_list = previous == "--against" and named
            elif word.startswith("-"):
                open_list = word.startswith("--against=") and named
            elif open_list:
                words.append("--against")
            else:
                named = True
            words.append(word)
            previous = word if previous not in takes_value else ""
        return super().parse_args(ctx, words)


@click.command(name="audit", cls=AuditCommand, no_args_is_help=True)
@click.argument("candidate")
@click.option(
    "--against",
    multiple=True,
    required=True,
    metavar="REFERENCE",
    help="A model that the candidate may carry weights of; may be given repeatedly.",
)
@profile_option("A definition to judge the findings under (see `parentage profiles`)")
@manifest_option()
@licence_option()
@html_option()
@click.option(
    "--write",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write FILE, whose name says what: .pdf, .md, .sarif, .cdx.json, "
    ".spdx.json, .json or .html; may be given repeatedly.",
)
@json_option("the report document (parentage.report/1)")
@lang_option()
@budget_option()
@undo_budget_option()
@descent_budget_option()
@seed_option()
@debug_option()
def command(
    candidate: str,
    against: tuple[str, ...],
    html: Path | None,
    *,
    files: tuple[Path, ...],
    profiles: tuple[str, ...],
    manifest: Path | None,
    licences: tuple[tuple[str, str], ...],
    as_json: bool,
    lang: Code,
    budget: int,
    undo_budget: int | None,
    descent_budget: int,
    seed: int,
) -> int:
    """Judge every module of CANDIDATE against one or more references.

    CANDIDATE and REFERENCE are local folders or files of weights: safetensors, GGUF,
    PyTorch, ONNX, quantised or not, or BASE+ADAPTER. Several references may follow one
    --against.

    Exit code 1: some module is identical to a reference's or carries its weights. 0:
    nothing was found and enough could be tested. 3: inconclusive. Finding nothing is
    no proof of training from scratch.

    With --profile the exit code is that of the verdicts: 1 if a profile is violated, 3
    if one is inconclusive, 0 if all are satisfied.
    """
    for target in (*files, *([] if html is None else [html])):
        check_target(target)
    forms = {file: form_of(file) for file in files}
    from parentage.run.audit import audit

    line = ["parentage", "audit", candidate]
    for reference in against:
        line += ["--against", reference]
    line += ["--budget", str(budget)]
    if undo_budget is not None:
        line += ["--undo-budget", str(undo_budget)]
    line += ["--descent-budget", str(descent_budget)]
    line += ["--seed", str(seed)]
    for profile in profiles:
        line += ["--profile", profile]
    if manifest is not None:
        line += ["--manifest", str(manifest)]
    for model, expression in licences:
        line += ["--licence", f"{model}={expression}"]
    with progress_bar() as progress:
        report = audit(
            candidate,
            against,
            budget=budget,
            undo_budget=undo_budget,
            descent_budget=descent_budget,
            seed=seed,
            command=line,
            progress=progress,
            profiles=profiles,
            manifest=manifest,
            licences=licences,
        )
    deliver(report, html, as_json=as_json, lang=lang, page=_page, show=_show)
    for file, form in forms.items():
        write_bytes(file, render(report, form, lang))
        click.echo(f"{form}: {file}", err=True)
    if profiles:
        return verdict_code(verdict.outcome for verdict in report.verdicts)
    return audit_code(report)


def _page(report: Report, language: Language) -> str:
    from parentage.report.html import render_html

    return render_html(report, language)


def _show(report: Report, console: Console, language: Language) -> None:
    from parentage.report.terminal import print_report

    print_report(report, console, language)
