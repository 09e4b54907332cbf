# SPDX-License-Identifier: Apache-2.0
"""``parentage report``: a stored report in another form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR, check_target, write_bytes
from parentage.errors import UsageError
from parentage.report.language import LANGUAGES, Code, Language

if TYPE_CHECKING:
    from parentage.report.document import Report

Format = Literal["html", "pdf", "markdown", "json", "sarif", "cyclonedx", "spdx"]
FORMATS: Final[tuple[Format, ...]] = (
    "html",
    "pdf",
    "markdown",
    "json",
    "sarif",
    "cyclonedx",
    "spdx",
)
OF_A_LANGUAGE: Final = frozenset({"html", "pdf", "markdown"})
"""Formats that people read; the others are of no language."""


SUFFIXES: Final[dict[str, Format]] = {
    ".html": "html",
    ".pdf": "pdf",
    ".md": "markdown",
    ".sarif": "sarif",
    ".cdx.json": "cyclonedx",
    ".spdx.json": "spdx",
    ".json": "json",
}
"""Ends of file names -> format; the first that fits counts."""


def form_of(path: Path) -> Format:
    """The format that a file's name asks for.

    Raises:
        UsageError: it asks for none.
    """
    for suffix, form in SUFFIXES.items():
        if path.name.endswith(suffix):
            return form
    raise UsageError(
        "its name asks for no known form",
        file=str(path),
        expected="a name that ends with " + ", ".join(SUFFIXES),
    )


@click.command(name="report", no_args_is_help=True)
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=None,
    help="pdf needs the extra 'pdf'; cyclonedx and spdx need 'bom'.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it; stdout by default, which PDF is not written to.",
)
@click.option(
    "--lang",
    type=click.Choice((*LANGUAGES, "both")),
    default="en",
    show_default=True,
    help="Language of HTML, PDF and Markdown; both: one page with a switch, and of "
    "PDF and Markdown one file for each language.",
)
@json_option("the document; the same as --format json,")
@debug_option()
def command(
    report: Path,
    form: Format | None,
    output: Path | None,
    lang: Code | Literal["both"],
    *,
    as_json: bool,
) -> int:
    """Show REPORT, which `parentage audit --json` wrote, in another form.

    No weights are read, and nothing is computed anew. With both languages, FILE.pdf
    becomes FILE.en.pdf and FILE.ko.pdf.
    """
    if as_json == (form is not None):
        raise UsageError("give either --format or --json")
    form = form or "json"
    several = lang == "both" and form in {"pdf", "markdown"}
    if output is None and (form == "pdf" or several):
        raise UsageError("this form is written to files", expected="--output FILE")
    if output is not None:
        check_target(output)
    from parentage.report.load import load_report

    document = load_report(report)
    if several and output is not None:
        for code in LANGUAGES:
            target = output.with_suffix(f".{code}{output.suffix}")
            write_bytes(target, render(document, form, code))
            click.echo(f"{form}: {target}", err=True)
        return CLEAR
    data = render(document, form, lang)
    if output is None:
        click.echo(data.decode("utf-8"), nl=False)
    else:
        write_bytes(output, data)
        click.echo(f"{form}: {output}", err=True)
    return CLEAR


def render(document: Report, form: Format, lang: Code | Literal["both"]) -> bytes:
    """A report in one form; imports what that form needs."""
    if form == "html" and lang == "both":
        from parentage.report.page_both import render_both

        return render_both(document).encode()
    language = Language("en" if lang == "both" else lang)
    if form == "pdf":
        from parentage.report.page_pdf import render_pdf

        return render_pdf(document, language)
    return _text(document, form, language).encode("utf-8", "replace")


def _text(document: Report, form: Format, language: Language) -> str:
    if form == "html":
        from parentage.report.html import render_html

        return render_html(document, language)
    if form == "markdown":
        from parentage.report.markdown_report import render_markdown

        return render_markdown(document, language)
    if form == "sarif":
        from parentage.report.sarif import render_sarif

        return render_sarif(document)
    if form == "cyclonedx":
        from parentage.report.bom_cyclonedx import render_cyclonedx

        return render_cyclonedx(document)
    if form == "spdx":
        from parentage.report.bom_spdx import render_spdx

        return render_spdx(document)
    return document.to_json() + "\n"
