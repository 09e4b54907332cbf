# SPDX-License-Identifier: Apache-2.0
"""Entry point: lazy subcommands, exit codes, and one line for every error.

``parentage --help`` imports neither numpy nor pydantic nor rich: a command's module
is imported when the command is called, and its heavy imports live in its function.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click

from parentage.cli.outcome import BROKEN_PIPE, INTERRUPTED, report_error
from parentage.errors import ParentageError, UsageError

COMMANDS = {
    "audit": "Judge every module of a model against references.",
    "cache": "List, remove and check what is kept for later runs.",
    "case": "List, show and run public cases of disputed or known descent.",
    "check-claim": "Check published numbers, and what they can show.",
    "compare": "Show the evidence about two models, without a judgement.",
    "config": "Say how two architectures are related, weighed by rarity.",
    "explain": "Show how the correspondence of one module was found.",
    "declared": "Hold what a model's maker states against a stored report.",
    "diff": "Compare every value of two models, tensor by tensor.",
    "demo": "Compare the bundled models and check every answer.",
    "diff-reports": "Say what changed between two stored reports.",
    "keygen": "Make a key to sign reports and replies with.",
    "fingerprint": "Hold what identifies a model in one file of a few megabytes.",
    "inspect": "List a model's modules, parameters and problems.",
    "judge": "Judge a stored report under written definitions.",
    "licences": "Follow licences from every reused module to the whole.",
    "plan": "Say what an audit would read, test and find, before it looks.",
    "methods": "Explain the tests: what they ask, assume and cannot see.",
    "nearest": "Name the known tokenizers and architectures nearest to a model's.",
    "ledger": "Check a portal's public ledger without the portal.",
    "portal": "Operate a portal: accounts, worker, backup, restore.",
    "push": "Send a report or a fingerprint to a portal.",
    "serve": "Serve the portal: evidence, challenges and stages in public.",
    "profiles": "Show the definitions that verdicts are made under.",
    "program": "Score a stage of an evaluation: points, gates, ranks, certainty.",
    "reply": "Attach a named party's statement to a stored report.",
    "report": "Show a stored report as HTML, PDF, Markdown, SARIF or a BOM.",
    "sign": "Sign a stored report.",
    "pairs": "Compare every model of a list with every other.",
    "registry": "Keep fingerprints of known models: add, list, export, verify.",
    "screen": "Judge a model against everything in a registry.",
    "training": "Verify the record of a training run, or read its logs.",
    "tokenizer": "Say how two tokenizers are related.",
    "verify": "Check a report's signatures and run its audit again.",
}
"""Subcommands with the line that ``--help`` shows; one module each."""


class LazyGroup(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of the commands, sorted."""
        return sorted(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"parentage.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in sorted(COMMANDS)])


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from parentage import __version__

        click.echo(f"parentage {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
    epilog=(
        "Exit codes: 0 nothing found, 1 reuse found, 2 wrong usage, 3 inconclusive, "
        "4 a file cannot be used, 5 internal error, 130 interrupted."
    ),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
def cli(debug: bool) -> None:
    """Parentage testing for foundation models.

    Does a model, or any module in it, carry another model's weights? Exact evidence
    from the weights alone; no model code is run and nothing is sent anywhere.
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        args: the words after the program's name; ``sys.argv`` if left out.
    """
    # Matrix products here are small and many: on a busy machine the threads of a
    # linear algebra library wait for each other. Must be set before numpy loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = list(sys.argv[1:] if args is None else args)
    as_json = "--json" in words
    debug = "--debug" in words
    # --debug is accepted anywhere, because one adds it to the line that failed.
    words = [word for word in words if word != "--debug"]
    try:
        result = cli.main(words, prog_name="parentage", standalone_mode=False)
        return int(result or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("parentage: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of stdout went away (`| head`): silence the flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        if debug:
            traceback.print_exc()
        problem = _as_ours(error, debug=debug)
        report_error(problem, as_json=as_json)
        return problem.exit_code


def _as_ours(error: Exception, *, debug: bool) -> ParentageError:
    if isinstance(error, ParentageError):
        return error
    if isinstance(error, click.ClickException):
        return _as_usage(error)
    text = " ".join(str(error).split()) or "no message"
    return ParentageError(
        f"internal error, {type(error).__name__}: {text}",
        advice=None
        if debug
        else "Run again with --debug and report the traceback, please",
    )


def _as_usage(error: click.ClickException) -> UsageError:
    """Click's complaint as one of ours, with the command to ask for help."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "parentage"
    return UsageError(error.format_message().rstrip("."), advice=f"See `{path} --help`")


if __name__ == "__main__":
    sys.exit(main())
