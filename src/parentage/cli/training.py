# SPDX-License-Identifier: Apache-2.0
"""``parentage training``: the record of a training run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parentage.cli.audit import AuditCommand
from parentage.cli.delivery import deliver
from parentage.cli.keys import (
    passphrase,
    require_one_signer,
    signer_options,
    trust_options,
)
from parentage.cli.options import (
    budget_option,
    debug_option,
    html_option,
    json_option,
    lang_option,
    seed_option,
)
from parentage.cli.outcome import (
    CLEAR,
    FOUND,
    INCONCLUSIVE,
    check_target,
    write_text,
)
from parentage.cli.progress import progress_bar
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.training_check import TrainingCheck
    from parentage.report.training_document import LogDocument, TrainingDocument

SUPPORT_CODES = {
    "from-scratch-supported": CLEAR,
    "contradicted": FOUND,
    "incomplete": INCONCLUSIVE,
}


@click.group(name="training", no_args_is_help=True)
@debug_option()
def command() -> None:
    """Fill in, look over and verify the record of a training run.

    A record (a folder with packet.toml) can support that a model was trained from its
    own initial weights. Nothing in it is believed because it is written there.
    """


@command.command(name="init", no_args_is_help=True)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option("the document (parentage.training-check/1)")
@lang_option()
@debug_option()
def init(folder: Path, *, as_json: bool, lang: Code) -> int:
    """Write a template into FOLDER, or look over the packet that is there.

    Exit code 0: the manifest is well formed and every file it names is there. 1: not.
    """
    from parentage.run.training_check import start_packet

    made = start_packet(folder, command=["parentage", "training", "init", str(folder)])
    return _checked(made, as_json=as_json, lang=lang)


@command.command(name="check", no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path))
@trust_options
@json_option("the document (parentage.training-check/1)")
@lang_option()
@debug_option()
def check(
    folder: Path,
    *,
    keys: tuple[Path, ...],
    identity: str | None,
    issuer: str | None,
    at: datetime | None,
    as_json: bool,
    lang: Code,
) -> int:
    """Say what is malformed in a packet, what is missing and what that would show.

    With a key or an identity the digests and the signature over them are checked too.

    Exit code 0: the manifest is well formed, every file it names is there, and a
    signature that was asked about counts. 1: not.
    """
    from parentage.run.training_check import check_packet
    from parentage.run.training_signature import Trust

    line = ["parentage", "training", "check", str(folder)]
    line += _trusting(keys, identity, issuer, at)
    made = check_packet(folder, trust=Trust(keys, identity, issuer, at), command=line)
    return _checked(made, as_json=as_json, lang=lang)


@command.command(name="sign", no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path))
@signer_options
@json_option("the new signature, one line,")
@debug_option()
def sign(
    folder: Path,
    key: Path | None,
    identity_token: str | None,
    *,
    keyless: bool,
    as_json: bool,
) -> int:
    """Sign the digests of a sealed packet.

    The signature goes where `[signature] envelope` of the manifest says; it is added
    to those that are there. A packet that was changed since it was sealed is refused.
    """
    require_one_signer(key, keyless=keyless)
    from parentage.report.attestation_envelope import append_envelope
    from parentage.report.attestation_keys import load_private
    from parentage.run.training_signature import envelope_file, sign_packet
    from parentage.training.packet import open_packet

    # Before signing: a keyless signature is public once it is made.
    check_target(envelope_file(open_packet(folder)))
    private = load_private(key, passphrase()) if key is not None else None
    target, made = sign_packet(folder, private, datetime.now(UTC), identity_token)
    write_text(target, append_envelope(target, made))
    if as_json:
        click.echo(made)
    click.echo(f"Signature: {target}", err=True)
    return CLEAR


@command.command(name="seal", no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path))
@json_option("the document (parentage.training-check/1)")
@lang_option()
@debug_option()
def seal(folder: Path, *, as_json: bool, lang: Code) -> int:
    """Write the digests of every file of a packet (SHA256SUMS).

    Do this last; `sha256sum --check SHA256SUMS` agrees with it.
    """
    from parentage.run.training_check import seal_packet

    made = seal_packet(folder, command=["parentage", "training", "seal", str(folder)])
    return _checked(made, as_json=as_json, lang=lang)


@command.command(name="verify", cls=AuditCommand, no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--model",
    metavar="MODEL",
    help="The released weights, if not the ones that the packet names.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="REFERENCE",
    help="A model that neither step 0 nor the end may link to; may be repeated.",
)
@click.option(
    "--other-log",
    "other_logs",
    multiple=True,
    metavar="FILE",
    help="Another run's log that this one must not be a copy of; may be repeated.",
)
@click.option(
    "--rerun",
    is_flag=True,
    help="Draw step 0 again from its seed and repeat the stretches that were handed "
    "in; needs torch and transformers.",
)
@trust_options
@html_option()
@json_option("the document (parentage.training/1)")
@lang_option()
@budget_option()
@seed_option()
@debug_option()
def verify(
    folder: Path,
    model: str | None,
    *,
    against: tuple[str, ...],
    other_logs: tuple[str, ...],
    keys: tuple[Path, ...],
    identity: str | None,
    issuer: str | None,
    at: datetime | None,
    html: Path | None,
    as_json: bool,
    lang: Code,
    budget: int,
    seed: int,
    rerun: bool,
) -> int:
    """Check a training record and say what it supports.

    Exit code 0: the record supports training from its own initial weights. 1: some
    check contradicts it. 3: nothing contradicts, and something needed is missing.
    """
    if html is not None:
        check_target(html)
    from parentage.run.training import verify_record
    from parentage.run.training_signature import Trust

    line = ["parentage", "training", "verify", str(folder)]
    line += ["--model", model] if model else []
    for option, values in (("--against", against), ("--other-log", other_logs)):
        for value in values:
            line += [option, value]
    line += ["--budget", str(budget), "--seed", str(seed)]
    line += ["--rerun"] if rerun else []
    line += _trusting(keys, identity, issuer, at)
    with progress_bar() as progress:
        document = verify_record(
            folder,
            model=model,
            against=against,
            other_logs=other_logs,
            budget=budget,
            seed=seed,
            rerun=rerun,
            trust=Trust(keys, identity, issuer, at),
            command=line,
            progress=progress,
        )
    deliver(document, html, as_json=as_json, lang=lang, page=_page, show=_show)
    return SUPPORT_CODES[document.support]


@command.command(name="log", no_args_is_help=True)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--vocabulary",
    type=click.IntRange(min=2),
    metavar="NUMBER",
    help="Entries of the output layer, for the loss at the start.",
)
@html_option()
@json_option("the document (parentage.training-log/1)")
@lang_option()
@debug_option()
def log(
    files: Sequence[Path],
    vocabulary: int | None,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
) -> int:
    """Read and chart training logs without a packet, and check what can be checked.

    Several files are also held against each other. Exit code 1: some check
    contradicts; 0: none does.
    """
    if html is not None:
        check_target(html)
    from parentage.run.training_log import describe_logs

    line = ["parentage", "training", "log", *map(str, files)]
    line += ["--vocabulary", str(vocabulary)] if vocabulary else []
    document = describe_logs(files, vocabulary=vocabulary, command=line)
    deliver(document, html, as_json=as_json, lang=lang, page=_log_page, show=_show_log)
    bad = any(e.outcome == "contradicted" for e in document.evidence)
    return FOUND if bad else CLEAR


def _checked(made: TrainingCheck, *, as_json: bool, lang: Code) -> int:
    from parentage.cli.console import stdout
    from parentage.report.training_terminal import print_check

    if as_json:
        click.echo(made.to_json())
    else:
        print_check(made, stdout(), Language(lang))
    return CLEAR if made.sound else FOUND


def _trusting(
    keys: Sequence[Path], identity: str | None, issuer: str | None, at: datetime | None
) -> list[str]:
    """Options of :func:`trust_options` as they were given."""
    line = [part for key in keys for part in ("--key", str(key))]
    line += ["--identity", identity] if identity else []
    line += ["--issuer", issuer] if issuer else []
    return line + (["--at", at.isoformat()] if at else [])


def _page(document: TrainingDocument, language: Language) -> str:
    from parentage.report.training_html import render_training

    return render_training(document, language)


def _show(document: TrainingDocument, console: Console, language: Language) -> None:
    from parentage.report.training_terminal import print_training

    print_training(document, console, language)


def _log_page(document: LogDocument, language: Language) -> str:
    from parentage.report.training_html import render_logs

    return render_logs(document, language)


def _show_log(document: LogDocument, console: Console, language: Language) -> None:
    from parentage.report.training_terminal import print_logs

    print_logs(document, console, language)
