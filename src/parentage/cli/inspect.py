# SPDX-License-Identifier: Apache-2.0
"""``parentage inspect``: what a model consists of."""

from __future__ import annotations

import click

from parentage.cli.options import debug_option, json_option, lang_option
from parentage.report.language import Code, Language


@click.command(name="inspect", no_args_is_help=True)
@click.argument("model")
@json_option("the description (a model of parentage.report/1)")
@lang_option()
@debug_option()
def command(model: str, *, as_json: bool, lang: Code) -> int:
    """List the modules of MODEL: parameters, shares, formats, what is unrecognised.

    MODEL is a path, org/name@revision of the Hugging Face Hub, or an hf://, https://
    or s3:// reference. Only headers and configuration are read, no weights.
    """
    from parentage.run.inspect import inspect_model

    info = inspect_model(model)
    if as_json:
        click.echo(info.model_dump_json(indent=2))
    else:
        from parentage.cli.console import stdout
        from parentage.report.terminal import print_model

        print_model(info, stdout(), Language(lang))
    return 0
