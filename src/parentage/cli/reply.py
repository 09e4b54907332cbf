# SPDX-License-Identifier: Apache-2.0
"""``parentage reply``: a named party's statement, attached to a stored report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from parentage.cli.keys import passphrase
from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR, check_target, write_text
from parentage.errors import UsageError
from parentage.report.language import LANGUAGES, Code


@click.command(name="reply", no_args_is_help=True)
@click.argument("report", type=click.Path(path_type=Path))
@click.option("--party", required=True, metavar="NAME", help="Who speaks.")
@click.option(
    "--statement",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The statement: a UTF-8 text file, at most 100,000 characters.",
)
@click.option(
    "--statement-lang",
    type=click.Choice(LANGUAGES),
    default=None,
    help="Language of the statement.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="The party's private key, to sign the statement.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write the report with the reply; REPORT itself by default.",
)
@json_option("the reply")
@debug_option()
def command(
    report: Path,
    party: str,
    statement: Path,
    *,
    statement_lang: Code | None,
    key: Path | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Attach the statement of a party that REPORT names.

    The statement travels with the report and is shown with it, in the party's own
    words. It changes no finding, and signatures of the report stay valid.
    """
    target = output or report
    check_target(target)
    from parentage.report.attestation_keys import load_private
    from parentage.report.load import load_report
    from parentage.report.reply import attach_reply

    document = load_report(report)
    private = None if key is None else load_private(key, passphrase())
    made = attach_reply(
        document,
        party,
        _read(statement),
        datetime.now(UTC),
        language=statement_lang,
        key=private,
    )
    write_text(target, made.to_json() + "\n")
    if as_json:
        click.echo(made.replies[-1].model_dump_json(indent=2))
    click.echo(f"Report with {len(made.replies)} replies: {target}", err=True)
    return CLEAR


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > 400_000:
            raise UsageError(
                "is too long", file=str(path), expected="at most 100,000 characters"
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror or error}", file=str(path)
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            "is not UTF-8 text", file=str(path), offset=error.start
        ) from error
