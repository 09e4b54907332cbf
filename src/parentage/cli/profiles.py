# SPDX-License-Identifier: Apache-2.0
"""``parentage profiles``: the definitions that verdicts are made under."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from parentage.cli.delivery import deliver
from parentage.cli.options import debug_option, json_option, lang_option
from parentage.report.language import Code, Language

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.verdict_profiles import ProfilesDocument


@click.command(name="profiles")
@click.argument("profile", required=False)
@json_option("the profiles (parentage.profiles/1)")
@lang_option()
@debug_option()
def command(profile: str | None, *, as_json: bool, lang: Code) -> int:
    """List the shipped profiles, or show PROFILE, an id or a file, rule by rule.

    Every rule is shown with the words of its source, whether it is a reading of them,
    and a link. A file that is wrong is refused with all its errors at once.
    """
    from parentage.run.report_parts import list_profiles

    document = list_profiles(() if profile is None else (profile,))
    show = _list if profile is None else _show
    deliver(document, None, as_json=as_json, lang=lang, page=_none, show=show)
    return 0


def _none(document: ProfilesDocument, language: Language) -> str:  # noqa: ARG001
    return ""


def _list(document: ProfilesDocument, console: Console, language: Language) -> None:
    from parentage.report.verdict_terminal import print_profiles

    print_profiles(document, console, language)


def _show(document: ProfilesDocument, console: Console, language: Language) -> None:
    from parentage.report.verdict_terminal import print_profile

    for entry in document.profiles:
        print_profile(entry, console, language)
