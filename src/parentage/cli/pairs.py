# SPDX-License-Identifier: Apache-2.0
"""``parentage pairs``: every model of a list against every other."""

from __future__ import annotations

from pathlib import Path

import click

from parentage.cli.delivery import deliver, no_page
from parentage.cli.options import (
    debug_option,
    engine_options,
    json_option,
    lang_option,
    list_option,
    seed_option,
)
from parentage.cli.outcome import screen_code
from parentage.cli.progress import progress_bar
from parentage.errors import UsageError
from parentage.report.language import Code


@click.command(name="pairs", no_args_is_help=True)
@click.argument("models", nargs=-1)
@list_option()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    required=True,
    help="Folder for fingerprints and results; what is there is not done again.",
)
@seed_option()
@engine_options
@json_option("the document (parentage.pairs/1)")
@lang_option()
@debug_option()
def command(
    models: tuple[str, ...],
    *,
    listed: Path | None,
    output: Path,
    seed: int,
    workers: int | None,
    engine: str,
    address: str | None,
    as_json: bool,
    lang: Code,
) -> int:
    """Compare every one of MODELS with every other, by their fingerprints.

    Files of fingerprints keep the seed that they were made with; only those of one
    --seed can be compared. One correction covers the tests of all pairs together. Exit
    code 1: some model carries weights of another. 3: inconclusive.
    """
    if bool(models) == (listed is not None):
        raise UsageError("name either MODELS or --list", expected="one of the two")
    from parentage.report import screen_terminal as show
    from parentage.run.batch import pairs, read_list
    from parentage.run.executor import executor_of

    with progress_bar() as progress:
        document = pairs(
            list(models) if listed is None else read_list(listed),
            output,
            executor_of(engine, workers=workers, address=address),
            seed=seed,
            command=["parentage", "pairs", *models],
            progress=progress,
        )
    deliver(
        document,
        None,
        as_json=as_json,
        lang=lang,
        page=no_page,
        show=show.print_pairs,
    )
    words = {pair.finding for pair in document.pairs}
    return screen_code(set(words), 0.0 if document.failed else 1.0)
