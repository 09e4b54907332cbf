# SPDX-License-Identifier: Apache-2.0
"""``parentage sign``: a stored report as a signed in-toto statement."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from parentage.cli.keys import passphrase, require_one_signer, signer_options
from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR, check_target, write_text


@click.command(name="sign", no_args_is_help=True)
@click.argument("report", type=click.Path(path_type=Path))
@signer_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File of signatures, by default REPORT.intoto.jsonl; a signature is added to "
    "those that are there.",
)
@json_option("the new signature, one line,")
@debug_option()
def command(
    report: Path,
    key: Path | None,
    output: Path | None,
    identity_token: str | None,
    *,
    keyless: bool,
    as_json: bool,
) -> int:
    """Sign REPORT, which `parentage audit --json` wrote.

    The statement is bound to the digests of the models and holds the whole report
    without its replies, so that a reply can be attached later. The file of signatures
    holds one DSSE envelope a line.
    """
    require_one_signer(key, keyless=keyless)
    from parentage.report.attestation_envelope import append_envelope
    from parentage.report.load import load_report
    from parentage.run.attest import signature_file

    target = output or signature_file(report)
    check_target(target)
    document = load_report(report)
    now = datetime.now(UTC)
    if key is None:
        from parentage.report.attestation_sigstore import sign_keyless

        line = sign_keyless(document, now, identity_token)
    else:
        from parentage.report.attestation import sign_report
        from parentage.report.attestation_keys import load_private

        line = sign_report(document, load_private(key, passphrase()), now).to_json()
    write_text(target, append_envelope(target, line))
    if as_json:
        click.echo(line)
    click.echo(f"Signature: {target}", err=True)
    return CLEAR
