# SPDX-License-Identifier: Apache-2.0
"""``parentage sign``: a stored report as a signed in-toto statement."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from parentage.cli.keys import passphrase
from parentage.cli.options import debug_option, json_option
from parentage.cli.outcome import CLEAR, check_target, write_text
from parentage.errors import UsageError


@click.command(name="sign", no_args_is_help=True)
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="A private key that `parentage keygen` made.",
)
@click.option(
    "--keyless",
    is_flag=True,
    help="Sign with your identity through Sigstore; needs the network and the extra "
    "'sign'.",
)
@click.option(
    "--identity-token",
    metavar="TOKEN",
    envvar="PARENTAGE_IDENTITY_TOKEN",
    help="OpenID Connect token for --keyless; by default that of the CI system.",
)
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
    if (key is None) != keyless:
        raise UsageError("give either --key or --keyless")
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
