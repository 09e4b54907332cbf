# SPDX-License-Identifier: Apache-2.0
"""``parentage registry``: fingerprints of known models, kept in a database."""

from __future__ import annotations

from pathlib import Path

import click

from parentage.cli.delivery import deliver, no_page
from parentage.cli.options import (
    debug_option,
    json_option,
    lang_option,
    registry_option,
)
from parentage.cli.outcome import CLEAR, FOUND, check_target
from parentage.cli.progress import progress_bar
from parentage.report.language import Code

_JSON = "the document (parentage.registry/1)"


@click.group(name="registry", no_args_is_help=True)
def command() -> None:
    """Keep fingerprints of known models, to screen others against.

    A registry is a file of SQLite, or a database in PostgreSQL. Any number of processes
    may use it at once.
    """


@command.command(name="add", no_args_is_help=True)
@click.argument("models", nargs=-1, required=True)
@registry_option()
@json_option(_JSON)
@lang_option()
@debug_option()
def add(
    models: tuple[str, ...], *, registry: str | None, as_json: bool, lang: Code
) -> int:
    """Add MODELS, or files of their fingerprints: all of them, or none.

    One whose content is registered already is left as it is.
    """
    from parentage.run.registry import add_models

    with progress_bar() as progress:
        document = add_models(registry, models, progress=progress)
    _deliver(document, lang, as_json=as_json)
    return CLEAR


@command.command(name="list")
@click.option("--name", default="", metavar="NAME", help="Only those of this name.")
@registry_option()
@json_option(_JSON)
@lang_option()
@debug_option()
def list_(name: str, *, registry: str | None, as_json: bool, lang: Code) -> int:
    """List what a registry holds, in the order it was added."""
    from parentage.run.registry import list_models

    _deliver(list_models(registry, name), lang, as_json=as_json)
    return CLEAR


@command.command(name="show", no_args_is_help=True)
@click.argument("word")
@registry_option()
@json_option("the document (parentage.fingerprint-info/1)")
@lang_option()
@debug_option()
def show(word: str, *, registry: str | None, as_json: bool, lang: Code) -> int:
    """Show the fingerprint that WORD names: a name, or the start of a digest."""
    from parentage.report import screen_terminal
    from parentage.run.registry import show_model

    info = show_model(registry, word)
    deliver(
        info,
        None,
        as_json=as_json,
        lang=lang,
        page=no_page,
        show=screen_terminal.print_fingerprint,
    )
    return CLEAR


@command.command(name="remove", no_args_is_help=True)
@click.argument("words", nargs=-1, required=True)
@registry_option()
@json_option(_JSON)
@lang_option()
@debug_option()
def remove(
    words: tuple[str, ...], *, registry: str | None, as_json: bool, lang: Code
) -> int:
    """Remove the fingerprints that WORDS name: all of them, or none."""
    from parentage.run.registry import remove_models

    _deliver(remove_models(registry, words), lang, as_json=as_json)
    return CLEAR


@command.command(name="export", no_args_is_help=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", default="", metavar="NAME", help="Only those of this name.")
@registry_option()
@json_option(_JSON)
@lang_option()
@debug_option()
def export(
    file: Path, *, name: str, registry: str | None, as_json: bool, lang: Code
) -> int:
    """Write a registry to FILE: a ZIP with a manifest of digests."""
    check_target(file)
    from parentage.run.registry import export_models

    with progress_bar() as progress:
        document = export_models(registry, file, name, progress=progress)
    _deliver(document, lang, as_json=as_json)
    return CLEAR


@command.command(name="import", no_args_is_help=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@registry_option()
@json_option(_JSON)
@lang_option()
@debug_option()
def import_(file: Path, *, registry: str | None, as_json: bool, lang: Code) -> int:
    """Take all fingerprints of an exported FILE, each of them checked, or none."""
    from parentage.run.registry import import_models

    with progress_bar() as progress:
        document = import_models(registry, file, progress=progress)
    _deliver(document, lang, as_json=as_json)
    return CLEAR


@command.command(name="verify")
@registry_option()
@json_option(_JSON)
@lang_option()
@debug_option()
def verify(*, registry: str | None, as_json: bool, lang: Code) -> int:
    """Read and check everything in a registry. Exit code 1: something is wrong."""
    from parentage.run.registry import verify_models

    with progress_bar() as progress:
        document = verify_models(registry, progress=progress)
    _deliver(document, lang, as_json=as_json)
    return FOUND if document.problems else CLEAR


def _deliver(document: object, lang: Code, *, as_json: bool) -> None:
    from parentage.report import screen_terminal
    from parentage.report.screen_document import RegistryDocument

    if isinstance(document, RegistryDocument):
        deliver(
            document,
            None,
            as_json=as_json,
            lang=lang,
            page=no_page,
            show=screen_terminal.print_registry,
        )
