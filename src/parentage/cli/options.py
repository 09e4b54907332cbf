# SPDX-License-Identifier: Apache-2.0
"""Options and arguments that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from parentage.report.language import LANGUAGES

DEFAULT_BUDGET: Final = 64_000_000
DEFAULT_DESCENT_BUDGET: Final = 16_000_000

UNITS: Final = {
    "": 1,
    "b": 1,
    "k": 10**3,
    "kb": 10**3,
    "kib": 2**10,
    "m": 10**6,
    "mb": 10**6,
    "mib": 2**20,
    "g": 10**9,
    "gb": 10**9,
    "gib": 2**30,
}

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order of ``--help``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


class Bytes(click.ParamType[int]):
    """A number of bytes, such as ``64000000``, ``64MB`` or ``61.5MiB``."""

    name = "bytes"

    def __init__(self, least: int = 1) -> None:
        self.least = least

    def get_metavar(
        self,
        param: click.Parameter,  # noqa: ARG002
        ctx: click.Context,  # noqa: ARG002
    ) -> str:
        """How the value is called in ``--help``."""
        return "BYTES"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Turn text into a whole number of bytes."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]*)", str(value).strip())
        unit = UNITS.get(match[2].lower()) if match else None
        if match is None or unit is None:
            self.fail(
                f"{value!r} is no size; write 64000000, 64MB or 64MiB", param, ctx
            )
        size = int(float(match[1]) * unit) if "." in match[1] else int(match[1]) * unit
        if size < self.least:
            self.fail("a size is at least one byte", param, ctx)
        return size


def budget_option() -> Decorator:
    """``--budget BYTES``."""
    return click.option(
        "--budget",
        type=Bytes(),
        default=DEFAULT_BUDGET,
        help="Bytes to read of each model at most, such as 64MB (the default), 64MiB "
        "or 64000000.",
    )


def descent_budget_option() -> Decorator:
    """``--descent-budget BYTES``."""
    return click.option(
        "--descent-budget",
        type=Bytes(least=0),
        default=DEFAULT_DESCENT_BUDGET,
        help="Further bytes to read of each model at most, to describe what kind of "
        "descent a module shows that was found dependent (16MB by default; 0: none).",
    )


def undo_budget_option() -> Decorator:
    """``--undo-budget BYTES``."""
    return click.option(
        "--undo-budget",
        type=Bytes(least=0),
        default=None,
        help="Further bytes to read of each model at most, to look behind relabellings "
        "of modules in which nothing, or not all, was found (by default as many as "
        "--budget, but no more than 64MB; 0: none).",
    )


def seed_option() -> Decorator:
    """``--seed INT``."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        metavar="NUMBER",
        show_default=True,
        help="Decides which bytes are read, before anything is looked at.",
    )


def sequential_option(text: str) -> Decorator:
    """``--sequential``."""
    return click.option("--sequential", is_flag=True, help=text)


def no_cache_option() -> Decorator:
    """``--no-cache``."""
    return click.option(
        "--no-cache",
        is_flag=True,
        help="Compute everything again, and keep nothing for later runs.",
    )


def json_option(what: str) -> Decorator:
    """``--json``."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        help=f"Write {what} to stdout as JSON and nothing else.",
    )


def html_option() -> Decorator:
    """``--html FILE``."""
    return click.option(
        "--html",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Also write one self-contained HTML file.",
    )


def lang_option() -> Decorator:
    """``--lang CODE``."""
    return click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        default="en",
        show_default=True,
        help="Language of the text and of the HTML file; JSON stays as it is.",
    )


def profile_option(what: str) -> Decorator:
    """``--profile ID|FILE``, repeatable."""
    return click.option(
        "--profile",
        "profiles",
        multiple=True,
        metavar="ID|FILE",
        help=f"{what}; may be given repeatedly.",
    )


def manifest_option() -> Decorator:
    """``--manifest FILE``."""
    return click.option(
        "--manifest",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What the maker states about every component (parentage.manifest/1).",
    )


class OfModel(click.ParamType[tuple[str, str]]):
    """A model and what is said of it, such as ``Qwen2.5-72B=LicenseRef-qwen``."""

    def __init__(self, name: str, value: str) -> None:
        """What is said, and how its value is called in ``--help``."""
        self.name = name
        self.value = value

    def get_metavar(
        self,
        param: click.Parameter,  # noqa: ARG002
        ctx: click.Context,  # noqa: ARG002
    ) -> str:
        """How the value is called in ``--help``."""
        return f"MODEL={self.value}"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """The two sides of the sign."""
        if isinstance(value, tuple):
            return str(value[0]), str(value[1])
        model, sign, expression = str(value).partition("=")
        if not (model and sign and expression):
            self.fail(f"{value!r} is not MODEL={self.value}", param, ctx)
        return model, expression


def licence_option() -> Decorator:
    """``--licence MODEL=EXPRESSION``, repeatable."""
    return click.option(
        "--licence",
        "licences",
        type=OfModel("licence", "EXPRESSION"),
        multiple=True,
        help="Licence of a reference whose card does not say, as an SPDX expression; "
        "may be given repeatedly.",
    )


def date_option() -> Decorator:
    """``--date MODEL=DATE``, repeatable."""
    return click.option(
        "--date",
        "dates",
        type=OfModel("date", "DATE"),
        multiple=True,
        help="When a model's weights were published (YYYY, YYYY-MM or YYYY-MM-DD), of "
        "the candidate and of references; says which came first where weights do not.",
    )


def named_model_option(text: str) -> Decorator:
    """``--model NAME=REF``, given repeatedly, as a dict ``models``."""
    return click.option(
        "--model",
        "models",
        multiple=True,
        metavar="NAME=REF",
        callback=_named_models,
        help=f"{text} May be given repeatedly.",
    )


def _named_models(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        name, equals, reference = value.partition("=")
        if not (name and equals and reference):
            message = f"'{value}' is not NAME=REF"
            raise click.BadParameter(message, ctx, param)
        if name in found:
            message = f"'{name}' is named twice"
            raise click.BadParameter(message, ctx, param)
        found[name] = reference
    return found


def debug_option() -> Decorator:
    """``--debug``, which :func:`parentage.cli.main.main` takes out of the line."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        help="Show tracebacks of errors.",
    )


def registry_option() -> Decorator:
    """``--registry URL``."""
    return click.option(
        "--registry",
        "registry",
        metavar="URL",
        default=None,
        help="The registry: a file, sqlite:///FILE or postgresql://USER@HOST/NAME (by "
        "default PARENTAGE_DATABASE_URL, or a file in the user's data folder).",
    )


def engine_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--workers``, ``--engine`` and ``--address`` of commands that take lists."""
    for option in (
        click.option(
            "--address",
            metavar="ADDRESS",
            default=None,
            help="Ray cluster to use with --engine ray: its address, auto, or local "
            "(the default) to start one here.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["local", "ray"]),
            default="local",
            show_default=True,
            help="What runs the work of a list: processes here, or Ray.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            default=None,
            metavar="NUMBER",
            help="Processes to use (by default one for each core).",
        ),
    ):
        function = option(function)
    return function


def list_option() -> Decorator:
    """``--list FILE``."""
    return click.option(
        "--list",
        "listed",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        default=None,
        help="Take the models from a file, one in each line.",
    )


def output_option(what: str) -> Decorator:
    """``--output FOLDER``."""
    return click.option(
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        default=None,
        help=f"Folder for {what}; what is there already is not done again.",
    )
