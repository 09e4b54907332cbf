# SPDX-License-Identifier: Apache-2.0
"""``parentage config``: how two architectures are related."""

from __future__ import annotations

from pathlib import Path

import click

from parentage.cli.lineage import (
    ARCHITECTURE_WORDS,
    exclude_option,
    fail_on_option,
    finish,
    lineage_code,
)
from parentage.cli.options import debug_option, html_option, json_option, lang_option
from parentage.cli.outcome import check_target
from parentage.report.language import Code


@click.command(name="config", no_args_is_help=True)
@click.argument("a")
@click.argument("b")
@html_option()
@json_option("the document (parentage.config/1)")
@lang_option()
@exclude_option()
@fail_on_option(ARCHITECTURE_WORDS)
@debug_option()
def command(
    a: str,
    b: str,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
    exclude: tuple[str, ...],
    fail_on: frozenset[str],
) -> int:
    """Say how the architecture of A, the candidate, is related to that of B.

    A and B are model folders, references (org/name, hf://, https://, s3://),
    config.json or params.json files, GGUF files, or safetensors weights with or
    without a config. Architecture is never evidence about weights.

    Exit code 0: compared. With --fail-on, 1: a listed finding applies to a component;
    3: a component could not be weighed.
    """
    if html is not None:
        check_target(html)
    from parentage.run.lineage_architecture import compare_architecture_files

    line = ["parentage", "config", a, b]
    for name in exclude:
        line += ["--exclude", name]
    document = compare_architecture_files(a, b, exclude=exclude, command=line)
    finish(document, html, as_json=as_json, lang=lang)
    found = [component.word for component in document.pair.components]
    return lineage_code(found, fail_on, undecided={"unweighed"})
