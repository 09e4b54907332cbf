# SPDX-License-Identifier: Apache-2.0
"""``parentage nearest``: known tokenizers and architectures nearest to a model's."""

from __future__ import annotations

from pathlib import Path

import click

from parentage.cli.lineage import (
    ARCHITECTURE_WORDS,
    TOKENIZER_WORDS,
    Month,
    exclude_option,
    fail_on_option,
    finish,
    lineage_code,
)
from parentage.cli.options import debug_option, html_option, json_option, lang_option
from parentage.cli.outcome import check_target
from parentage.report.language import Code


@click.command(name="nearest", no_args_is_help=True)
@click.argument("model")
@click.option(
    "--count",
    type=click.IntRange(1, 100),
    default=5,
    metavar="NUMBER",
    show_default=True,
    help="How many tokenizers, and architectures of each component, to name.",
)
@click.option(
    "--before",
    type=Month(),
    default="",
    help="Ask only architectures of families released before this month.",
)
@html_option()
@json_option("the document (parentage.nearest/1)")
@lang_option()
@exclude_option()
@fail_on_option((*TOKENIZER_WORDS, *ARCHITECTURE_WORDS))
@debug_option()
def command(
    model: str,
    html: Path | None,
    *,
    count: int,
    before: str,
    as_json: bool,
    lang: Code,
    exclude: tuple[str, ...],
    fail_on: frozenset[str],
) -> int:
    """Name the known tokenizers and architectures nearest to those of MODEL.

    MODEL is a folder, a reference (org/name, hf://, https://, s3://), or a file with a
    tokenizer or an architecture. What is near is
    no evidence about weights: designs and tokenizers are openly reused.

    Exit code 0: asked. With --fail-on, 1: a listed word applies to one of those named;
    3: the nearest one is unclear or cannot be weighed.
    """
    if html is not None:
        check_target(html)
    from parentage.run.lineage_nearest import nearest_known

    line = ["parentage", "nearest", model, "--count", str(count)]
    if before:
        line += ["--before", before]
    for name in exclude:
        line += ["--exclude", name]
    document = nearest_known(
        model, count=count, before=before, exclude=exclude, command=line
    )
    finish(document, html, as_json=as_json, lang=lang)
    found: list[str] = []
    undecided: set[str] = set()
    if document.tokenizer_nearest is not None:
        relations = [one.relation for one in document.tokenizer_nearest.nearest]
        found += relations
        undecided |= {"unclear"} & set(relations[:1])
    for component in document.architecture_nearest:
        found.append(component.word)
        found += [one.word for one in component.nearest]
        undecided |= {"unweighed"} & {component.word}
    return lineage_code(found, fail_on, undecided=undecided)
