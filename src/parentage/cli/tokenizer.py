# SPDX-License-Identifier: Apache-2.0
"""``parentage tokenizer``: how two tokenizers are related."""

from __future__ import annotations

from pathlib import Path

import click

from parentage.cli.lineage import (
    TOKENIZER_WORDS,
    fail_on_option,
    finish,
    lineage_code,
)
from parentage.cli.options import debug_option, html_option, json_option, lang_option
from parentage.cli.outcome import check_target
from parentage.report.language import Code


@click.command(name="tokenizer", no_args_is_help=True)
@click.argument("a")
@click.argument("b")
@html_option()
@json_option("the document (parentage.tokenizer/1)")
@lang_option()
@fail_on_option(TOKENIZER_WORDS)
@debug_option()
def command(
    a: str,
    b: str,
    html: Path | None,
    *,
    as_json: bool,
    lang: Code,
    fail_on: frozenset[str],
) -> int:
    """Say how the tokenizer of A, the candidate, is related to that of B.

    A and B are folders, files or references (org/name, hf://, https://, s3://):
    tokenizer.json, SentencePiece, tiktoken, tekken,
    vocab.json with merges.txt, GGUF, lists of words. A tokenizer is never evidence
    about weights.

    Exit code 0: compared. With --fail-on, 1: a listed relation applies; 3: the
    relation is unclear.
    """
    if html is not None:
        check_target(html)
    from parentage.run.lineage_tokenizer import compare_tokenizer_files

    line = ["parentage", "tokenizer", a, b]
    document = compare_tokenizer_files(a, b, command=line)
    finish(document, html, as_json=as_json, lang=lang)
    relation = document.pair.finding.relation
    return lineage_code([relation], fail_on, undecided={"unclear"})
