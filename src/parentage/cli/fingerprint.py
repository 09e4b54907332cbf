# SPDX-License-Identifier: Apache-2.0
"""``parentage fingerprint``: what identifies a model, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from parentage.cli.delivery import deliver, no_page
from parentage.cli.options import (
    Bytes,
    debug_option,
    engine_options,
    json_option,
    lang_option,
    list_option,
    output_option,
    seed_option,
)
from parentage.cli.outcome import CLEAR, INCONCLUSIVE, check_target
from parentage.cli.progress import progress_bar
from parentage.errors import UsageError
from parentage.report.language import Code

MAX_SIZE = 4_000_000


@click.command(name="fingerprint", no_args_is_help=True)
@click.argument("model", required=False)
@click.option(
    "-o",
    "--file",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    default=None,
    help="Where the fingerprint goes.",
)
@list_option()
@output_option("the fingerprints of a list")
@click.option(
    "--size",
    type=Bytes(),
    default=MAX_SIZE,
    help="Bytes of the file at most (4MB, which is also the most there can be).",
)
@seed_option()
@engine_options
@json_option("what was made (parentage.fingerprint-info/1, of lists parentage.batch/1)")
@lang_option()
@debug_option()
def command(
    model: str | None,
    file: Path | None,
    *,
    listed: Path | None,
    output: Path | None,
    size: int,
    seed: int,
    workers: int | None,
    engine: str,
    address: str | None,
    as_json: bool,
    lang: Code,
) -> int:
    """Write the fingerprint of MODEL to a file, or of many to a folder.

    It holds values of the weights at agreed places, names and shapes of all tensors,
    the config and the tokenizer: enough for the exact tests, offline, also against
    models that are not known yet. With a fingerprint for MODEL, says what it holds.

    Only fingerprints of one --seed can be compared. Exit code 3: some models of a list
    could not be read.
    """
    if size > MAX_SIZE:
        raise UsageError(f"a size of {size}", expected=f"at most {MAX_SIZE} bytes")
    from parentage.report import screen_terminal as show

    if (model is None) == (listed is None):
        raise UsageError("name either MODEL or --list", expected="one of the two")
    if listed is not None:
        if output is None:
            raise UsageError("--list needs --output", expected="a folder")
        from parentage.run.batch import fingerprints, read_list
        from parentage.run.executor import executor_of

        with progress_bar() as progress:
            document = fingerprints(
                read_list(listed),
                output,
                executor_of(engine, workers=workers, address=address),
                seed=seed,
                size=size,
                command=["parentage", "fingerprint", "--list", str(listed)],
                progress=progress,
            )
        deliver(
            document,
            None,
            as_json=as_json,
            lang=lang,
            page=no_page,
            show=show.print_batch,
        )
        return INCONCLUSIVE if any(row.error for row in document.rows) else CLEAR
    from parentage.run.fingerprint import (
        fingerprint,
        fingerprint_info,
        write_fingerprint,
    )

    if file is not None:
        check_target(file)
    with progress_bar() as progress:
        made = fingerprint(str(model), seed=seed, size=size, progress=progress)
    if file is not None:
        write_fingerprint(made, file)
    info = fingerprint_info(made, "" if file is None else str(file))
    deliver(
        info,
        None,
        as_json=as_json,
        lang=lang,
        page=no_page,
        show=show.print_fingerprint,
    )
    return CLEAR
