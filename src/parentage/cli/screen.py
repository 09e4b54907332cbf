# SPDX-License-Identifier: Apache-2.0
"""``parentage screen``: one model, or many, against everything in a registry."""

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
    output_option,
    registry_option,
    seed_option,
)
from parentage.cli.outcome import screen_code
from parentage.cli.progress import progress_bar
from parentage.errors import UsageError
from parentage.report.language import Code


@click.command(name="screen", no_args_is_help=True)
@click.argument("model", required=False)
@registry_option()
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    metavar="NUMBER",
    help="Fingerprints that exact tests are run against at most, nearest first.",
)
@list_option()
@output_option("the results of a list")
@seed_option()
@engine_options
@json_option("the document (parentage.screen/1, of lists parentage.batch/1)")
@lang_option()
@debug_option()
def command(
    model: str | None,
    *,
    registry: str | None,
    limit: int,
    listed: Path | None,
    output: Path | None,
    seed: int,
    workers: int | None,
    engine: str,
    address: str | None,
    as_json: bool,
    lang: Code,
) -> int:
    """Judge every module of MODEL against everything in a registry.

    MODEL is a model or the file of its fingerprint, which keeps the seed that it was
    made with; only fingerprints of one --seed can be compared. Every registered
    fingerprint of a shape in common is looked at; exact tests are run against the
    nearest, and corrected for all tests that the whole registry could have seen.

    Exit code 1: some module is identical to a registered model's or carries its
    weights. 0: nothing was found and enough could be tested. 3: inconclusive. Finding
    nothing is no proof of training from scratch.
    """
    if (model is None) == (listed is None):
        raise UsageError("name either MODEL or --list", expected="one of the two")
    from parentage.report import screen_terminal as show

    if listed is not None:
        from parentage.registry.database import default_url
        from parentage.run.batch import read_list, screens
        from parentage.run.executor import executor_of

        with progress_bar() as progress:
            batch, _ = screens(
                read_list(listed),
                registry or default_url(),
                executor_of(engine, workers=workers, address=address),
                output=output,
                limit=limit,
                seed=seed,
                command=["parentage", "screen", "--list", str(listed)],
                progress=progress,
            )
        deliver(
            batch,
            None,
            as_json=as_json,
            lang=lang,
            page=no_page,
            show=show.print_batch,
        )
        failed = any(row.error for row in batch.rows)
        return screen_code({str(row.finding) for row in batch.rows}, 1.0 - failed)
    from parentage.registry.store import Registry
    from parentage.run.fingerprint import fingerprint
    from parentage.run.screen import screen

    with progress_bar() as progress, Registry(registry) as opened:
        document = screen(
            fingerprint(str(model), seed=seed),
            opened,
            limit=limit,
            seed=seed,
            command=["parentage", "screen", str(model), "--limit", str(limit)],
            progress=progress,
        )
    deliver(
        document,
        None,
        as_json=as_json,
        lang=lang,
        page=no_page,
        show=show.print_screen,
    )
    return screen_code({m.finding for m in document.modules}, document.coverage)
