# SPDX-License-Identifier: Apache-2.0
"""``parentage verify``: is a report what was signed, and does the audit repeat?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from parentage.cli.keys import trust_options
from parentage.cli.options import debug_option, json_option, lang_option
from parentage.cli.outcome import CLEAR, FOUND, INCONCLUSIVE
from parentage.cli.progress import progress_bar
from parentage.report.language import Code, Language


@click.command(name="verify", no_args_is_help=True)
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--signature",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of signatures; REPORT.intoto.jsonl by default, if it is there.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="The candidate, then each reference: run the audit again and compare.",
)
@click.option(
    "--model-key",
    "model_keys",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PEM",
    help="A key that the models' makers sign with (OpenSSF Model Signing).",
)
@trust_options
@json_option("what was checked (parentage.verification/1)")
@lang_option()
@debug_option()
def command(
    report: Path,
    signature: Path | None,
    *,
    keys: tuple[Path, ...],
    models: tuple[str, ...],
    model_keys: tuple[Path, ...],
    identity: str | None,
    issuer: str | None,
    at: datetime | None,
    as_json: bool,
    lang: Code,
) -> int:
    """Check the signatures of REPORT and, given its models, run its audit again.

    A re-run uses the settings that the report records; all but times, paths and
    versions must come out the same. Signatures that the models carry themselves
    (model.sig, claims.jsonl) are checked against their files.

    Exit code 0: what was checked holds. 1: something does not. 3: there was nothing to
    check, or no key to check it with. 4: a file is malformed.
    """
    from parentage.run.attest import verify_report

    with progress_bar() as progress:
        found = verify_report(
            report,
            signature=signature,
            keys=keys,
            models=models,
            model_keys=model_keys,
            identity=identity,
            issuer=issuer,
            at=at,
            progress=progress,
        )
    if as_json:
        click.echo(found.to_json())
    else:
        from parentage.cli.console import stdout
        from parentage.report.attestation_text import print_verification

        print_verification(found, stdout(), Language(lang))
    codes = {"passed": CLEAR, "failed": FOUND, "not-checked": INCONCLUSIVE}
    return codes[found.outcome]
