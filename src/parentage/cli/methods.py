# SPDX-License-Identifier: Apache-2.0
"""``parentage methods``: what each test asks, assumes and cannot see."""

from __future__ import annotations

import json

import click

from parentage.cli.options import debug_option, json_option, lang_option
from parentage.report.language import Code, Language


@click.command(name="methods")
@click.argument("method_id", metavar="[ID]", required=False)
@json_option("the catalogue")
@lang_option()
@debug_option()
def command(method_id: str | None, *, as_json: bool, lang: Code) -> int:
    """Explain the tests, or the one named ID.

    Grades: exact (the p-value holds under the stated symmetry, whatever the data),
    calibrated (ranked against known-independent controls), descriptive (a number,
    never a reason to accuse).
    """
    from parentage.evidence.catalogue import method, methods

    chosen = [method(method_id)] if method_id else list(methods().values())
    if as_json:
        click.echo(
            json.dumps(
                {
                    "schema": "parentage.methods/1",
                    "methods": [m.to_json() for m in chosen],
                },
                indent=2,
                ensure_ascii=False,
            )
        )
        return 0
    from parentage.cli.console import stdout
    from parentage.report.terminal import print_method, print_methods

    if method_id:
        print_method(chosen[0], stdout(), Language(lang))
    else:
        print_methods(chosen, stdout(), Language(lang))
    return 0
