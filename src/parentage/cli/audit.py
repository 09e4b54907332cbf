# SPDX-License-Identifier: Apache-2.0
"""``parentage audit``: judge every module of a model against references."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parentage.cli.delivery import deliver
from parentage.cli.options import (
    budget_option,
    date_option,
    debug_option,
    descent_budget_option,
    html_option,
    json_option,
    lang_option,
    licence_option,
    manifest_option,
    no_cache_option,
    profile_option,
    seed_option,
    sequential_option,
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
@date_option()
@click.option(
    "--training",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The candidate's training record (packet.toml), checked beside it.",
)
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
@sequential_option(
    "Read layer by layer, and no further where a module is decided; valid however "
    "often one looks. Descents are described only if --descent-budget is given."
)
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep to a plan of `parentage plan --output`: its seed and budgets are taken, "
    "and other models, shapes or options are refused.",
)
@click.option(
    "--hash-files",
    is_flag=True,
    help="Take the SHA-256 of every weight file on this machine, for bills of "
    "materials; reads all of it.",
)
@no_cache_option()
@debug_option()
def command(
    candidate: str,
    against: tuple[str, ...],
    training: Path | None,
    html: Path | None,
    *,
    files: tuple[Path, ...],
    profiles: tuple[str, ...],
    manifest: Path | None,
    licences: tuple[tuple[str, str], ...],
    dates: tuple[tuple[str, str], ...],
    as_json: bool,
    lang: Code,
    budget: int,
    undo_budget: int | None,
    descent_budget: int,
    seed: int,
    sequential: bool,
    plan_file: Path | None,
    hash_files: bool,
    no_cache: bool,
) -> int:
    """Judge every module of CANDIDATE against one or more references.

    CANDIDATE and REFERENCE are folders or files of weights on this machine
    (safetensors, GGUF, PyTorch, ONNX, quantised or not), org/name@revision of the
    Hugging Face Hub, hf://, https:// or s3:// references, or BASE+ADAPTER. Of models
    elsewhere only the bytes that are looked at are fetched. Several references may
    follow one --against.

    Exit code 1: some module is identical to a reference's or carries its weights. 0:
    nothing was found and enough could be tested. 3: inconclusive. Finding nothing is
    no proof of training from scratch.

    With --profile the exit code is that of the verdicts: 1 if a profile is violated, 3
    if one is inconclusive, 0 if all are satisfied.
    """
    for target in (*files, *([] if html is None else [html])):
        check_target(target)
    forms = {file: form_of(file) for file in files}
    from parentage.cli.caching import evidence_cache
    from parentage.cli.planned import Chosen, keep_to
    from parentage.run.audit import audit

    chosen = Chosen(seed, budget, undo_budget, descent_budget, sequential)
    plan, chosen = keep_to(plan_file, chosen)
    line = ["parentage", "audit", candidate]
    for reference in against:
        line += ["--against", reference]
    line += [*chosen.words(), *([] if plan is None else ["--plan", str(plan_file)])]
    if training is not None:
        line += ["--training", str(training)]
    for profile in profiles:
        line += ["--profile", profile]
    if manifest is not None:
        line += ["--manifest", str(manifest)]
    for model, expression in licences:
        line += ["--licence", f"{model}={expression}"]
    for model, date in dates:
        line += ["--date", f"{model}={date}"]
    if hash_files:
        line.append("--hash-files")
    with evidence_cache(use=not no_cache) as cache, progress_bar() as progress:
        report = audit(
            candidate,
            against,
            budget=chosen.budget,
            undo_budget=chosen.undo_budget,
            descent_budget=chosen.descent_budget,
            seed=chosen.seed,
            training=training,
            command=line,
            progress=progress,
            profiles=profiles,
            manifest=manifest,
            licences=licences,
            dates=dates,
            cache=cache,
            sequential=chosen.sequential,
            plan=plan,
            hash_files=hash_files,
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
